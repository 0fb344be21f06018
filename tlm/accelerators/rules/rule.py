"""What a cycle rule is: a pure function from a layer's values to the time every step is done."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from tlm.workload.layer import Layer, Ruled

from ..spec import AcceleratorSpec
from .geometry import Grid, Int64s

#: (layer, image, spec) -> cycles [groups, window sets, filter sets, steps], cumulative, never falling in loop
#: order; the last is the layer's compute cycles.
Completion = Callable[[Layer, int, AcceleratorSpec], Int64s]


def _whole(_layer: Layer, spec: AcceleratorSpec) -> Grid:
    return Grid.of(spec)


@attrs.frozen
class Rule:
    """One machine's timing: `completion` for the `kinds` of layers it is made for, on the steps of `grid`.

    `skips`: products with a zero operand are not made, so that a result counts the others. `columns`: all its machines
    have so many, whatever their numbers say. `serial_weights`: they are read bit by bit, no more than the layer's
    precision of them.
    """

    completion: Completion
    kinds: tuple[Ruled, ...] = ("conv", "fc")
    grid: Callable[[Layer, AcceleratorSpec], Grid] = _whole
    skips: bool = False
    columns: int | None = None
    serial_weights: bool = False
