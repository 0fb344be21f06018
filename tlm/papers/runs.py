"""Runs of whole systems, timing alone, in the few numbers that papers show."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import attrs

from ..result import total
from ..scenario import load
from ..system import run
from .tensors import tensors


@attrs.frozen
class Ran:
    """The `cycles` of the layers of each kind, stalls included, and the bytes moved off chip.

    `uncompressed_bytes` are those of each operand as it would be moved without a codec.
    """

    cycles: Mapping[str, int]
    offchip_bytes: int
    uncompressed_bytes: Mapping[str, int]


@cache
def ran(workload: str, accelerator: str, memory: str, codec: str) -> Ran:
    """What a scenario of these comes to."""
    values = {"workload": workload, "accelerator": accelerator, "memory": memory, "compression": codec}
    result = run(load("ideal", [f"{key}={value}" for key, value in values.items()]), tensors(workload))
    cycles = dict.fromkeys((layer.kind for layer in result.layers), 0)
    for layer in result.layers:
        cycles[layer.kind] += layer.cycles
    whole = total({name: part.uncompressed_bytes for name, part in layer.traffic.items()} for layer in result.layers)
    return Ran(cycles, result.offchip_bytes, whole)
