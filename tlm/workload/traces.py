"""Traces: the integer tensors of a network, layer by layer, as another simulator or a framework wrote them.

A folder holds model.csv (`name,conv|fc,stride,padding`, one line a layer), precision.txt (a title, then P,
its fraction bits, Pw and its fraction bits, `;`-separated) and, for each layer, act-LAYER-0.npy [N, C, X, Y]
(fc [N, C]) and wgt-LAYER.npy [F, C / groups, Kx, Ky] (fc [F, C]), X being the fastest axis of the windows.
"""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np

from tlm.core import BadInput

from .layer import Ints, Layer, Workload
from .reference import accumulate
from .trace_files import Precision, TraceLayer, read_model, read_precisions
from .trace_tensors import Int32s, TensorFile, open_tensor, refuse_wide, whole_numbers

DEFAULT_BITS = 16


@attrs.frozen(eq=False)
class Tensors:
    """A layer's values in the axes of Layer: [N, C, H, W], [F, C / groups, Ky, Kx]; fc [N, C], [F, C]."""

    inputs: Int32s
    weights: Int32s
    groups: int


def load_traces(folder: Path, images: int, bits: int | None) -> Workload:
    """The first `images` images of the network in `folder`; values are stored in `bits` bits (None: 16).

    The layers stand alone: each reads its own tensor. Raises BadInput for whatever cannot be used, values
    wider than the layer's precision included.
    """
    _refuse_no_folder(folder)
    width = DEFAULT_BITS if bits is None else bits
    model = read_model(folder / "model.csv")
    precisions = read_precisions(folder / "precision.txt", model, width)
    tensors = [_read(folder, row, p, images) for row, p in zip(model, precisions, strict=True)]
    layers: list[Layer] = []
    for row, precision, own in reversed(list(zip(model, precisions, tensors, strict=True))):
        layers.append(_layer(row, precision, own, width, layers[-1].inputs if layers else None))
    return Workload(name=folder.resolve().name, layers=tuple(reversed(layers)), chained=False)


def _refuse_no_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise BadInput(f"no such traces folder, one that holds model.csv: {str(folder)!r}", key="workload.traces")
    if not (folder / "model.csv").exists():
        networks = sorted(path.parent.name for path in folder.glob("*/model.csv"))
        if networks:
            message = "not one network's folder (the one that holds model.csv), but of several"
            raise BadInput(message, file=str(folder), key="traces", allowed=networks)


def _layer(row: TraceLayer, precision: Precision, own: Tensors, bits: int, following: Ints | None) -> Layer:
    stride, padding = ((row.stride,) * 2, (row.padding,) * 2) if row.kind == "conv" else ((1, 1), (0, 0))
    sums = accumulate(row.kind, own.inputs, own.weights, stride=stride, padding=padding, groups=own.groups)
    if following is None:
        following = np.clip(sums, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int32)
    return Layer(
        name=row.name,
        kind=row.kind,
        inputs=own.inputs,
        weights=own.weights,
        bias=None,
        accumulators=sums,
        outputs=following,
        stride=stride,
        padding=padding,
        groups=own.groups,
        bits=bits,
        act_bits=precision.act_bits,
        weight_bits=precision.weight_bits,
    )


def _read(folder: Path, row: TraceLayer, precision: Precision, images: int) -> Tensors:
    """A layer's tensors, checked and in the axes of Layer."""
    act_file = TensorFile(folder / f"act-{row.name}-0.npy", f"layer {row.name}, activations")
    weight_file = TensorFile(folder / f"wgt-{row.name}.npy", f"layer {row.name}, weights")
    acts, weights = open_tensor(act_file), open_tensor(weight_file)
    if len(acts) < images:
        raise act_file.error(f"{images} images are asked for, the file holds {len(acts)}")
    groups = _check_shapes(row, acts.shape, weights.shape, folder)
    inputs = whole_numbers(acts[:images], act_file)
    refuse_wide(inputs, bool((inputs < 0).any()), precision.act_bits, act_file)
    kernels = whole_numbers(weights, weight_file)
    refuse_wide(kernels, True, precision.weight_bits, weight_file)
    return Tensors(_turn(row, inputs), _turn(row, kernels), groups)


def _turn(row: TraceLayer, values: Int32s) -> Int32s:
    """From the files' axes, x before y, to ours, y before x; flat for a fully connected layer."""
    if row.kind == "fc":
        return values.reshape(len(values), -1)
    return np.ascontiguousarray(values.swapaxes(2, 3))


def _check_shapes(row: TraceLayer, acts: tuple[int, ...], weights: tuple[int, ...], folder: Path) -> int:
    """The groups of a layer whose tensors' shapes go together; BadInput where they do not."""
    problem = _conv_problem(row, acts, weights) if row.kind == "conv" else _fc_problem(acts, weights)
    if problem:
        message = f"{problem} (activations {list(acts)}, weights {list(weights)})"
        raise BadInput(message, file=str(folder / "model.csv"), line=row.line, key=f"layer {row.name}")
    return acts[1] // weights[1] if row.kind == "conv" else 1


def _fc_problem(acts: tuple[int, ...], weights: tuple[int, ...]) -> str | None:
    if len(acts) not in (2, 4) or len(weights) not in (2, 4):
        return "a fully connected layer has activations [N, C] or [N, C, X, Y], weights [F, C] or [F, C, X, Y]"
    have, need = int(np.prod(acts[1:])), int(np.prod(weights[1:]))
    return f"{have} inputs, but {need} weights a filter" if have != need else None


def _conv_problem(row: TraceLayer, acts: tuple[int, ...], weights: tuple[int, ...]) -> str | None:
    if len(acts) != 4 or len(weights) != 4:
        return "a convolution has activations [N, C, X, Y] and weights [F, C / groups, Kx, Ky]"
    if acts[1] % weights[1]:
        return f"{acts[1]} channels are no multiple of the {weights[1]} of a filter"
    if weights[0] % (acts[1] // weights[1]):
        return f"{weights[0]} filters do not divide into the {acts[1] // weights[1]} groups of the channels"
    if row.padding > max(*acts[2:], *weights[2:]):
        return f"padding {row.padding} is larger than the map and the kernel"
    padded = [side + 2 * row.padding for side in acts[2:]]
    if any(kernel > side for kernel, side in zip(weights[2:], padded, strict=True)):
        return f"the kernel is larger than the padded map {padded}"
    return f"stride {row.stride} is larger than the padded map {padded}" if row.stride > max(padded) else None
