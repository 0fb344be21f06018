"""Layers without weights: the reducers' path gives a value a row of every tile and cycle, whatever it is made of.

An assumption of this model: no paper says how DStripes and its kin add or multiply maps. All filters of a set leave
side by side, as outputs do, so that the windows of a set follow each other. Of a machine whose maps lie in planes every
element gives a value a cycle.
"""

from __future__ import annotations

import numpy as np

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s


def grid(layer: Layer, spec: AcceleratorSpec) -> Grid:
    """The machine's, or where maps lie in planes as many whole ones as it takes in one cycle."""
    if spec.layout == "bricks":
        return Grid.of(spec)
    windows = int(np.prod(layer.out_size))
    return Grid(spec.tiles, max(1, spec.rows * spec.columns // windows), windows, 1)


def completion(layer: Layer, _image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [1, window sets, filter sets, 1] cycles."""
    geometry = Geometry.of(layer, grid(layer, spec))
    windows = _sizes(geometry.windows, geometry.grid.columns)[:, None]
    filters = _sizes(geometry.group_filters, geometry.grid.filters)
    busy = windows if spec.layout == "bricks" else -(-windows * filters // (spec.tiles * spec.rows * spec.columns))
    return np.cumsum(np.broadcast_to(busy[None, :, :, None], geometry.shape), dtype=np.int64).reshape(geometry.shape)


def _sizes(whole: int, part: int) -> Int64s:
    """Of parts of equal size, the last of which may be smaller."""
    return np.minimum(whole - np.arange(0, whole, part, dtype=np.int64), part)
