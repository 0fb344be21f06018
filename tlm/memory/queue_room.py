"""Bursts that wait in a queue and are known to leave it: when there is room for more."""

from __future__ import annotations

from heapq import heappop, heappush, heapreplace


class QueueRoom:
    """How many bursts wait, and when they leave: runs of (first, how many, how far apart), in cycles."""

    __slots__ = ("_count", "_runs")

    def __init__(self) -> None:
        self._runs: list[tuple[int, int, int]] = []
        self._count = 0

    def add(self, first: int, count: int, step: int) -> None:
        """`count` bursts are there until they leave, the first of them at `first`."""
        heappush(self._runs, (first, count, step))
        self._count += count

    def at_most(self, count: int, at: int) -> int:
        """When, from `at` on, no more than `count` wait; asked with `at` growing."""
        excess = self._count - count
        if excess <= 0:
            return at
        runs, self._count = self._runs, count
        while excess > 0:
            first, bursts, step = runs[0]
            left = bursts - excess
            leaves = first + ((bursts if left < 0 else excess) - 1) * step
            at = leaves if leaves > at else at
            if left > 0:
                heapreplace(runs, (leaves + step, left, step))
                excess = 0
            else:
                heappop(runs)
                excess -= bursts
        return at
