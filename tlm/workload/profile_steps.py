"""DStripes' steps over a layer's input, as the generator of profiles sees them: 16 windows x 16 channels (DPRed, 5.1).

Folding, bricks and sets of windows are those of the cycle rules, which tests hold this to; here they are taken of any
number a value has, for a brick's widest value is needed once and its width again and again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .profile_tables import Pair, ProfileLayer

LANES = COLUMNS = 16

Floats = npt.NDArray[np.float32]
Array = npt.NDArray[Any]


def is_folded(layer: ProfileLayer) -> bool:
    """Whether it is taken in space to depth: a first layer of three channels with a stride."""
    return layer.channels == 3 and layer.groups == 1 and max(layer.stride) > 1


def brick_maxima(values: Array, layer: ProfileLayer) -> Array:
    """[all groups' bricks, H', W'] the largest of `values` [C, H, W] of each brick, padded with zeros and folded."""
    fold_y, fold_x = layer.stride if is_folded(layer) else (1, 1)
    (height, width), (pad_y, pad_x) = layer.size, layer.padding
    if fold_y == fold_x == 1:
        return np.pad(_lane_maxima(values, layer.groups), ((0, 0), (pad_y, pad_y), (pad_x, pad_x)))
    fill_y, fill_x = -(height + 2 * pad_y) % fold_y, -(width + 2 * pad_x) % fold_x
    padded = np.pad(values, ((0, 0), (pad_y, pad_y + fill_y), (pad_x, pad_x + fill_x)))
    channels, height, width = padded.shape
    phases = padded.reshape(channels, height // fold_y, fold_y, width // fold_x, fold_x)
    return _lane_maxima(phases.transpose(2, 4, 0, 1, 3).reshape(-1, height // fold_y, width // fold_x), 1)


def mean_step_width(bricks: npt.NDArray[np.uint8], layer: ProfileLayer) -> float:
    """The mean, over all steps, of the widest of the bricks [bricks, H', W'] that a step's windows take in."""
    folded = is_folded(layer)
    kernel, stride = layer.kernel, layer.stride
    if folded:
        kernel, stride = (-(-kernel[0] // stride[0]), -(-kernel[1] // stride[1])), (1, 1)
    total = sum(
        int(_set_maxima(_under(bricks, (y, x), stride, layer.out_size)).sum(dtype=np.int64))
        for y in range(kernel[0])
        for x in range(kernel[1])
    )
    sets = -(-layer.out_size[0] * layer.out_size[1] // COLUMNS)
    return total / (len(bricks) * sets * kernel[0] * kernel[1])


def _lane_maxima(values: Array, groups: int) -> Array:
    """[groups * bricks, H, W] the largest of each 16 channels of a group, the last of which may be fewer."""
    per_group = len(values) // groups
    starts = [group * per_group + lane for group in range(groups) for lane in range(0, per_group, LANES)]
    return np.maximum.reduceat(values, starts, axis=0)


def _under(bricks: Array, offset: Pair, stride: Pair, out: Pair) -> Array:
    """[bricks, windows]: what each window has at one position of its kernel."""
    (y, x), (step_y, step_x), (out_y, out_x) = offset, stride, out
    seen = bricks[:, y : y + step_y * (out_y - 1) + 1 : step_y, x : x + step_x * (out_x - 1) + 1 : step_x]
    return seen.reshape(len(bricks), -1)


def _set_maxima(widths: Array) -> Array:
    """[bricks, sets]: the largest of each 16 windows; absent ones of the last set count nothing."""
    widths = np.pad(widths, ((0, 0), (0, -widths.shape[1] % COLUMNS)))
    found = widths.reshape(len(widths), -1, COLUMNS)
    for half in (8, 4, 2, 1):
        found = np.maximum(found[..., :half], found[..., half:])
    return found[..., 0]
