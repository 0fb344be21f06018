"""Payload event queues: what is notified for a time comes out then, equal times in order of notification."""

from __future__ import annotations

import heapq
import inspect
import itertools
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import simpy
from simpy.events import NORMAL

from ..kernel.module import Module
from ..kernel.scheduling import unschedule_all
from .event import Notified
from .prim_channel import PrimChannel

Item = TypeVar("Item")


class PeqWithCbAndPhase(PrimChannel):
    """Calls `callback(payload, phase)`, a plain function, when each notification is due, as peq_with_cb_and_phase.

    One with delay 0 is due later in the same instant. Without payloads it is an sc_event_queue.
    """

    def __init__(
        self, parent: simpy.Environment | Module, callback: Callable[[Any, Any], object], name: str = ""
    ) -> None:
        if inspect.isgeneratorfunction(callback):
            raise TypeError(f"a PEQ calls a plain function; {callback!r} is a generator function, which would not run")
        super().__init__(parent, name)
        self._callback = callback
        # Of all that is pending: one list, which also tells it apart from other queues' entries.
        self._callbacks: list[Callable[[Any], None]] = [self._deliver]

    def notify(self, payload: Any = None, phase: Any = None, delay: int = 0) -> None:
        """Call back with `payload` and `phase`, `delay` fs from now; ValueError where that is negative."""
        if delay < 0:  # that it is whole is not looked at: there is one for each phase, and this is the event path
            self.whole(delay, "is notified")
        self.env.schedule(Entry(self._callbacks, payload, phase), NORMAL, delay)

    def cancel_all(self) -> None:
        """Drop all that is pending."""
        unschedule_all(self.env, lambda event: event.callbacks is self._callbacks)

    def _deliver(self, entry: Any) -> None:
        self._callback(entry.payload, entry.phase)


class Entry(simpy.Event):
    """A pending notification: as little of a SimPy event as its queue needs, since there is one for each phase."""

    _ok = True
    _value = None

    def __init__(self, callbacks: list[Callable[[Any], None]], payload: Any, phase: Any) -> None:
        self.callbacks = callbacks
        self.payload = payload
        self.phase = phase


class PeqWithGet(Notified, Generic[Item]):
    """Holds each payload until it is due, as peq_with_get: `yield peq.wait()`, then `get_next()` until it is None."""

    noun = "an entry of PEQ"

    def __init__(self, parent: simpy.Environment | Module, name: str = "") -> None:
        super().__init__(parent, name)
        self._entries: list[tuple[float, int, Item]] = []
        self._order = itertools.count()
        self._shown: tuple[float, int, Item] | None = None

    def notify(self, payload: Item, delay: int = 0) -> None:
        """Let `payload` be due `delay` fs from now; ValueError where that is negative or not whole."""
        self.notifiers.add(self.env._active_proc)
        self._notify_in(delay)
        heapq.heappush(self._entries, (self.env._now + delay, next(self._order), payload))

    def wait(self, timeout: int | None = None) -> simpy.Event:
        """What fires when an entry is due; in this instant where one is already, for each entry once."""
        first = self._entries[0] if self._entries else None
        if first is not None and first is not self._shown and self._due_fs is None:
            self._shown = first if first[0] <= self.env._now else None
            self._arm(first)
        return super().wait(timeout)

    def get_next(self) -> Item | None:
        """The first entry that is due; None where there is none (yet)."""
        if not self._entries:
            return None
        if self._entries[0][0] <= self.env._now:
            return heapq.heappop(self._entries)[2]
        if self._due_fs is None:
            self._arm(self._entries[0])
        return None

    def cancel_all(self) -> None:
        """Drop all that is pending or due."""
        self._cancel()
        self._entries.clear()

    def _arm(self, entry: tuple[float, int, Item]) -> None:
        self._notify_in(max(0, int(entry[0] - self.env._now)))
