"""Accumulators of a profile's layers, exactly, in seconds: float64 products of integers far below 2^53.

The reference for captured networks and traces is torch's int64; that takes minutes for the largest networks. This
goes kernel position by kernel position, where the machines go window by window; tests hold it to the reference.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .layer import Ints
from .profile_tables import ProfileLayer
from .profile_weights import STORED

Float64s = npt.NDArray[np.float64]
BLOCK = 2**22  # weights taken to float64 at a time
EXACT = 53  # bits


def accumulators(layer: ProfileLayer, inputs: Ints, weights: Ints) -> npt.NDArray[np.int64]:
    """Without bias: conv [N, F, Oy, Ox], fc [N, F]; shapes as in Layer."""
    assert _bits(layer) < EXACT, "sums might not be exact"
    if layer.kind == "fc":
        return _fully_connected(inputs, weights)
    return np.stack([_convolved(layer, image, weights) for image in inputs])


def _bits(layer: ProfileLayer) -> int:
    """Bits that hold every sum."""
    terms = layer.group_channels * layer.kernel[0] * layer.kernel[1]
    return layer.act_bits + (layer.weight_bits or STORED) + terms.bit_length()


def _fully_connected(inputs: Ints, weights: Ints) -> npt.NDArray[np.int64]:
    activations = inputs.T.astype(np.float64)
    rows = max(1, BLOCK // weights.shape[1])
    sums = [weights[f : f + rows].astype(np.float64) @ activations for f in range(0, len(weights), rows)]
    return np.concatenate(sums).T.astype(np.int64)


def _convolved(layer: ProfileLayer, image: Ints, weights: Ints) -> npt.NDArray[np.int64]:
    """[F, Oy, Ox]"""
    groups = np.split(np.pad(image.astype(np.float64), ((0, 0), *((pad, pad) for pad in layer.padding))), layer.groups)
    kernels = np.split(weights, layer.groups)
    sums = [_one_group(layer, maps, part) for maps, part in zip(groups, kernels, strict=True)]
    return np.concatenate(sums).reshape(layer.filters, *layer.out_size).astype(np.int64)


def _one_group(layer: ProfileLayer, maps: Float64s, weights: Ints) -> Float64s:
    """[filters of the group, windows]"""
    (step_y, step_x), (out_y, out_x) = layer.stride, layer.out_size
    sums = np.zeros((len(weights), out_y * out_x))
    for y, x in np.ndindex(*layer.kernel):
        seen = maps[:, y : y + step_y * (out_y - 1) + 1 : step_y, x : x + step_x * (out_x - 1) + 1 : step_x]
        sums += weights[:, :, y, x].astype(np.float64) @ seen.reshape(len(maps), -1)
    return sums
