"""Which weights each tile holds, and in what order they lie in memory."""

from __future__ import annotations

import numpy as np

from ..accelerators.program import Program, TileSlice
from ..accelerators.rules import Geometry
from ..workload.layer import Ints


def tile_slices(geometry: Geometry) -> tuple[TileSlice, ...]:
    """Tile t holds `rows` filters of every filter set: the t-th of each."""
    grid = geometry.grid
    weights = int(np.prod(geometry.kernel)) * geometry.group_channels
    slices = []
    for tile in range(grid.tiles):
        first = np.arange(geometry.filter_sets) * grid.filters + tile * grid.rows
        filters = np.clip(geometry.group_filters - first, 0, grid.rows)
        starts = np.concatenate([[0], np.cumsum(filters * weights)])
        slices.append(TileSlice(tuple(filters.tolist()), tuple(starts.tolist())))
    return tuple(slices)


def weight_stream(program: Program, tile: int, group: int) -> Ints:
    """One tile's weights of one group, flat, as they lie in memory."""
    layer, geometry, part = program.layer, program.geometry, program.tiles[tile]
    flat = layer.weights.reshape(layer.filters, -1)
    stream = np.empty(part.group_values, np.int64)
    for index, count in enumerate(part.filters):
        if count:
            first = group * geometry.group_filters + index * geometry.grid.filters + tile * geometry.grid.rows
            run = stream[part.starts[index] : part.starts[index + 1]]
            run[program.places(count)] = flat[first : first + count, program.reduction.order]
    return stream
