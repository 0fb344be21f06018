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
    sources = {count: _sources(program, count) for count in {*part.filters} - {0}}
    for index, count in enumerate(part.filters):
        if count:
            first = group * geometry.group_filters + index * geometry.grid.filters + tile * geometry.grid.rows
            run = flat[first : first + count].reshape(-1)
            stream[part.starts[index] : part.starts[index + 1]] = run[sources[count]]
    return stream


def _sources(program: Program, count: int) -> Ints:
    """[filters * K] which weight of a filter set of so many filters, one after the other, each place of its stream has.

    To look values up in the order of the stream is several times as fast as to put each in its place.
    """
    places, order = program.places(count), program.reduction.order
    sources = np.empty(places.size, np.int64)
    sources[places] = np.arange(count)[:, None] * places.shape[1] + order
    return sources
