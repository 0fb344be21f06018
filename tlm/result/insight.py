"""What binds a layer or a run: what could gain it most cycles if it were twice as fast, or twice as large.

The estimate is of one span by itself: of `cycles`, `compute_cycles` are the array's and each reason has its stalls;
a resource was `occupied` for so many cycles, some of them for `others` who share it.

- The array could gain half of its cycles, but not run ahead of the resource that was occupied longest for it.
- A resource could gain the stalls that are its, but not more than half of what it was occupied.
- Room could gain the stalls for lack of it, but not run ahead of that resource either: what is beyond that, room that
  its queue fills, counts as the stalls of that resource.
- A reason without a rate (latency, the beginning) could gain its stalls.

A DMA that has all in flight that it may is such a resource too: its pace is the memory's latency.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

Name = TypeVar("Name")
Amount = TypeVar("Amount", int, float)

ARRAY = "array"

#: The reasons that are a resource's rate: which kind of component that is.
RESOURCES = {
    "offchip_bandwidth": "memory channel",
    "decompression": "decompressor",
    "compression": "compressor",
}

LATENCY = {"offchip_latency": "dma"}
ROOM = ("am_capacity", "wm_capacity")


def gains(
    cycles: int,
    compute_cycles: int,
    stalls: Mapping[str, int],
    occupied: Mapping[str, int],
    others: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """{what: the cycles it could gain, at most}, `occupied` and of that for `others` by kind of component."""
    paces = {**RESOURCES, **LATENCY}
    own = {reason: occupied.get(kind, 0) - (others or {}).get(kind, 0) for reason, kind in paces.items()}
    busiest = max(own, key=lambda reason: own[reason])
    beside = max(0, cycles - own[busiest])
    found = {**stalls, ARRAY: min(compute_cycles // 2, beside)}
    for reason in ROOM:
        stalled = stalls.get(reason, 0)
        found[reason] = min(stalled, beside)
        found[busiest] = found.get(busiest, 0) + stalled - found[reason]
    for reason, kind in RESOURCES.items():
        found[reason] = min(found.get(reason, 0), occupied.get(kind, 0) // 2)
    return {what: gained for what, gained in found.items() if gained or what == ARRAY}


def total(spans: Iterable[Mapping[Name, Amount]]) -> dict[Name, Amount]:
    """What several spans have, added up by its name."""
    found: dict[Name, Amount] = {}
    for span in spans:
        for what, amount in span.items():
            found[what] = found[what] + amount if what in found else amount
    return found


def bound_by(gained: Mapping[str, int]) -> str:
    """What could gain most; the array where nothing could."""
    return max(gained, key=lambda what: (gained[what], what == ARRAY), default=ARRAY)
