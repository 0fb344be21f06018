"""A count that only grows, and processes that wait until it is large enough."""

from __future__ import annotations

import heapq
import itertools

import simpy


class Progress:
    """A cumulative count (values arrived, values freed, passes done) with waiters on thresholds."""

    __slots__ = ("_env", "_order", "_waiters", "count")

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._waiters: list[tuple[int, int, simpy.Event]] = []
        self._order = itertools.count()
        self.count = 0

    def advance_to(self, count: int) -> None:
        """Raise the count to `count` (never lowers it) and wake, in order, all whose wait is over."""
        if count <= self.count:
            return
        self.count = count
        waiters = self._waiters
        while waiters and waiters[0][0] <= count:
            heapq.heappop(waiters)[2].succeed()

    def reached(self, count: int) -> simpy.Event:
        """An event that fires once the count is at least `count`; at once where it already is."""
        event = self._env.event()
        if self.count >= count:
            event.succeed()
        else:
            heapq.heappush(self._waiters, (count, next(self._order), event))
        return event
