"""Taking scheduled events out of an environment's queue again, which SimPy has no public way for.

The queue is a heap of (time, priority, number, event), the numbers all different; it is touched here only. An event
that stayed there, however little it did when it came, would still hold back the end of `env.run()`.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify
from typing import Any

import simpy

#: Time, priority, number, event.
Entry = tuple[Any, ...]


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


def _replace(heap: list[Entry], place: int, entry: Entry) -> None:
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
