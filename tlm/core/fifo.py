"""A bounded FIFO: put waits while it is full, get while it is empty; that is all the flow control."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

import simpy

Item = TypeVar("Item")


class Fifo(Generic[Item]):
    """First in, first out, at most `capacity` items; waiting putters and getters are served in order."""

    __slots__ = ("_env", "_getters", "_items", "_putters", "capacity")

    def __init__(self, env: simpy.Environment, capacity: int = 16) -> None:
        if capacity < 1:
            raise ValueError(f"a FIFO needs a capacity of at least 1, not {capacity}")
        self._env = env
        self.capacity = capacity
        self._items: deque[Item] = deque()
        self._getters: deque[simpy.Event] = deque()
        self._putters: deque[tuple[simpy.Event, Item]] = deque()

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> simpy.Event:
        """An event that fires when `item` is in the FIFO (or already handed to a waiting getter)."""
        event = self._env.event()
        if self._getters:
            self._getters.popleft().succeed(item)
            event.succeed()
        elif len(self._items) < self.capacity:
            self._items.append(item)
            event.succeed()
        else:
            self._putters.append((event, item))
        return event

    def get(self) -> simpy.Event:
        """An event that fires with the oldest item as its value."""
        event = self._env.event()
        if self._items:
            event.succeed(self._items.popleft())
            if self._putters:
                putter, item = self._putters.popleft()
                self._items.append(item)
                putter.succeed()
        else:
            self._getters.append(event)
        return event
