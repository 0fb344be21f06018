"""How much of each operand's stream a pass needs where maps lie in planes, and what is free after it.

A map is needed as far as the last channel that has been read. Where a layer sees a tensor in another shape than it has
in memory, all of it is needed at once.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..accelerators.layout import Extent, extent
from ..accelerators.rules import Geometry
from ..workload.layer import Ints, Layer

Bools = npt.NDArray[np.bool_]


def read_in_planes(layer: Layer, geometry: Geometry, columns: dict[str, Ints]) -> tuple[Ints, Ints, Bools]:
    """(need [operands, passes], unit, last use) of a convolution or fully connected layer.

    Where a set of filters takes channel after channel once, for all windows, the operands may be read again for each;
    elsewhere for each group.
    """
    channels = _channels_read(layer, geometry, columns)
    extents = [extent(operand[0]) for operand in layer.operands]
    starts = np.cumsum([0, *(count for count, _ in extents[:-1])])
    need = [
        np.clip(channels - start, 0, count) * positions
        for start, (count, positions) in zip(starts, extents, strict=True)
    ]
    if _turns_by_filters(geometry):
        return np.stack(need), columns["group"] * geometry.filter_sets + columns["filter_set"], columns["last_step"] > 0
    last_filters = columns["filter_set"] == geometry.filter_sets - 1
    last = (columns["last_step"] == geometry.steps) & (columns["last_set"] == geometry.window_sets) & last_filters
    return np.stack(need), columns["group"], last


def steps_of_room(layer: Layer, geometry: Geometry, room: int) -> int:
    """Steps whose maps `room` values hold, at least one: the most that a pass may wait for."""
    return max(1, room // max(1, geometry.grid.lanes * extent(layer.operands[0][0])[1]))


def units_in_planes(geometry: Geometry) -> int:
    """How often the operands are read where they do not stay."""
    return geometry.groups * (geometry.filter_sets if _turns_by_filters(geometry) else 1)


def whole_where_seen_otherwise(
    need: Ints, free: Ints, operands: Sequence[Ints], own: Sequence[Extent]
) -> tuple[Ints, Ints]:
    """(need, free) [operands, passes]; what has another extent in memory is needed as a whole, until the end."""
    counts = np.array([operand[0].size for operand in operands])[:, None]
    other = np.array([extent(operand[0]) != whole for operand, whole in zip(operands, own, strict=True)])[:, None]
    return np.where(other, counts, need), np.where(other, 0, free)


def _turns_by_filters(geometry: Geometry) -> bool:
    return geometry.window_sets == 1 and (geometry.grid.whole_kernel or geometry.kernel == (1, 1))


def _channels_read(layer: Layer, geometry: Geometry, columns: dict[str, Ints]) -> Ints:
    """[passes] channels of the joined operands, from the first one, that a pass or one before in its unit reads."""
    bricks = np.minimum(columns["last_step"], geometry.bricks)  # which are innermost
    channels = np.minimum(bricks * geometry.grid.lanes, geometry.group_channels)
    if geometry.fold != (1, 1):
        channels = np.full_like(channels, geometry.group_channels)
    return np.asarray(columns["group"] * geometry.group_channels + channels)
