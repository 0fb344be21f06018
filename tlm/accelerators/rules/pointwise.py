"""Layers without weights: the reducers' path gives a value a row of every tile and cycle, whatever it is made of.

An assumption of this model: no paper says how DStripes and its kin add or multiply maps. All filters of a set leave
side by side, as outputs do, so that the windows of a set follow each other.
"""

from __future__ import annotations

import numpy as np

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s


def completion(layer: Layer, _image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [1, window sets, filter sets, 1] cycles."""
    geometry = Geometry.of(layer, Grid.of(spec))
    first = np.arange(geometry.window_sets, dtype=np.int64) * geometry.grid.columns
    windows = np.minimum(geometry.windows - first, geometry.grid.columns)
    busy = np.broadcast_to(windows[None, :, None, None], geometry.shape)
    return np.cumsum(busy, dtype=np.int64).reshape(geometry.shape)
