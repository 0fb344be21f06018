"""Loom: bit-serial in both operands; a step takes the product of their precisions (DPRed, sections 5.4 and 6.5).

`loom-static` has both precisions from the layer's profile, `loom` detects the activations', `loom-dynamic` also that of
the weights of every step: the filters of a set x `lanes`. Weights are always signed, a zero counts 2.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s
from .rotating import rotating_columns
from .serial import serial_cycles
from .widths import brick_widths, magnitudes, set_widths, widths_of_magnitudes

#: Cycles or bits a step; broadcast to [groups, window sets, filter sets, steps].
Steps = npt.NDArray[np.integer]


def static(layer: Layer, _image: int, spec: AcceleratorSpec) -> Int64s:
    """Both precisions are the layer's."""
    return _completion(layer, spec, _layer_activations(layer, spec), _layer_weights(layer))


def activations(layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
    """Activations as wide as the widest of a step."""
    return _completion(layer, spec, _step_activations(layer, image, spec), _layer_weights(layer))


def both(layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
    """Activations and weights as wide as the widest of a step."""
    return _completion(layer, spec, _step_activations(layer, image, spec), _step_weights(layer, spec))


def _completion(layer: Layer, spec: AcceleratorSpec, acts: Steps, weights: Steps) -> Int64s:
    """When every step is done: [groups, window sets, filter sets, steps] cycles."""
    shape = Geometry.of(layer, Grid.of(spec)).shape
    busy = np.broadcast_to(acts.astype(np.int64) * weights, shape).reshape(-1)
    ends = rotating_columns(busy, spec.columns) if layer.kind == "fc" else np.cumsum(busy)
    return ends.reshape(shape)


def _layer_activations(layer: Layer, spec: AcceleratorSpec) -> Steps:
    return np.array(serial_cycles(layer.act_bits, spec))


def _layer_weights(layer: Layer) -> Steps:
    return np.array(layer.weight_bits)


def _step_activations(layer: Layer, image: int, spec: AcceleratorSpec) -> Steps:
    """[groups, window sets, 1, steps] cycles of one bit of the weights."""
    geometry = Geometry.of(layer, Grid.of(spec))
    find: Callable[[Layer, int, Geometry], npt.NDArray[np.uint8]]
    find = brick_widths if layer.kind == "fc" else set_widths
    widths = find(layer, image, geometry).reshape(geometry.groups, geometry.window_sets, 1, geometry.steps)
    return serial_cycles(widths, spec)


def _step_weights(layer: Layer, spec: AcceleratorSpec) -> Steps:
    """[groups, 1, filter sets, steps] bits of the widest weight; the missing ones of a folded layer are zeros."""
    geometry = Geometry.of(layer, Grid.of(spec))
    reduction = geometry.reduction()
    flat = magnitudes(layer.weights).reshape(geometry.groups, geometry.group_filters, -1)[..., reduction.order]
    by_set = np.maximum.reduceat(flat, np.arange(0, geometry.group_filters, geometry.grid.filters), axis=1)
    filled = np.pad(by_set, ((0, 0), (0, 0), (0, 1)))
    starts, ends = reduction.step_starts[:-1], reduction.step_starts[1:]
    widest = np.where(ends > starts, np.maximum.reduceat(filled, starts, axis=2), 0)
    return widths_of_magnitudes(widest, signed=True)[:, None]
