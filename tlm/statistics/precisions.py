"""How many bits values need: each by itself, and in groups that take the width of their widest (DPRed, section 2)."""

from __future__ import annotations

import attrs
import numpy as np

from tlm.accelerators.rules.geometry import Geometry, Grid
from tlm.accelerators.rules.widths import set_widths, widths
from tlm.codecs.format import Int64s, Ints
from tlm.workload.layer import Layer

#: What takes one width: a value; 16 consecutive ones of the stream; 256, or a step of DStripes over a convolution's
#: input: 16 windows x 16 channels.
GROUPINGS = ("value", "group16", "group256")
SIZES = (1, 16, 256)
STEP = 2  # the place of the steps among these
GRID = Grid(tiles=16, rows=16, columns=16, lanes=16)

WIDEST = 64  # bits
BLOCK = 2**20  # values measured at a time, whole groups


@attrs.frozen(eq=False)
class Distribution:
    """`counts` [width]: how many groups have each width, from 0 to 64 bits."""

    counts: Int64s

    @property
    def mean(self) -> float:
        """The effective precision, in bits; 0 of nothing."""
        groups = int(self.counts.sum())
        return float((self.counts * np.arange(len(self.counts))).sum()) / groups if groups else 0.0

    @property
    def widest(self) -> int:
        """The widest, in bits; 0 of nothing."""
        return int(self.counts.nonzero()[0].max(initial=0))

    @property
    def cumulative(self) -> list[float]:
        """[width] the share of the groups that need no more, from 0 bits up to the widest."""
        up_to = self.counts[: self.widest + 1].cumsum()
        return [float(share) for share in up_to / max(1, up_to[-1])]

    def __add__(self, other: Distribution) -> Distribution:
        return Distribution(self.counts + other.counts)


def stream_widths(values: Ints, signed: bool) -> tuple[Distribution, ...]:
    """The distributions of a flat stream, one for each of `GROUPINGS`; a last group may be short."""
    counts = np.zeros((len(SIZES), WIDEST + 1), np.int64)
    for start in range(0, values.size, BLOCK):
        found = widths(values[start : start + BLOCK], signed)
        for place, size in enumerate(SIZES):
            groups = np.pad(found, (0, -found.size % size)).reshape(-1, size).max(axis=1)
            counts[place] += _counted(groups)
    return tuple(map(Distribution, counts))


def step_widths(layer: Layer, image: int) -> Distribution:
    """That of the steps of a convolution, once over its input."""
    return Distribution(_counted(set_widths(layer, image, Geometry.of(layer, GRID)).reshape(-1)))


def _counted(found: Ints) -> Int64s:
    return np.bincount(found, minlength=WIDEST + 1)
