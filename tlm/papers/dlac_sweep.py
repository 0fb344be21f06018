"""DLAC's numbers that its paper does not print, one at a time: what each setting reaches, and what it loses to what.

Of all cycles of all units some make a product; some go by because a unit has none to make in a step, which takes a
cycle all the same; in the rest it waits for slower units.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ..accelerators.rules import Geometry
from ..accelerators.rules.dlac import Units, activation_counts, weight_counts
from ..accelerators.spec import AcceleratorSpec
from ..workload.layer import Layer
from . import trained
from .paper import Model
from .steps import completed, machine
from .tensors import tensors
from .zeros import of_shares

#: A layer that fills every grid of 512 units with up to 32 buffers, of a reduction as long as ResNet-34's.
FILTERS, SIDE, CHANNELS = 256, 32, 576
SHIPPED = "resnet18_cifar"
NEVER = 1 << 16  # steps: longer than any accumulation
UNITS = 512


@attrs.frozen
class Lost:
    """Of a drawn layer: cycles, and the unit-cycles of them with a product, and with a step that has none."""

    dense: int
    cycles: int
    products: int
    empty: int


def by_grid(setting: str) -> AcceleratorSpec:
    """`16 x 32`: rows and columns."""
    rows, columns = map(int, setting.split(" x "))
    return attrs.evolve(machine("dlac-training"), rows=rows, columns=columns)


def by_buffers(setting: str) -> AcceleratorSpec:
    """`2 x 4`: filters and windows of a unit's buffers."""
    filters, windows = map(int, setting.split(" x "))
    return attrs.evolve(machine("dlac-training"), buffers=filters * windows, buffers_weights=filters)


def by_resync(setting: str) -> AcceleratorSpec:
    """`16`: steps between waits for all, in queues that never fill."""
    return attrs.evolve(machine("dlac-training"), resync=int(setting), queue=NEVER)


def by_queue(setting: str) -> AcceleratorSpec:
    """`16`: steps that wait at a unit, no other waits within an accumulation."""
    return attrs.evolve(machine("dlac-training"), queue=int(setting), resync=NEVER)


SWEEPS: dict[str, Callable[[str], AcceleratorSpec]] = {
    "grid": by_grid,
    "buffers": by_buffers,
    "resync": by_resync,
    "queue": by_queue,
}


@cache
def lost(sweep: str, setting: str, percent: int) -> Lost:
    """Of a setting, where so many percent of the pairs are of non-zero operands, as many zeros on either side."""
    share = (percent / 100) ** 0.5
    return cycles_lost(of_shares((share, share), FILTERS, SIDE, CHANNELS), SWEEPS[sweep](setting))


def cycles_lost(layer: Layer, spec: AcceleratorSpec) -> Lost:
    """Of any layer."""
    units = Units.of(layer, spec)
    geometry = Geometry.of(layer, units.grid)
    weights, acts = weight_counts(layer, geometry, units), activation_counts(layer, 0, geometry, units)
    met = _met(weights > 0, acts > 0)
    steps = geometry.groups * geometry.window_sets * geometry.filter_sets * geometry.steps
    return Lost(
        dense=steps * spec.buffers,
        cycles=completed(layer, spec),
        products=_met(weights, acts),
        empty=steps * units.rows * units.columns - met,
    )


def _met(weights: npt.NDArray[Any], acts: npt.NDArray[Any]) -> int:
    """Of all rows and columns, sets and steps, the sum of the products of the two."""
    by_step = weights.sum(axis=(1, 2), dtype=np.int64), acts.sum(axis=(1, 2), dtype=np.int64)
    return int((by_step[0] * by_step[1]).sum())


def reached(sweep: str, percent: int, setting: str) -> float:
    """Speedup over the same array that does not skip."""
    found = lost(sweep, setting, percent)
    return found.dense / found.cycles


def in_empty_steps(sweep: str, setting: str) -> float:
    """Of all units' cycles, those in steps without a product, in percent, at 16 % of pairs."""
    found = lost(sweep, setting, 16)
    return 100 * found.empty / (UNITS * found.cycles)


def waiting(sweep: str, setting: str) -> float:
    """Of all units' cycles, those in which they wait for slower ones, in percent, at 16 % of pairs."""
    found = lost(sweep, setting, 16)
    return 100 * (1 - (found.products + found.empty) / (UNITS * found.cycles))


def on_shipped(sweep: str, setting: str) -> float:
    """Of all convolutions of the shipped ternary network, its own tensors: operations over those of a full array."""
    spec = SWEEPS[sweep](setting)
    layers = [layer for layer in tensors(trained.checkpoint(SHIPPED, "ternary")).layers if layer.kind == "conv"]
    return sum(layer.macs for layer in layers) / (UNITS * sum(completed(layer, spec) for layer in layers))


MODELS: dict[str, Model] = {
    f"{sweep}: {name}": model
    for sweep in SWEEPS
    for name, model in {
        "speedup at 16 %": partial(reached, sweep, 16),
        "speedup at 8 %": partial(reached, sweep, 8),
        "empty steps": partial(in_empty_steps, sweep),
        "waiting": partial(waiting, sweep),
        "on the shipped network": partial(on_shipped, sweep),
    }.items()
}
