"""Calls at a time to come, and taking scheduled events out again, which SimPy has no public way for.

The queue is a heap of (time, priority, number, event), the numbers all different; it is touched here only. An event
that stayed there, however little it did when it came, would still hold back the end of `env.run()`.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify
from typing import Any

import simpy
from simpy.core import Infinity
from simpy.events import NORMAL, URGENT

#: Priorities before and after all of SimPy's own; it orders any integers.
FIRST, LAST = URGENT - 1, NORMAL + 1

#: Time, priority, number, event.
Queued = tuple[Any, ...]


class Call(simpy.Event):
    """An event that has a value from the start, as a timeout, and calls `action`."""

    _ok = True
    _value = None

    def __init__(self, env: simpy.Environment, action: Callable[[], object]) -> None:
        self.env = env
        self.callbacks = [self._call]
        self._action = action

    def _call(self, _event: simpy.Event) -> None:
        self._action()


def call_in(env: simpy.Environment, delay: int, action: Callable[[], object], priority: int = NORMAL) -> None:
    """Call `action` in `delay` fs; with 0 later in this instant."""
    env.schedule(Call(env, action), priority, delay)  # type: ignore[arg-type]


def unschedule(event: simpy.Event) -> None:
    """Take `event`, which is scheduled, out of its environment's queue, as if it had never been in it.

    The search takes longer the more events are to come before it.
    """
    queue = event.env._queue
    place = 0
    while queue[place][3] is not event:
        place += 1
    last = queue.pop()
    if place < len(queue):
        _replace(queue, place, last)


def unschedule_all(env: simpy.Environment, gone: Callable[[simpy.Event], bool]) -> None:
    """Take all events that `gone` is true of out of the queue; the order of the others stays."""
    env._queue[:] = [entry for entry in env._queue if not gone(entry[3])]
    heapify(env._queue)


def next_event_time(env: simpy.Environment) -> int | None:
    """When the next event is due, or None where nothing is left to happen."""
    time = env.peek()
    return None if time == Infinity else int(time)


def _replace(heap: list[Queued], place: int, entry: Queued) -> None:
    """Put `entry` in place of another one of a heap: up past later ones, or down past earlier ones."""
    while place and entry < heap[above := (place - 1) // 2]:
        heap[place] = heap[above]
        place = above
    while (below := 2 * place + 1) < len(heap):
        if below + 1 < len(heap) and heap[below + 1] < heap[below]:
            below += 1
        if entry < heap[below]:
            break
        heap[place] = heap[below]
        place = below
    heap[place] = entry
