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


@attrs.frozen
class Rule:
    """One machine's timing: `completion` for the `kinds` of layers it is made for, on `grid`'s steps."""

    completion: Completion
    kinds: tuple[Ruled, ...] = ("conv", "fc")
    grid: Callable[[AcceleratorSpec], Grid] = Grid.of
