"""A torch module captured as integer layers: executed once, in int64, with everything that the machines need.

Scales. A tensor's scale is the real value of code 1. A checkpoint's codes and scales win; otherwise weights are
quantised symmetrically per tensor, and activations by their range over the run's images: unsigned after a ReLU,
signed and symmetric elsewhere. Batch normalisation is folded into the bias and, filter by filter, into the
requantisation, so a layer's weights keep the codes they were trained with.

Order. What a layer puts out passes requantisation (whose lower bound 0 is the ReLU), then pooling; the multiplier
is never negative, so max pooling commutes with both. A fully connected layer after a map [C, H, W] reads that map
as the stream it was written in (channel fastest, then x, then y); torch flattens channel slowest, so the
columns of the weights are permuted to match, which costs nothing: weights are laid out before the run.

The last layer. Its predictions are the largest of its accumulators; what it writes is requantised like any other
layer's, by its own largest magnitude over the run's images.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from ..inputs.blame import blamed_on_user
from ..inputs.errors import BadInput
from ..inputs.usercode import Find
from . import quantisation as q
from .chain import Stage, out_of_memory, read_chain
from .checkpoint import Checkpoint, load_checkpoint
from .execution import execute, real_values
from .folding import fold
from .images import load_images
from .layer import Ints, Layer, Workload
from .loading import load_function
from .quantisation import Reals
from .spec import WorkloadSpec

DEFAULT_BITS = 8
KEY = "workload.network"


def load_network(spec: WorkloadSpec, search: Find) -> tuple[Workload, list[Path]]:
    """Capture the network of `spec`, and the local files that the result depends on.

    `search` finds a relative path or raises BadInput. Raises BadInput for whatever cannot be used.
    """
    assert spec.network is not None
    build = load_function(spec.network, KEY, search)
    network = build()
    if not isinstance(network, nn.Module):
        raise BadInput(f"{spec.network!r} must give an nn.Module, not {type(network).__name__}", key=KEY)
    checkpoint = load_checkpoint(search(spec.weights)) if spec.weights is not None else None
    if checkpoint:
        checkpoint.restore(network)
    images = load_images(spec, _example_input(network), search)
    try:
        workload = capture(spec, network, images.inputs, images.labels, checkpoint)
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        raise BadInput(
            f"the network on {spec.images} image(s) does not fit in memory", key="workload.images"
        ) from error
    weights = [Path(checkpoint.file).resolve()] if checkpoint else []
    return workload, sorted({*build.sources(), *images.files, *weights})


def _example_input(network: nn.Module) -> Reals | None:
    with blamed_on_user(KEY):
        example = getattr(network, "example_input", None)
        if example is None:
            return None
        if not isinstance(example, Tensor):
            raise BadInput(f"`example_input` must be a tensor [N, ...], not {type(example).__name__}", key=KEY)
        if example.ndim < 2 or not len(example) or example.device.type != "cpu":
            told = f"{list(example.shape)} on {example.device}"
            raise BadInput(f"`example_input` must be a tensor [N, ...] of images in memory, not {told}", key=KEY)
        return (example.float() if example.is_floating_point() else example).detach().numpy()


def capture(
    spec: WorkloadSpec,
    network: nn.Module,
    inputs: Reals,
    labels: tuple[int, ...] | None = None,
    checkpoint: Checkpoint | None = None,
) -> Workload:
    """Execute `network`, which holds the checkpoint's weights, on `inputs` [N, ...] in integers."""
    bits = _bits(spec, checkpoint)
    stages = read_chain(network, torch.from_numpy(inputs))
    if checkpoint:
        _check_layers(checkpoint, stages, bits)
    scales = _scales(stages, inputs, bits, checkpoint)
    tensor = q.to_codes(inputs, scales[0], bits, signed=bool((inputs < 0).any()))
    layers = []
    for stage, scale, out_scale in zip(stages, scales, (*scales[1:], None), strict=True):
        weights = fold(stage, *_weight_codes(stage, spec, checkpoint, bits), scale)
        layers.append(execute(stage, weights, tensor, out_scale, bits))
        tensor = layers[-1].outputs
    name = spec.network or type(network).__name__
    return Workload(name, tuple(layers), True, labels, _predictions(layers[-1], weights.real))


def _bits(spec: WorkloadSpec, checkpoint: Checkpoint | None) -> int:
    trained = checkpoint.bits if checkpoint else None
    if checkpoint and spec.bits and trained and spec.bits != trained:
        message = f"is {spec.bits}, and {checkpoint.file} was trained for {trained} bits"
        raise BadInput(message, key="workload.bits")
    bits = spec.bits or trained or DEFAULT_BITS
    if bits < 2:
        raise BadInput("a captured network needs at least 2 bits: its weights are signed", key="workload.bits")
    return bits


def _check_layers(checkpoint: Checkpoint, stages: tuple[Stage, ...], bits: int) -> None:
    """Every scale of a checkpoint must be a layer's, and every code one of `bits`."""
    names = {stage.name: stage for stage in stages}
    for key in ("weight_scales", "activation_scales"):
        for name in getattr(checkpoint, key):
            if name not in names:
                raise checkpoint.bad(f"there is no such layer in {key}", name, names)
    for name, codes in checkpoint.codes.items():
        if q.signed_width(codes) > bits:
            raise checkpoint.bad(f"holds a code of more than {bits} bits", f"{name}.weight")


def _scales(stages: tuple[Stage, ...], inputs: Reals, bits: int, checkpoint: Checkpoint | None) -> tuple[float, ...]:
    """The scale of each stage's input: the checkpoint's, or from the range of the values."""
    given = checkpoint.activation_scales if checkpoint else {}
    low, high = float(inputs.min()), float(inputs.max())
    measured = [q.scale_for(low, high, bits, signed=low < 0)]
    measured += [q.scale_for(stage.low, stage.high, bits, signed=not stage.relu) for stage in stages[:-1]]
    return tuple(given.get(stage.name, scale) for stage, scale in zip(stages, measured, strict=True))


def _weight_codes(stage: Stage, spec: WorkloadSpec, checkpoint: Checkpoint | None, bits: int) -> tuple[Ints, float]:
    """Weight codes and their scale."""
    real = stage.module.weight.detach().numpy()
    if spec.ternary:
        return q.ternary_codes(real)
    if checkpoint and stage.name in checkpoint.codes:
        return checkpoint.codes[stage.name], checkpoint.weight_scales[stage.name]
    scale = q.scale_for(float(real.min()), float(real.max()), bits, signed=True)
    return q.to_codes(real, scale, bits, signed=True), scale


def _predictions(last: Layer, real: Reals) -> tuple[int, ...] | None:
    """The class whose accumulator stands for the most, an image; None where there is not one value a class."""
    pooled = last.pool is not None
    values = last.outputs if pooled else real_values(last.accumulators, real)
    flat = values.reshape(last.images, -1)
    return tuple(flat.argmax(axis=1).tolist()) if flat.shape[1] == last.filters else None
