"""A bounded FIFO: put waits while it is full, get while it is empty; that is all the flow control."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import simpy

from .awaited import Processes, Shared
from .module import Module

Item = TypeVar("Item")


class Fifo(Generic[Item]):
    """First in, first out, at most `capacity` items; waiting putters and getters are served in order.

    `parent` is an environment or the module it belongs to. `givers` and `takers` are the processes that have put and
    taken, for a message about who waits for whom.
    """

    __slots__ = ("_env", "_getters", "_items", "_putters", "capacity", "givers", "name", "parent", "takers")

    def __init__(self, parent: simpy.Environment | Module, capacity: int = 16, name: str = "") -> None:
        if capacity < 1:
            raise ValueError(f"a FIFO needs a capacity of at least 1, not {capacity}")
        self.parent = parent if isinstance(parent, Module) else None
        self._env: simpy.Environment = parent.env if isinstance(parent, Module) else parent
        self.capacity = capacity
        self.name = name
        self.givers = Processes()
        self.takers = Processes()
        self._items: deque[Item] = deque()
        self._getters: deque[simpy.Event] = deque()
        self._putters: deque[tuple[simpy.Event, Item]] = deque()
        if self.parent is not None:
            self.parent.prim_channels.append(self)

    def __len__(self) -> int:
        return len(self._items)

    def put(self, item: Item) -> simpy.Event:
        """An event that fires when `item` is in the FIFO (or already handed to a waiting getter)."""
        env = self._env
        process = env._active_proc
        if process is not None and process not in self.givers:
            self.givers.add(process)
        if self._getters:
            self._getters.popleft().succeed(item)
            return env.event().succeed()
        if len(self._items) < self.capacity:
            self._items.append(item)
            return env.event().succeed()
        event = Room(env, self)
        self._putters.append((event, item))
        return event

    def get(self) -> simpy.Event:
        """An event that fires with the oldest item as its value."""
        env = self._env
        process = env._active_proc
        if process is not None and process not in self.takers:
            self.takers.add(process)
        if not self._items:
            event = FirstItem(env, self)
            self._getters.append(event)
            return event
        oldest = env.event().succeed(self._items.popleft())
        if self._putters:
            putter, item = self._putters.popleft()
            self._items.append(item)
            putter.succeed()
        return oldest

    def awaited(self) -> Iterator[simpy.Event]:
        """What is waited for: the room or the items that are not there."""
        yield from self._getters
        yield from (event for event, _item in self._putters)


class Room(Shared):
    """Room for an item that is held meanwhile."""

    verb = ("takes from it", "took from it", "taken from it")
    holds_work = True
    source: Fifo[object]

    def what(self, name: str) -> str:
        """Room in it."""
        return f"room in fifo {name!r}"

    def actors(self) -> list[simpy.Process]:
        """Those who have taken."""
        return list(self.source.takers)

    def idlers(self) -> list[simpy.Process]:
        """Those who put, and those who wait to."""
        return list(self.source.givers)


class FirstItem(Shared):
    """The next item."""

    verb = ("puts into it", "put into it", "put into it")
    source: Fifo[object]

    def what(self, name: str) -> str:
        """An item of it."""
        return f"an item of fifo {name!r}"

    def actors(self) -> list[simpy.Process]:
        """Those who have put."""
        return list(self.source.givers)

    def idlers(self) -> list[simpy.Process]:
        """Those who take, and those who wait to."""
        return list(self.source.takers)
