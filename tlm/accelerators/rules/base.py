"""BASE, the bit-parallel machine (DaDianNao-like): one window at a time, one cycle a step."""

from __future__ import annotations

import attrs
import numpy as np

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s


def grid(_layer: Layer, spec: AcceleratorSpec) -> Grid:
    """The machine's grid, with a single column whatever the spec says."""
    return attrs.evolve(Grid.of(spec), columns=1)


def completion(layer: Layer, _image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [groups, windows, filter sets, steps] cycles."""
    shape = Geometry.of(layer, grid(layer, spec)).shape
    return np.arange(1, np.prod(shape) + 1, dtype=np.int64).reshape(shape)
