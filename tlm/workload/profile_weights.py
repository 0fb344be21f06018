"""Weights of a profile: Laplace distributed, of the scale at which groups of 16 have the published mean width."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .profile_draws import Draws, Floats, exponential, scale_for
from .profile_tables import ProfileLayer

GROUP = 16
STORED = 16  # bits: no weight is wider
BLOCK = 2**20  # values drawn at a time; the first of them say what the scale is

Int16s = npt.NDArray[np.int16]
Int64s = npt.NDArray[np.int64]

#: The bit below the sign's says how large a weight is: the quantile of its magnitude, at scale 1.
MAGNITUDES = exponential(2**15)


def weights(layer: ProfileLayer, draws: Draws) -> Int16s:
    """A layer's weights in the axes of Layer; they are drawn with the channel fastest, as groups lie in a stream."""
    shape = (layer.filters, *layer.kernel, layer.group_channels)
    values = np.empty(int(np.prod(shape)), np.int16)
    quantile, widest, at = np.empty(0, np.int16), -1, 0
    for start in range(0, values.size, BLOCK):
        drawn = draws.uint16(min(BLOCK, values.size - start))
        if start == 0:
            quantile = _signed(_magnitudes(layer, _group_maxima(drawn)))
        values[start : start + BLOCK] = quantile[drawn]
        largest = int(drawn.argmax())
        if drawn[largest] > widest:
            widest, at = int(drawn[largest]), start + largest
    if layer.weight_bits is not None:  # one value is as wide as the profile says
        values[at] = 2 ** (layer.weight_bits - 1) - 1
    if layer.kind == "fc":
        return values.reshape(layer.filters, layer.channels)
    return np.ascontiguousarray(values.reshape(shape).transpose(0, 3, 1, 2))


def _group_maxima(drawn: npt.NDArray[np.uint16]) -> Int64s:
    """[2^15] how many groups have each magnitude, as it was drawn, as their largest."""
    padded = np.pad(drawn >> 1, (0, -drawn.size % GROUP)).reshape(-1, GROUP)
    return np.bincount(padded.max(axis=1), minlength=len(MAGNITUDES))


def _magnitudes(layer: ProfileLayer, groups: Int64s) -> Int64s:
    """[2^15] the integer magnitude of each that can be drawn, so that the mean width of `groups` is as published."""
    most = 2 ** ((layer.weight_bits or STORED) - 1) - 1

    def at(scale: np.float32) -> Int64s:
        magnitudes: Floats = np.minimum(np.rint(MAGNITUDES * scale), most)
        return magnitudes.astype(np.int64)

    def mean_width(scale: np.float32) -> float:
        widths = np.maximum(np.frexp(at(scale))[1], 1) + 1
        return float((groups * widths).sum() / groups.sum())

    return at(scale_for(layer.weight_mean, mean_width)[0])


def _signed(magnitudes: Int64s) -> Int16s:
    """[2^16] the weight for each number drawn, whose lowest bit is the sign."""
    return np.stack([magnitudes, -magnitudes], axis=1).reshape(-1).astype(np.int16)
