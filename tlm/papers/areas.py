"""Areas of whole machines."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import simpy

from ..scenario import load
from ..system import System
from ..system.energy import area
from .tensors import tensors
from .trained import checkpoint


@cache
def areas(accelerator: str) -> Mapping[str, float]:
    """{component: mm2} of a machine, and of "all"."""
    system = System(
        simpy.Environment(), load("ideal", [f"accelerator={accelerator}"]), [tensors(checkpoint("lenet", "int8"))]
    )
    found: dict[str, float] = {}
    for row in area(system.machines[0], None):
        found[row.component] = found.get(row.component, 0.0) + row.mm2
    return {**found, "all": sum(found.values())}
