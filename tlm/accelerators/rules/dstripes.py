"""DStripes with one precision for all columns: a step takes the widest of its values (DPRed, section 5.2)."""

from __future__ import annotations

import numpy as np

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s
from .rotating import rotating_columns
from .serial import serial_cycles
from .widths import brick_widths, set_widths


def completion(layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [groups, window sets, filter sets, steps] cycles."""
    geometry = Geometry.of(layer, Grid.of(spec))
    if layer.kind == "fc":
        return fully_connected(layer, image, spec)
    busy = serial_cycles(set_widths(layer, image, geometry), spec)[:, :, None]
    return np.cumsum(np.broadcast_to(busy, geometry.shape), dtype=np.int64).reshape(geometry.shape)


def fully_connected(layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step of a fully connected layer is done: [1, 1, filter sets, bricks] cycles.

    Every brick holds its column for its own width.
    """
    geometry = Geometry.of(layer, Grid.of(spec))
    busy = serial_cycles(brick_widths(layer, image, geometry), spec)
    ends = rotating_columns(np.tile(busy.reshape(-1), geometry.filter_sets), spec.columns)
    return ends.reshape(geometry.shape)
