"""What profiles are drawn from: a seeded source of bits, quantiles of the exponential distribution, a root-find."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Uint16s = npt.NDArray[np.uint16]
Floats = npt.NDArray[np.float32]

#: Halvings of a bracket of 2^48 : 1; the scale is then known far better than any width can tell.
HALVINGS = 22
NEAR = 0.998


class Draws:
    """Raw 16-bit numbers and a few normal ones from a seed; the bits are the same in all versions of numpy."""

    def __init__(self, *seed: int) -> None:
        self._bits = np.random.SFC64(np.random.SeedSequence(seed))

    def uint16(self, count: int) -> Uint16s:
        """`count` numbers, each of 0 to 65535 as likely as any other."""
        return self._bits.random_raw(-(-count // 4)).astype("<u8", copy=False).view("<u2")[:count]

    def uniform(self, count: int) -> npt.NDArray[np.float64]:
        """`count` numbers between 0 and 1, neither of which comes up."""
        found: npt.NDArray[np.float64] = (self.uint16(count) + 0.5) / 65536
        return found


def exponential(steps: int) -> Floats:
    """[steps] quantiles of the exponential distribution of mean 1, in the middle of equal shares, ascending."""
    return -np.log(1 - (np.arange(steps) + 0.5) / steps).astype(np.float32)


def scale_for(mean_width: float, measured: Callable[[np.float32], float]) -> tuple[np.float32, float]:
    """The scale at which what is `measured`, which never falls as the scale grows, is next to `mean_width`; and that.

    Where no scale reaches it, the smallest that comes within `NEAR` of the most there is.
    """
    low, high = -24.0, 24.0
    mean_width = min(mean_width, NEAR * measured(np.float32(2**high)))
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if measured(np.float32(2**middle)) < mean_width else (low, middle)
    ends = [(scale, measured(scale)) for scale in (np.float32(2**low), np.float32(2**high))]
    return min(ends, key=lambda end: abs(end[1] - mean_width))
