"""How long the components that a layer shares with others were at work for it during its span."""

from __future__ import annotations

from collections.abc import Iterable

import attrs

from ...core import BUSY, IDLE, Module
from ...engines import Dma
from ...memory import Dram, IdealMemory

#: States in which a component that is not busy is free all the same: a request is on its way, and others may follow.
FREE = (IDLE, "access")


@attrs.frozen
class Use:
    """Of the components of one kind: `mean_busy_fs` moving things, and `occupied_fs`, the most that one was taken.

    Of the latter `ahead_fs` were for layers to come, and `others_fs` for others who share the component.
    """

    mean_busy_fs: int
    occupied_fs: int
    ahead_fs: int
    others_fs: int


class Usage:
    """Looks at the memory's channels and at `engines` whenever a span ends; `dma` knows what was moved ahead."""

    def __init__(self, memory: Dram | IdealMemory, dma: Dma, engines: Iterable[Module]) -> None:
        self._memory = memory
        self._dma = dma
        self._channels = [module for module in memory.tree() if module.kind]
        self._engines = [module for module in engines if module.kind]
        self._before = [(0, 0)] * (len(self._channels) + len(self._engines) + 1)
        self._moved = (0, 0, 0)

    def until(self, now_fs: int) -> dict[str, Use]:
        """{kind: use} since the last call, or the beginning; what was for whom goes by the bytes that were moved."""
        ahead, by_dma, by_all = self._moved_since()
        modules, times = [*self._channels, *self._engines, self._dma], self._times_since(now_fs)
        kinds: dict[str, list[tuple[int, int]]] = {}
        for module, time in zip(modules, times, strict=True):
            kinds.setdefault(module.kind, []).append(time)
        shared = {module.kind for module in self._channels}
        return {kind: _use(found, ahead, by_dma, by_all if kind in shared else 0) for kind, found in kinds.items()}

    def _times_since(self, now_fs: int) -> list[tuple[int, int]]:
        """For each module the time it was busy, and that it was taken: the DMA while it may have no more in flight."""
        now = []
        for module in (*self._channels, *self._engines):
            totals = module.probe.totals(now_fs)
            taken = sum(time for state, time in totals.items() if state not in FREE)
            now.append((totals.get(BUSY, 0), taken))
        now.append((0, self._dma.full_fs))
        before, self._before = self._before, now
        return [(a - c, b - d) for (a, b), (c, d) in zip(now, before, strict=True)]

    def _moved_since(self) -> tuple[int, int, int]:
        """Bytes read ahead for layers to come, all bytes of the DMA, all bytes of the memory."""
        memory, dma = self._memory, self._dma
        now = (
            dma.streams.ahead_bytes,
            dma.read_bytes + dma.written_bytes,
            memory.read_bytes + memory.written_bytes,
        )
        before, self._moved = self._moved, now
        return (now[0] - before[0], now[1] - before[1], now[2] - before[2])


def _use(times: list[tuple[int, int]], ahead: int, by_dma: int, by_all: int) -> Use:
    """Of (busy, taken) of each component; what a memory has accepted may be yet to reach the DMA, so either is more."""
    busy, taken = zip(*times, strict=True)
    most, moved = max(taken), max(by_dma, by_all, 1)
    return Use(sum(busy) // len(busy), most, most * ahead // moved, most * max(0, by_all - by_dma) // moved)
