"""A lock that one process holds at a time, as sc_mutex."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import simpy

from ..kernel.awaited import Awaited
from ..kernel.module import Module
from .given_up import Waiters, given_up
from .prim_channel import Done, PrimChannel


class Mutex(PrimChannel):
    """Locked by one process at a time; those that wait get it in order.

    `owner` is who holds it. Who locks what it holds already goes on at once, and unlocks once.
    A process that no longer waits for its lock when its turn comes, after an interrupt or a timeout, is passed over.
    """

    def __init__(self, parent: simpy.Environment | Module, name: str = "") -> None:
        super().__init__(parent, name)
        self.owner: simpy.Process | None = None
        self._owned_since_fs: float = 0
        self._queue: deque[Lock] = deque()
        self._locked = Done(self.env)

    @property
    def owned_since_fs(self) -> int:
        """Since when its owner holds it."""
        return int(self._owned_since_fs)

    def lock(self) -> simpy.Event:
        """An event that fires when the process that asks holds the lock: `yield mutex.lock()`."""
        if self.try_lock():
            return self._locked
        event = Lock(self.env, self)
        event.callbacks = Waiters()
        event.process = self._asking()
        self._queue.append(event)
        return event

    def try_lock(self) -> bool:
        """Lock it if that needs no waiting; whether the process that asks holds it now."""
        process = self.env._active_proc
        if process is not None and self.owner is None:
            self.owner = process
            self._owned_since_fs = self.env._now
            return True
        return self._asking() is self.owner

    def unlock(self) -> None:
        """Give it to the next that waits; RuntimeError where who asks does not hold it."""
        if self.env._active_proc is None or self.env._active_proc is not self.owner:
            raise RuntimeError(self._stranger())
        self.owner = None
        while self._queue and self.owner is None:
            event = self._queue.popleft()
            if not given_up(event):
                self.owner = event.process
                self._owned_since_fs = self.env._now
                event.succeed()

    def users(self) -> Iterator[simpy.Process]:
        """Who holds it."""
        return iter(() if self.owner is None else (self.owner,))

    def awaited(self) -> Iterator[Lock]:
        """What those wait for that do not hold it."""
        return iter(self._queue)

    def _asking(self) -> simpy.Process:
        process = self.env._active_proc
        if process is None:
            raise RuntimeError(self.refused("is locked outside of a process"))
        return process

    def _stranger(self) -> str:
        """Why who runs now cannot unlock it."""
        stranger, owner = self.env._active_proc, self.owner
        who = "no process" if stranger is None else stranger.name
        held = "nobody holds it" if owner is None else f"{owner.name} holds it since {self.owned_since_fs} fs"
        return f"{self.full_name} is unlocked by {who} at {self.env.now} fs, but {held}"


class Lock(Awaited):
    """A mutex that another process holds."""

    holds_work = True
    source: Mutex
    process: simpy.Process

    def what(self, name: str) -> str:
        """The mutex."""
        return f"mutex {name!r}"
