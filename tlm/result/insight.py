"""What binds a layer or a run: what could gain it most cycles if it were twice as fast, or twice as large.

The estimate is of one span by itself: of `cycles`, `compute_cycles` are the array's and each reason has its stalls;
a resource was `occupied` for so many cycles.

- The array could gain half of its cycles, but not run ahead of the resource that was occupied longest.
- A resource could gain the stalls that are its, but not more than half of what it was occupied.
- A reason without a rate (latency, capacity, the beginning) could gain its stalls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

ARRAY = "array"

#: The reasons that are a resource's rate: which kind of component that is.
RESOURCES = {
    "offchip_bandwidth": "memory channel",
    "decompression": "decompressor",
    "compression": "compressor",
}


def gains(cycles: int, compute_cycles: int, stalls: Mapping[str, int], occupied: Mapping[str, int]) -> dict[str, int]:
    """{what: the cycles it could gain, at most}, `occupied` by kind of component."""
    busiest = max((occupied.get(kind, 0) for kind in RESOURCES.values()), default=0)
    found = {ARRAY: max(0, min(compute_cycles // 2, cycles - busiest))}
    for reason, stalled in stalls.items():
        kind = RESOURCES.get(reason)
        found[reason] = stalled if kind is None else min(stalled, occupied.get(kind, 0) // 2)
    return found


def total(spans: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """What several spans have, added up by its name."""
    found: dict[str, int] = {}
    for span in spans:
        for what, cycles in span.items():
            found[what] = found.get(what, 0) + cycles
    return found


def bound_by(gained: Mapping[str, int]) -> str:
    """What could gain most; the array where nothing could."""
    return max(gained, key=lambda what: (gained[what], what == ARRAY), default=ARRAY)
