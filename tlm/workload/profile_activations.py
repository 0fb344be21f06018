"""Activations of a profile: zeros and exponential values whose scale varies over map and channels.

After a ReLU nothing is negative, and DPRed (section 4) says so of all activations; the first layer's image is
synthesised likewise. A share `ZEROS` is zero. The scale is a smooth field over the map times one number a brick; it
is multiplied by one factor, at which the mean width of DStripes' steps is the published one. The largest value is as
wide as the profile says, and what would be wider is cut to it.

An image, of three channels, has no zeros, and the square roots of exponential values: there the size of groups makes
little difference (DPRed, Fig. 1a).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from .profile_draws import Draws, Floats, exponential, scale_for
from .profile_steps import LANES, brick_maxima, mean_step_width
from .profile_tables import ProfileLayer

#: The average share of zero activations of these networks (Albericio et al., "Cnvlutin", ISCA 2016; from memory).
ZEROS = 0.44
IMAGE_CHANNELS = 3
#: Standard deviations, in bits, of the scale over the map and from brick to brick: assumed.
MAP_SPREAD, BRICK_SPREAD = 0.5, 0.5
WAVES, MOST_CYCLES = 4, 3  # the field over the map: so many cosines of up to so many cycles each way
CLOSE_ENOUGH, ATTEMPTS = 0.003, 16  # of the published width; small layers have few steps, and are drawn again

Int16s = npt.NDArray[np.int16]


def activations(layer: ProfileLayer, *seed: int) -> Int16s:
    """One image's activations [C, H, W], or [C] of a fully connected layer."""
    best = min(_until_close(layer, seed), key=lambda one: one[1])[0]
    return best.reshape(-1) if layer.kind == "fc" else best


def _until_close(layer: ProfileLayer, seed: tuple[int, ...]) -> Iterator[tuple[Int16s, float]]:
    """(activations, how far off their mean width is) of one attempt after the other, the last one close."""
    for attempt in range(ATTEMPTS):
        values, found = _drawn(layer, Draws(*seed, attempt))
        off = abs(found / layer.act_mean - 1)
        yield values, off
        if off <= CLOSE_ENOUGH:
            return


def _drawn(layer: ProfileLayer, draws: Draws) -> tuple[Int16s, float]:
    """Activations [C, H, W] and the mean width of their steps."""
    shape = (layer.channels, *layer.size)
    numbers = draws.uint16(int(np.prod(shape))).reshape(shape)
    is_image = layer.channels == IMAGE_CHANNELS
    zeros = 0 if is_image else round(ZEROS * 65536)  # numbers that stand for zero
    values = (np.sqrt(exponential(65536)) if is_image else _quantiles(zeros))[numbers]
    values *= _scales(layer, draws)
    values[np.unravel_index(int(values.argmax()), shape)] = np.inf  # the one value of the profile's width
    most = np.float32(2**layer.act_bits - 0.5)
    bricks = brick_maxima(values, layer)

    def mean_width(scale: np.float32) -> float:
        widths = np.frexp(np.minimum(1 + scale * bricks, most))[1]
        return mean_step_width(widths.astype(np.uint8), layer)

    scale, found = scale_for(layer.act_mean, mean_width)
    values *= scale
    values += 1
    np.minimum(values, most, out=values)
    whole = values.astype(np.int16)
    whole[numbers < zeros] = 0
    return whole, found


def _quantiles(zeros: int) -> Floats:
    """[65536] the value, at scale 1, of every number that can be drawn."""
    return np.concatenate([np.zeros(zeros, np.float32), exponential(65536 - zeros)])


def _scales(layer: ProfileLayer, draws: Draws) -> Floats:
    """[C, H, W], or what broadcasts to it: the scale of every value."""
    per_group = -(-layer.group_channels // LANES)
    brick = 2 ** (BRICK_SPREAD * _normal(draws, layer.groups * per_group))
    lane = np.arange(layer.channels)
    group, inside = np.divmod(lane, layer.group_channels)
    of_channel = brick[group * per_group + inside // LANES]
    scales: npt.NDArray[np.float64] = of_channel[:, None, None] * 2 ** (MAP_SPREAD * _field(layer, draws))
    return scales.astype(np.float32)


def _field(layer: ProfileLayer, draws: Draws) -> npt.NDArray[np.float64]:
    """[H, W] a smooth field of mean 0 and standard deviation 1."""
    y, x = (np.arange(side) / side for side in layer.size)
    field = np.zeros(layer.size)
    for cycles_y, cycles_x, phase in draws.uniform(3 * WAVES).reshape(-1, 3):
        turns = phase + MOST_CYCLES * (cycles_y * y[:, None] + (2 * cycles_x - 1) * x)
        field += np.sqrt(2 / WAVES) * np.cos(2 * np.pi * turns)
    return field


def _normal(draws: Draws, count: int) -> npt.NDArray[np.float64]:
    """Normal numbers, by Box and Muller."""
    radius, turn = draws.uniform(count), draws.uniform(count)
    found: npt.NDArray[np.float64] = np.sqrt(-2 * np.log(radius)) * np.cos(2 * np.pi * turn)
    return found
