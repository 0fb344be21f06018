"""A torch module captured as integer layers: executed once, exactly, with everything that the machines need.

The module is read as a network of layers in floating point (`reading`), which is run on all images for the range of
every tensor (`calibration`). These, and a checkpoint where there is one, say what codes stand for (`scales`); then the
layers are executed in integers (`network`). The rules are in `docs/capture.md`.

Scales. A tensor's scale is the real value of code 1. A checkpoint's codes and scales win; otherwise weights are
quantised symmetrically per tensor, and activations by their range over the run's images: unsigned where they cannot be
negative, signed and symmetric elsewhere. Normalisation is folded into the bias and, filter by filter, into the
requantisation, so a layer's weights keep the codes they were trained with.

The last layer. Its predictions are the largest of its accumulators; what it writes is requantised like any other
layer's, by its own largest magnitude over the run's images.
"""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import attrs
import numpy as np
import torch
from torch import nn

from ..inputs.errors import BadInput
from ..inputs.usercode import Find
from . import quantisation as q
from .calibration import measure
from .checkpoint import Checkpoint, load_checkpoint
from .folding import Weights, fold
from .following import out_of_memory
from .given import KEY, of_file, of_function
from .layer import Ints, Workload
from .network import execute
from .quantisation import Reals
from .reading import read_network
from .scales import Coding, codings
from .spec import WorkloadSpec
from .stage import Product, Stage, identity

DEFAULT_BITS = 8
MOST_BITS = 16


def load_network(spec: WorkloadSpec, search: Find) -> tuple[Workload, list[Path]]:
    """Capture the network of `spec`, and the local files that the result depends on.

    `search` finds a relative path or raises BadInput. Raises BadInput for whatever cannot be used. Weights and inputs
    that are drawn by torch are the same ones in every run.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return _load(spec, search)


def _load(spec: WorkloadSpec, search: Find) -> tuple[Workload, list[Path]]:
    checkpoint = load_checkpoint(search(spec.weights)) if spec.weights is not None else None
    given = (of_function if spec.onnx is None else of_file)(spec, checkpoint, search)
    images = given.images
    try:
        workload = capture(spec, given.network, images.inputs, images.labels, given.checkpoint)
    except BadInput as error:
        if spec.onnx is not None and error.key == KEY:
            error.key = "workload.onnx"
        raise
    except (MemoryError, RuntimeError) as error:
        if not out_of_memory(error):
            raise
        raise BadInput(
            f"the network on {spec.images} image(s) does not fit in memory", key="workload.images"
        ) from error
    weights = [Path(checkpoint.file).resolve()] if checkpoint else []
    return workload, sorted({*given.files, *images.files, *weights})


def capture(
    spec: WorkloadSpec,
    network: nn.Module,
    inputs: Reals,
    labels: tuple[int, ...] | None = None,
    checkpoint: Checkpoint | None = None,
) -> Workload:
    """Execute `network`, which holds the checkpoint's weights, on `inputs` [N, ...] in integers."""
    bits = _bits(spec, checkpoint)
    checkpoint = checkpoint and _usable(checkpoint, bits)
    images = torch.from_numpy(inputs)
    read = read_network(network, images, checkpoint.relu_threshold if checkpoint else 0.0)
    if checkpoint:
        _check_layers(checkpoint, read.stages, bits)
    ranges = measure(read, images)
    coded = codings(read, ranges, bits, checkpoint)
    run = execute(read, images, _Quantiser(spec, checkpoint, bits), ranges, coded)
    return run.workload(spec.network or spec.onnx or type(network).__name__, labels)


def _bits(spec: WorkloadSpec, checkpoint: Checkpoint | None) -> int:
    trained = checkpoint.bits if checkpoint else None
    if checkpoint and trained and trained > MOST_BITS:
        if spec.bits is None:
            message = f"was trained for {trained} bits, more than machines store: say `workload: {{bits: 16}}` or fewer"
            raise checkpoint.bad(f"{message} to have it quantised again", "bits")
    elif checkpoint and spec.bits and trained and spec.bits != trained:
        message = f"is {spec.bits}, and {checkpoint.file} was trained for {trained} bits"
        raise BadInput(message, key="workload.bits")
    bits = spec.bits or trained or DEFAULT_BITS
    if bits < 2:
        raise BadInput("a captured network needs at least 2 bits: its weights are signed", key="workload.bits")
    return bits


def _usable(checkpoint: Checkpoint, bits: int) -> Checkpoint:
    """`checkpoint` without its codes where they are wider than machines store: its real values are quantised again."""
    if checkpoint.bits is None or checkpoint.bits <= MOST_BITS:
        return checkpoint
    return attrs.evolve(
        checkpoint,
        bits=bits,
        codes={},
        weight_scales={},
        activation_scales={},
        weight_zeros={},
        activation_zeros={},
        activation_signed={},
    )


def _check_layers(checkpoint: Checkpoint, stages: list[Stage], bits: int) -> None:
    """Every scale of a checkpoint must be a layer's, and every code one of `bits`."""
    names = {stage.layer: stage for stage in stages if stage.layer}
    for key in ("weight_scales", "weight_zeros", "activation_scales", "activation_zeros", "activation_signed"):
        for name in getattr(checkpoint, key):
            if name not in names:
                raise checkpoint.bad(f"there is no such layer in {key}", name, names)
    for name, codes in checkpoint.codes.items():
        width = q.activation_width(codes) if name in checkpoint.weight_zeros else q.signed_width(codes)
        if width > bits:
            raise checkpoint.bad(f"holds a code of more than {bits} bits", f"{name}.weight")
    for name, zero in checkpoint.activation_zeros.items():
        low, high = q.code_range(bits, checkpoint.activation_signed.get(name, False))
        if not low <= zero <= high:
            raise checkpoint.bad(f"is no code of {bits} bits: {zero}", f"activation_zeros.{name}")


@attrs.frozen(eq=False)
class _Quantiser:
    """Weights as integers: the checkpoint's own codes, else codes of what it or the module holds; each made once."""

    spec: WorkloadSpec
    checkpoint: Checkpoint | None
    bits: int
    made: dict[Hashable, tuple[Ints, float]] = attrs.Factory(dict)

    def __call__(self, stage: Stage, work: Product, coding: Coding) -> Weights:
        codes, scale = self._codes(work)
        zero = self.checkpoint.weight_zeros.get(work.layer, 0) if self._has_codes(work) and self.checkpoint else 0
        folded = fold(stage.name, work, codes, zero, scale, coding.scale)
        return attrs.evolve(folded, full_precision=self._in_full_precision(work))

    def _in_full_precision(self, work: Product) -> bool:
        coded = self.checkpoint is not None and bool(self.checkpoint.codes)
        return coded and not self._has_codes(work) and not self.spec.ternary

    def _has_codes(self, work: Product) -> bool:
        given = self.checkpoint is not None and work.layer in self.checkpoint.codes
        return given and not work.scales_only and not self.spec.ternary

    def _codes(self, work: Product) -> tuple[Ints, float]:
        """Codes and their scale, in the order in which a fully connected layer's input arrives."""
        order = None if work.columns is None else work.columns.numpy()
        key = identity(work.weight), None if order is None else order.tobytes()
        if key not in self.made:
            codes, scale = self._of_layer(work)
            codes = codes.reshape(work.weight.shape)
            self.made[key] = (codes if order is None else np.take(codes, order, axis=1)), scale
        return self.made[key]

    def _of_layer(self, work: Product) -> tuple[Ints, float]:
        if self._has_codes(work) and self.checkpoint:
            return self.checkpoint.codes[work.layer], self.checkpoint.weight_scales[work.layer]
        real = work.weight.numpy()
        if self.spec.ternary:
            return q.ternary_codes(real)
        scale = q.scale_for(float(real.min()), float(real.max()), self.bits, signed=True)
        return q.to_codes(real, scale, self.bits, signed=True), scale
