"""Tartan: fully connected layers as fast as the wider of both operands' precisions (DPRed, section 5.3.1).

Weights are loaded bit by bit while the step before computes, so every inner-product unit of a row has filters of its
own: `rows * columns` of a tile at once. Where there are too few filters for that, the units along a row are cascaded:
each takes one of `slices` slices of the inputs, and the partial sums are added one a cycle at the end.
"""

from __future__ import annotations

import attrs
import numpy as np

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s
from .serial import serial_cycles


def grid(layer: Layer, spec: AcceleratorSpec) -> Grid:
    """One column of `rows * floor(columns / slices)` filters a tile and `lanes * slices` inputs a step."""
    return _cut(spec, _slices(layer, spec))


def completion(layer: Layer, _image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [1, 1, filter sets, steps] cycles. The first step waits for its weights."""
    slices = _slices(layer, spec)
    shape = Geometry.of(layer, _cut(spec, slices)).shape
    done = (_fill(layer, spec) + _step(layer, spec) * np.arange(1, np.prod(shape) + 1, dtype=np.int64)).reshape(shape)
    done[..., -1, -1] += _cascade(slices)
    return done


def _slices(layer: Layer, spec: AcceleratorSpec) -> int:
    """The number of slices that takes the fewest cycles, the least of these."""

    def cycles(slices: int) -> int:
        steps = int(np.prod(Geometry.of(layer, _cut(spec, slices)).shape))
        return steps * _step(layer, spec) + _cascade(slices)

    return min(range(1, spec.columns + 1), key=cycles)


def _cut(spec: AcceleratorSpec, slices: int) -> Grid:
    whole = Grid.of(spec)
    return attrs.evolve(whole, rows=whole.rows * (whole.columns // slices), columns=1, lanes=whole.lanes * slices)


def _step(layer: Layer, spec: AcceleratorSpec) -> int:
    return serial_cycles(max(layer.act_bits, layer.weight_bits), spec)


def _fill(layer: Layer, spec: AcceleratorSpec) -> int:
    return serial_cycles(layer.weight_bits, spec)


def _cascade(slices: int) -> int:
    return slices if slices > 1 else 0
