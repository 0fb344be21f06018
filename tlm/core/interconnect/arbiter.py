"""Who is next where several wait: in order of arrival, in turns, or by priority."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from ...inputs.errors import BadInput
from ..errors import ElaborationError

Item = TypeVar("Item")


class Arbiter(Generic[Item]):
    """Items that wait, each for the initiator with number `index`; those of one initiator stay in order.

    The one whose initiator has the least `rank` is next.
    """

    def __init__(self) -> None:
        self._queues: dict[int, deque[tuple[int, Item]]] = {}
        self._arrived = 0

    def __bool__(self) -> bool:
        return bool(self._queues)

    def add(self, index: int, item: Item) -> None:
        """Let `item` wait."""
        self._arrived += 1
        self._queues.setdefault(index, deque()).append((self._arrived, item))

    def next(self) -> Item:
        """Take the one that is next; some must wait."""
        index = min(self._queues, key=self.rank)
        queue = self._queues[index]
        item = queue.popleft()[1]
        if not queue:
            del self._queues[index]
        self.chosen(index)
        return item

    def withdraw(self, index: int, item: Item) -> None:
        """Let `item` wait no longer, where it still does."""
        left = deque(entry for entry in self._queues.pop(index, ()) if entry[1] is not item)
        if left:
            self._queues[index] = left

    def arrival(self, index: int) -> int:
        """The place in the order of arrival of what waits longest for an initiator."""
        return self._queues[index][0][0]

    def check(self, name: str, initiators: int) -> None:
        """Hook, at elaboration: ElaborationError where it does not fit the interconnect of that full name."""

    def rank(self, index: int) -> Any:
        """What the initiators that wait are compared by."""
        raise NotImplementedError

    def chosen(self, index: int) -> None:
        """Hook: this initiator's turn it is."""


class FirstCome(Arbiter[Item]):
    """In order of arrival."""

    def rank(self, index: int) -> int:
        """Its arrival."""
        return self.arrival(index)


class RoundRobin(Arbiter[Item]):
    """In turns: after an initiator the next one that waits, by number; after the last one the first."""

    def __init__(self) -> None:
        super().__init__()
        self._last = -1

    def rank(self, index: int) -> tuple[bool, int]:
        """How far behind the last one chosen."""
        return index <= self._last, index

    def chosen(self, index: int) -> None:
        """The next one's turn."""
        self._last = index


class Priority(Arbiter[Item]):
    """The least of `priorities`, a number for each initiator, goes first; equal ones in order of arrival.

    Without `priorities` the initiator bound first goes first.
    """

    def __init__(self, priorities: Sequence[int] | None = None) -> None:
        super().__init__()
        self._priorities = priorities

    def check(self, name: str, initiators: int) -> None:
        """One priority for each initiator, where any are given."""
        given = self._priorities
        if given is not None and len(given) != initiators:
            raise ElaborationError(f"{name}: {len(given)} priorities are given for {initiators} initiators")

    def rank(self, index: int) -> tuple[int, int]:
        """Its priority, then its arrival."""
        priority = index if self._priorities is None else self._priorities[index]
        return priority, self.arrival(index)


POLICIES: dict[str, type[Arbiter[Any]]] = {"fifo": FirstCome, "round_robin": RoundRobin, "priority": Priority}


def make_arbiter(policy: str, priorities: Sequence[int] | None = None) -> Arbiter[Any]:
    """The arbiter of that name in `POLICIES`; BadInput where there is none, or where it knows no `priorities`."""
    if policy not in POLICIES:
        raise BadInput(f"there is no arbitration {policy!r}", key="arbitration", given=policy, allowed=POLICIES)
    if priorities is None:
        return POLICIES[policy]()
    if policy != "priority":
        raise BadInput(f"arbitration {policy!r} knows no priorities", key="priorities")
    return Priority(tuple(priorities))
