"""Stripes: every step takes the precision P of the layer's profile."""

from __future__ import annotations

import numpy as np

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s
from .rotating import rotating_columns
from .serial import serial_cycles


def completion(layer: Layer, _image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [groups, window sets, filter sets, steps] cycles."""
    shape = Geometry.of(layer, Grid.of(spec)).shape
    busy = np.full(np.prod(shape), serial_cycles(layer.act_bits, spec), dtype=np.int64)
    ends = rotating_columns(busy, spec.columns) if layer.kind == "fc" else np.cumsum(busy)
    return ends.reshape(shape)
