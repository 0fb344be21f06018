"""A count that only grows, and processes that wait until it is large enough."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterator

import simpy

from ..kernel.awaited import Processes, Shared, waiters
from ..kernel.module import Module
from .prim_channel import PrimChannel


class Progress(PrimChannel):
    """A cumulative count (values arrived, values freed, passes done) with waiters on thresholds.

    `advancers` are the processes that have raised it, for a message about who waits for whom.
    """

    def __init__(self, parent: simpy.Environment | Module, name: str = "") -> None:
        super().__init__(parent, name)
        self.advancers = Processes()
        self._waiters: list[tuple[int, int, simpy.Event]] = []
        self._order = itertools.count()
        self.count = 0

    def advance_to(self, count: int) -> None:
        """Raise the count to `count` (never lowers it) and wake, in order, all whose wait is over."""
        if count <= self.count:
            return
        self.advancers.add(self.env._active_proc)
        self.count = count
        waiters = self._waiters
        while waiters and waiters[0][0] <= count:
            heapq.heappop(waiters)[2].succeed()

    def reached(self, count: int) -> simpy.Event:
        """An event that fires once the count is at least `count`; at once where it already is."""
        if self.count >= count:
            return self.env.event().succeed()
        event = Threshold(self.env, self)
        event.count = count
        heapq.heappush(self._waiters, (count, next(self._order), event))
        return event

    def users(self) -> Iterator[simpy.Process]:
        """Those who have raised it."""
        return iter(self.advancers)

    def awaited(self) -> Iterator[simpy.Event]:
        """What is waited for: the thresholds that are not reached."""
        return (event for _count, _order, event in self._waiters)


class Threshold(Shared):
    """The count at `count`."""

    verb = ("advances it", "advanced it", "advanced it")
    source: Progress
    count: int

    def what(self, name: str) -> str:
        """How far it must come, and is."""
        return f"{name!r} to reach {self.count:,} (it is at {self.source.count:,})"

    def actors(self) -> list[simpy.Process]:
        """Those who have raised it, and do not wait for it themselves."""
        idlers = self.idlers()
        return [process for process in self.source.advancers if process not in idlers]

    def idlers(self) -> list[simpy.Process]:
        """Those who wait for it themselves."""
        return [process for event in self.source.awaited() for process in waiters(event)]
