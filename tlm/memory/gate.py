"""When banks may be given a command, as far as bank groups and ranks hold each other up."""

from __future__ import annotations

from collections.abc import Sequence

from .distances import Apart


class Gate:
    """For one kind of command: until when, in cycles, each bank group and each rank is closed to it.

    `masks` are the groups' sets of banks, `ranks` how many ranks they make.
    """

    __slots__ = ("_first", "_groups", "_in_rank", "_last", "_masks", "_ranks")

    def __init__(self, masks: Sequence[int], ranks: int) -> None:
        self._masks = masks
        self._in_rank = len(masks) // ranks
        self._groups = [0] * len(masks)
        self._ranks = [0] * ranks
        self._first = self._last = 0  # no group is open before the one, all are from the other on

    def close(self, cycle: int, group: int, apart: Apart, least: int = 0) -> None:
        """A command in `cycle` to a bank of `group` keeps groups closed so long, its rank until `least` at least."""
        groups, ranks, rank = self._groups, self._ranks, group // self._in_rank
        to_group, to_rank = cycle + apart.group, cycle + apart.rank
        to_rank = least if least > to_rank else to_rank  # max() takes three times as long, and this is once a command
        groups[group] = to_group if to_group > groups[group] else groups[group]
        ranks[rank] = to_rank if to_rank > ranks[rank] else ranks[rank]
        last = to_group if to_group > to_rank else to_rank
        if len(ranks) > 1:
            last = max(last, self._close_others(rank, cycle + apart.channel))
        self._last = last if last > self._last else self._last
        self._first = min(ranks)

    def ready(self, banks: int, cycle: int) -> int:
        """Those of the set `banks` that are in open groups."""
        if cycle >= self._last:
            return banks
        if cycle < self._first:
            return 0
        ready = 0
        for group, mask in enumerate(self._masks):
            if self._groups[group] <= cycle and self._ranks[group // self._in_rank] <= cycle:
                ready |= mask
        return banks & ready

    def next(self, banks: int, cycle: int, found: int) -> int:
        """A cycle no later than the first in which some of `banks` are ready, or `found` where that is earlier.

        It is exact where a rank is open.
        """
        if cycle < self._first:
            return self._first if self._first < found else found
        for group, mask in enumerate(self._masks):
            if banks & mask:
                time = max(self._groups[group], self._ranks[group // self._in_rank])
                found = min(found, time)
        return found

    def _close_others(self, rank: int, until: int) -> int:
        """Close the other ranks `until` then, which is returned."""
        for other, closed in enumerate(self._ranks):
            if other != rank and closed < until:
                self._ranks[other] = until
        return until
