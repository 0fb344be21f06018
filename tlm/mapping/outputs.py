"""How many values of the next tensor's stream are touched, and final, as a layer's windows are done."""

from __future__ import annotations

import numpy as np

from ..accelerators.rules import Geometry
from ..workload.layer import Ints, Layer, Pool


def positions_done(layer: Layer) -> tuple[Ints, Ints]:
    """(started, final) positions of the output map, pooled, after 0, 1, ... windows: [windows + 1] each.

    Both count from the first position in raster order: `started` up to the last one touched, `final` as far as
    no position is still open.
    """
    windows = int(np.prod(layer.out_size))
    if layer.pool is None:
        count = np.arange(windows + 1)
        return count, count
    first, last = _reach(layer.out_size, layer.pool)
    done = np.arange(windows + 1)
    latest = np.maximum.accumulate(last)
    final = np.searchsorted(latest, done - 1, side="right")
    started = np.zeros(windows + 1, np.int64)
    np.maximum.at(started, first + 1, np.arange(1, len(first) + 1))
    return np.maximum.accumulate(started), final


def _reach(size: tuple[int, int], pool: Pool) -> tuple[Ints, Ints]:
    """First and last window, in raster order, that every pooled position reads."""
    edges = []
    for axis in (0, 1):
        start = np.arange(pool.out[axis]) * pool.stride[axis] - pool.padding[axis]
        stop = np.minimum(start + pool.kernel[axis], size[axis]) - 1
        edges.append((np.clip(start, 0, size[axis] - 1), np.maximum(stop, 0)))
    (y0, y1), (x0, x1) = edges
    first = y0[:, None] * size[1] + x0
    last = y1[:, None] * size[1] + x1
    return first.reshape(-1), last.reshape(-1)


def planes_done(layer: Layer, geometry: Geometry, columns: dict[str, Ints]) -> dict[str, Ints]:
    """out_started and out_final where maps lie in planes: a filter's is done with its last window."""
    count = int(layer.outputs[0].size)
    top = np.minimum((columns["filter_set"] + 1) * geometry.grid.filters, geometry.group_filters)
    filters = columns["group"] * geometry.group_filters + top
    begun = columns["last_step"] == geometry.steps
    before = columns["group"] * geometry.group_filters  # which are done while windows of the group are to come
    done = begun & (columns["last_set"] == geometry.window_sets)
    final = np.where(done, filters, before) * count // layer.filters
    final[-1] = count
    return {
        "out_started": np.maximum.accumulate(np.where(begun, filters, 0) * count // layer.filters),
        "out_final": np.maximum.accumulate(final),
    }
