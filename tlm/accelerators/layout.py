"""How the values of a map follow each other in memory: `bricks`, or `planes`.

Bricks have the channel fastest, then x, then y: grid machines take all channels of a position together (DPRed, section
5.1). Planes have x fastest, then y, then the channel: SCNN takes channel after channel of the whole map (Parashar et
al., ISCA 2017, section 3), and could stream no map that it does not hold were it in bricks.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from tlm.workload.layer import Ints, stream

Layout = Literal["bricks", "planes"]
#: Channels and positions of a map; a vector has one position.
Extent = tuple[int, int]


def extent(tensor: Ints) -> Extent:
    """Of one image's tensor [C, H, W] or [C]."""
    return int(tensor.shape[0]), int(np.prod(tensor.shape[1:], dtype=np.int64))


def laid_out(tensor: Ints, layout: Layout) -> Ints:
    """One image's tensor, [C, H, W] or [C], as its stream of values."""
    return stream(tensor) if layout == "bricks" else tensor.reshape(-1)


def places_in_bricks(first: int, behind: int, layout: Layout, whole: Extent) -> Ints:
    """Where values `first` up to `behind` of the stream of a map would lie in bricks."""
    values = np.arange(first, behind)
    if layout == "bricks":
        return values
    channels, positions = whole
    channel, position = np.divmod(values, positions)
    return position * channels + channel
