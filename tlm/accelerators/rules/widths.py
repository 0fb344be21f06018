"""How many bits the activations of bricks, columns and window sets need (DPRed, section 3)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Ints, Layer

from .geometry import Geometry
from .windows import by_window, padded_maps

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
    maps = padded_maps(magnitudes(layer.inputs[image]), geometry, padding)
    starts = np.arange(0, geometry.folded_channels, geometry.grid.lanes)
    widest = np.maximum.reduceat(maps, starts, axis=1)
    return widths_of_magnitudes(np.moveaxis(widest, 1, 3), layer.signed_inputs or layer.input_zero < 0)


def column_widths(layer: Layer, image: int, geometry: Geometry) -> Widths:
    """[groups, window sets, columns, steps]: the width of every brick a column takes in.

    The absent windows of the last set have 0: they cost nothing.
    """
    return by_window(brick_widths(layer, image, geometry), geometry)


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
