"""When groups of banks may be given a command, as far as the groups hold each other up."""

from __future__ import annotations

from collections.abc import Sequence


class Gate:
    """For one kind of command: the cycle `at` which each group, or rank, of banks is open to it."""

    __slots__ = ("_first", "_last", "_masks", "at")

    def __init__(self, masks: Sequence[int]) -> None:
        self._masks = masks
        self.at = [0] * len(masks)
        self._first = self._last = 0  # the least and the greatest of them

    def close(self, cycle: int, apart: Sequence[tuple[int, int]], least: int = 0) -> None:
        """A command in `cycle` keeps groups closed for so many cycles more, and until `least` in any case."""
        at = self.at
        for group, cycles in apart:
            again = cycle + cycles
            again = max(again, least)
            at[group] = max(at[group], again)
        self._first, self._last = min(at), max(at)

    def ready(self, banks: int, cycle: int) -> int:
        """Those of the set `banks` that are in open groups."""
        if cycle >= self._last:
            return banks
        if cycle < self._first:
            return 0
        ready = 0
        for mask, time in zip(self._masks, self.at, strict=True):
            if time <= cycle:
                ready |= mask
        return banks & ready

    def next(self, banks: int, cycle: int, found: int) -> int:
        """A cycle no later than the first in which some of `banks` are ready, or `found` where that is earlier.

        It is exact where a group is open to others.
        """
        if cycle < self._first:
            return self._first if self._first < found else found
        for mask, time in zip(self._masks, self.at, strict=True):
            if time < found and banks & mask:
                found = time
        return found
