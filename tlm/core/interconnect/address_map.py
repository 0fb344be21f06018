"""An address map: regions that do not overlap, and what lies in each."""

from __future__ import annotations

from bisect import bisect_right
from typing import Generic, TypeVar

from ..errors import ElaborationError

Item = TypeVar("Item")


class AddressMap(Generic[Item]):
    """Regions of addresses, in bytes, each with an item; `name` says in messages whose map it is."""

    __slots__ = ("_ends", "_items", "_name", "_starts")

    def __init__(self, name: str = "") -> None:
        self._name = name
        # Three lists in step, in order of address: what a search looks at is a list of plain numbers.
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._items: list[Item] = []

    def __len__(self) -> int:
        return len(self._items)

    def add(self, start: int, size: int, item: Item) -> None:
        """Put `item` at addresses `start` to `start + size - 1`.

        Raises ElaborationError where there is no such region, or where it overlaps one that is there.
        """
        if start < 0:
            raise self._refused(f"a region cannot start at {_hex(start)}, below 0")
        if size <= 0:
            raise self._refused(f"the region at {_hex(start)} needs a positive size, not {size}")
        place = bisect_right(self._starts, start)
        for other in (place - 1, place):
            if 0 <= other < len(self) and start < self._ends[other] and self._starts[other] < start + size:
                there = _region(self._starts[other], self._ends[other])
                raise self._refused(f"the region {_region(start, start + size)} overlaps {there}")
        self._starts.insert(place, start)
        self._ends.insert(place, start + size)
        self._items.insert(place, item)

    def find(self, address: int, length: int = 1) -> Item | None:
        """The item of the region in which all of the `length` bytes from `address` lie; None where there is none."""
        place = bisect_right(self._starts, address) - 1
        if place < 0 or address + (length or 1) > self._ends[place]:
            return None
        return self._items[place]

    def _refused(self, why: str) -> ElaborationError:
        return ElaborationError(f"{self._name}: {why}" if self._name else why)


def _region(start: int, end: int) -> str:
    return f"{_hex(start)}..{_hex(end - 1)}"


def _hex(address: int) -> str:
    return f"{address:#x}"
