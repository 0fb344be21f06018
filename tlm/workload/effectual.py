"""Multiplications of which neither operand is zero, counted exactly and without doing any.

A weight meets, in its channel, what every window has at the weight's position. So their number is the sum, over
channels and positions, of non-zero activations seen there times non-zero weights there.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Ints, Layer

Masks = npt.NDArray[np.bool_]


def effectual_macs(layer: Layer) -> npt.NDArray[np.int64] | None:
    """[images]; None for a layer that has no weights. Padding is zero."""
    if layer.kind not in ("conv", "fc"):
        return None
    kernels = _kernels(layer)
    return np.array([(_seen(layer, image) * kernels).sum() for image in layer.inputs], np.int64)


def _kernels(layer: Layer) -> npt.NDArray[np.int64]:
    """[C, Ky, Kx] how many filters have a weight at each position of each channel's kernel; fc [C, 1, 1]."""
    there: Masks = layer.weights != layer.weight_zero
    kernel = there.shape[2:] or (1, 1)
    counts: npt.NDArray[np.int64] = there.reshape(layer.groups, -1, *there.shape[1:]).sum(axis=1, dtype=np.int64)
    return counts.reshape(-1, *kernel)


def _seen(layer: Layer, image: Ints) -> npt.NDArray[np.int64]:
    """[C, Ky, Kx] how many windows have a value that is not zero at each position of each channel; fc [C, 1, 1]."""
    there: Masks = image != layer.input_zero
    if layer.kind == "fc":
        return there[:, None, None].astype(np.int64)
    kernel = layer.weights.shape[2:]
    padded = _padded(layer, there)
    seen = np.empty((len(there), *kernel), np.int64)
    for y, x in np.ndindex(*kernel):
        rows, columns = (_positions(layer, axis, at) for axis, at in ((0, y), (1, x)))
        seen[:, y, x] = np.count_nonzero(padded[:, rows, columns], axis=(1, 2))
    return seen


def _positions(layer: Layer, axis: int, at: int) -> slice:
    """Where the windows have their position `at` of the kernel, along one axis of the padded map."""
    first, step = at * layer.dilation[axis], layer.stride[axis]
    return slice(first, first + step * (layer.out_size[axis] - 1) + 1, step)


def _padded(layer: Layer, there: Masks) -> Masks:
    """[C, ...] as far as the windows reach."""
    margins = [(0, 0)]
    for axis, (kernel, side) in enumerate(zip(layer.weights.shape[2:], there.shape[1:], strict=True)):
        end = _positions(layer, axis, kernel - 1).stop
        margins.append((layer.padding[axis], max(0, end - side - layer.padding[axis])))
    return np.pad(there, margins)
