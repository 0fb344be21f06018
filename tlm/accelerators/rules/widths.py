"""How many bits the activations of bricks, columns and window sets need (DPRed, section 3)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Ints, Layer

from .geometry import Geometry

Widths = npt.NDArray[np.uint8]


def widths(values: Ints, signed: bool) -> Widths:
    """The width of every value, in bits, in the shape of `values` (magnitudes below 2^53).

    The position of the leading one of v, or of ~v where v is negative, plus 1; zero counts 1. Where `signed`,
    one more for the sign.
    """
    return widths_of_magnitudes(magnitudes(values), signed)


def brick_widths(layer: Layer, image: int, geometry: Geometry) -> Widths:
    """[groups, height, width, bricks]: the widest value of every brick of the padded and folded input.

    Padding counts like any real zero of the layer, whose code is `input_zero`.
    """
    padding = int(magnitudes(np.array(layer.input_zero)))
    folded = _fold(magnitudes(_as_map(layer.inputs[image])), geometry, padding)
    grouped = folded.reshape(geometry.groups, geometry.folded_channels, *folded.shape[1:])
    starts = np.arange(0, geometry.folded_channels, geometry.grid.lanes)
    widest = np.maximum.reduceat(grouped, starts, axis=1)
    return widths_of_magnitudes(np.moveaxis(widest, 1, 3), layer.signed_inputs or layer.input_zero < 0)


def column_widths(layer: Layer, image: int, geometry: Geometry) -> Widths:
    """[groups, window sets, columns, steps]: the width of every brick a column takes in.

    The absent windows of the last set have 0: they cost nothing.
    """
    bricks = brick_widths(layer, image, geometry)
    stride = tuple(step // fold for step, fold in zip(geometry.stride, geometry.fold, strict=True))
    views = np.lib.stride_tricks.sliding_window_view(bricks, geometry.reach, axis=(1, 2))
    views = views[:, :: stride[0], :: stride[1]][:, : geometry.out_size[0], : geometry.out_size[1]]
    views = views[..., :: geometry.dilation[0], :: geometry.dilation[1]]
    by_window = views.transpose(0, 1, 2, 4, 5, 3).reshape(geometry.groups, geometry.windows, geometry.steps)
    columns = geometry.grid.columns
    result = np.zeros((geometry.groups, geometry.window_sets * columns, geometry.steps), dtype=np.uint8)
    result[:, : geometry.windows] = by_window
    return result.reshape(geometry.groups, geometry.window_sets, columns, geometry.steps)


def set_widths(layer: Layer, image: int, geometry: Geometry) -> Widths:
    """[groups, window sets, steps]: the widest of the `columns` x `lanes` values of every step."""
    widest: Widths = column_widths(layer, image, geometry).max(axis=2)
    return widest


def magnitudes(values: Ints) -> Ints:
    """Every v, or ~v where v is negative: as wide as v without its sign."""
    if values.dtype.kind == "u":
        return values
    result: Ints = values ^ (values >> (8 * values.dtype.itemsize - 1))
    return result


def widths_of_magnitudes(magnitudes: Ints, signed: bool) -> Widths:
    """As `widths`, of the values' magnitudes."""
    exponents = np.frexp(magnitudes.astype(np.float64))[1]
    result: Widths = (np.maximum(exponents, 1) + signed).astype(np.uint8)
    return result


def _as_map(tensor: Ints) -> Ints:
    """[C, H, W]; a fully connected layer's [C] is a map of one position."""
    return tensor if tensor.ndim == 3 else tensor.reshape(-1, 1, 1)


def _fold(tensor: Ints, geometry: Geometry, padding: int) -> Ints:
    """[C, H, W] padded with `padding` to whole multiples of the fold, and folded: [C * fy * fx, H', W']."""
    (fold_y, fold_x), (height, width) = geometry.fold, geometry.padded_size
    (top, left), (in_y, in_x) = geometry.padding, geometry.in_size
    around = ((0, 0), (top, height - in_y - top), (left, width - in_x - left))
    padded = np.pad(tensor, around, constant_values=padding)
    phases = padded.reshape(len(tensor), height // fold_y, fold_y, width // fold_x, fold_x)
    folded: Ints = phases.transpose(2, 4, 0, 1, 3).reshape(-1, height // fold_y, width // fold_x)
    return folded
