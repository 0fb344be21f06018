"""A number of units that processes take and give, as sc_semaphore."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import simpy

from ...inputs.errors import BadInput
from ..kernel.awaited import Processes, Shared
from ..kernel.module import Module
from .given_up import Waiters, given_up
from .prim_channel import Done, PrimChannel


class Semaphore(PrimChannel):
    """`value` units are left; who takes one where none is waits, in order, until somebody posts one.

    `holders` are processes with the number of units they took and have not posted, until somebody posts a unit that it
    did not take: from then on units are handed on, `posters` are those who do so, and nobody holds any. A process that
    no longer waits when its turn comes, after an interrupt or a timeout, is passed over. BadInput where `value` is
    negative.
    """

    def __init__(self, parent: simpy.Environment | Module, value: int, name: str = "") -> None:
        if value < 0:
            raise BadInput(f"a semaphore begins with 0 units or more, not {value}")
        super().__init__(parent, name)
        self.value = value
        self.begins_empty = value == 0
        self.holders: dict[simpy.Process, int] = {}
        self.posters = Processes()
        self._handed_on = False
        self._queue: deque[Unit] = deque()
        self._taken = Done(self.env)

    def wait(self) -> simpy.Event:
        """An event that fires when a unit is taken: `yield semaphore.wait()`."""
        if self.try_wait():
            return self._taken
        event = Unit(self.env, self)
        event.callbacks = Waiters()
        event.process = self.env._active_proc
        self._queue.append(event)
        return event

    def try_wait(self) -> bool:
        """Take a unit if there is one; whether there was."""
        if not self.value:
            return False
        self.value -= 1
        self._hold(self.env._active_proc)
        return True

    def post(self) -> None:
        """Give a unit: to the process that has waited longest, else it is there to be taken."""
        self._give(self.env._active_proc)
        while self._queue:
            event = self._queue.popleft()
            if not given_up(event):
                self._hold(event.process)
                event.succeed()
                return
        self.value += 1

    def users(self) -> Iterator[simpy.Process]:
        """Those who hold units, or have posted other than their own."""
        yield from self.holders
        yield from self.posters

    def awaited(self) -> Iterator[Unit]:
        """The units that are waited for."""
        return iter(self._queue)

    def _hold(self, process: simpy.Process | None) -> None:
        if process is not None and not self._handed_on:
            self.holders[process] = self.holders.get(process, 0) + 1

    def _give(self, process: simpy.Process | None) -> None:
        count = self.holders.pop(process, 0) if process is not None else 0
        if process is not None and count > 1:
            self.holders[process] = count - 1
        elif not count:
            self._handed_on = True
            self.holders.clear()
            self.posters.add(process)


class Unit(Shared):
    """The next unit of a semaphore."""

    source: Semaphore
    process: simpy.Process | None

    @property
    def holds_work(self) -> bool:
        """A semaphore that begins with no units passes signals: who waits for the next may have nothing to do."""
        return not self.source.begins_empty

    @property
    def verb(self) -> tuple[str, str, str]:
        """Who has to act holds a unit; where units are handed on, who posts them."""
        if self.source.posters:
            return ("posts to it", "posted to it", "posted to it")
        return ("holds one", "held one", "posted to it")

    def what(self, name: str) -> str:
        """A unit of it."""
        return f"a unit of semaphore {name!r}"

    def actors(self) -> list[simpy.Process]:
        """Those who hand units on, or else those who hold some."""
        return list(self.source.posters or self.source.holders)

    def idlers(self) -> list[simpy.Process]:
        """Those who wait for one."""
        return [event.process for event in self.source.awaited() if event.process is not None]
