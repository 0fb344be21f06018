"""A bounded FIFO: put waits while it is full, get while it is empty; that is all the flow control."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

import simpy

from ...inputs.errors import BadInput
from ..kernel.awaited import Processes, Shared
from ..kernel.module import Module
from .given_up import Waiters, given_up
from .prim_channel import Done, PrimChannel

Item = TypeVar("Item")
Default = TypeVar("Default")


class Fifo(PrimChannel, Generic[Item]):
    """First in, first out, at most `capacity` items; waiting putters and getters are served in order.

    Who need not wait goes on at once. A getter that waits no longer when its turn comes, after an interrupt or a
    timeout, is passed over and takes no item; what was given to `put` is put, whether anybody waits for that or not.
    `givers` and `takers` are the processes that have put and taken, for a message about who waits for whom. BadInput
    where `capacity` is less than 1.
    """

    def __init__(self, parent: simpy.Environment | Module, capacity: int = 16, name: str = "") -> None:
        if capacity < 1:
            raise BadInput(f"a FIFO needs a capacity of at least 1, not {capacity}")
        super().__init__(parent, name)
        self.capacity = capacity
        self.givers = Processes()
        self.takers = Processes()
        self._items: deque[Item] = deque()
        self._getters: deque[simpy.Event] = deque()
        self._putters: deque[tuple[simpy.Event, Item]] = deque()
        self._done = Done(self.env)
        self._giver: simpy.Process | None = None  # the last of them, which is most often the next too
        self._taker: simpy.Process | None = None

    def __len__(self) -> int:
        return len(self._items)

    @property
    def num_free(self) -> int:
        """How many more items fit."""
        return self.capacity - len(self._items)

    def put(self, item: Item) -> simpy.Event:
        """An event that fires when `item` is in the FIFO (or already handed to a waiting getter)."""
        env = self.env
        process = env._active_proc
        if process is not self._giver and process is not None:
            self._giver = process
            self.givers.add(process)
        while self._getters:
            getter = self._getters.popleft()
            if not given_up(getter):
                getter._value = item  # as succeed() does, a call less
                env.schedule(getter)
                return self._done
        if len(self._items) < self.capacity:
            self._items.append(item)
            return self._done
        event = Room(env, self)
        self._putters.append((event, item))
        return event

    def get(self) -> simpy.Event:
        """An event that fires with the oldest item as its value."""
        env = self.env
        process = env._active_proc
        if process is not self._taker and process is not None:
            self._taker = process
            self.takers.add(process)
        if not self._items:
            event = FirstItem(env, self)
            event.callbacks = Waiters()
            self._getters.append(event)
            return event
        oldest = Done(env, self._items.popleft())
        if self._putters:
            putter, item = self._putters.popleft()
            self._items.append(item)
            putter._value = None
            env.schedule(putter)
        return oldest

    def nb_put(self, item: Item) -> bool:
        """Put `item` if that needs no waiting; whether it was."""
        if len(self._items) >= self.capacity:
            return False
        self.put(item)
        return True

    def nb_get(self, default: Default | None = None) -> Item | Default | None:
        """Get the oldest item; `default` where there is none."""
        return self.get().value if self._items else default

    def users(self) -> Iterator[simpy.Process]:
        """Those who have put and taken."""
        yield from self.givers
        yield from self.takers

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
