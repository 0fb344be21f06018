"""One kind of command: which banks want it, and from when on they may be given it."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush

from .distances import Apart
from .policy import NEVER


class Gate:
    """The banks that want one kind of command, and until when, in cycles, bank groups and ranks are closed to it.

    A bank enters the set `banks` when its own timing lets it take the command (or before, where nothing is open until
    then); it waits for that in a heap. None can be given the command before cycle `due`, and no group is open before
    `opens`. `masks` are the groups' sets of banks, `ranks` how many ranks they make; a set is a number with a bit for
    each bank.
    """

    __slots__ = ("_groups", "_last", "_rank_of", "_ranks", "_soon", "_times", "banks", "due", "opens")

    def __init__(self, masks: Sequence[int], ranks: int) -> None:
        self.banks = 0
        self.due = NEVER
        self.opens = self._last = 0  # all groups are open from the last on
        self._times = [NEVER] * masks[-1].bit_length()  # of each bank that wants the command
        self._soon: list[tuple[int, int]] = []  # time and bank; others than its time in `_times` are void
        in_rank = len(masks) // ranks
        self._groups = [[0, mask] for mask in masks]  # closed until, banks
        self._ranks = [[0, sum(masks[first : first + in_rank])] for first in range(0, len(masks), in_rank)]
        self._rank_of = [self._ranks[group // in_rank] for group in range(len(masks))]

    def want(self, bank: int, time: int) -> None:
        """`bank` wants the command, which its own timing allows from `time` on."""
        self._times[bank] = time
        if time <= self.opens:
            self.banks |= 1 << bank
            time = self.opens
        else:
            self.banks &= ~(1 << bank)
            heappush(self._soon, (time, bank))
        self.due = time if time < self.due else self.due

    def drop(self, bank: int) -> None:
        """`bank` wants it no longer."""
        self._times[bank] = NEVER
        self.banks &= ~(1 << bank)
        if not self.banks:
            self.due = max(self._soon[0][0], self.opens) if self._soon else NEVER

    def close(self, cycle: int, group: int, apart: Apart, least: int = 0) -> None:
        """A command in `cycle` to a bank of `group` keeps groups closed so long, its rank until `least` at least."""
        of_group, of_rank = self._groups[group], self._rank_of[group]
        in_group, in_rank, in_channel = apart
        to_group, to_rank = cycle + in_group, cycle + in_rank
        to_rank = least if least > to_rank else to_rank  # max() takes three times as long, and this is once a command
        of_group[0] = to_group if to_group > of_group[0] else of_group[0]
        of_rank[0] = self.opens = to_rank if to_rank > of_rank[0] else of_rank[0]
        last = to_group if to_group > to_rank else to_rank
        self._last = last if last > self._last else self._last
        if len(self._ranks) > 1:
            self._close_others(of_rank, cycle + in_channel)
        if self.banks or self._soon:
            self._see(cycle)

    def is_open(self, bank: int, cycle: int) -> bool:
        """Whether the command may be given to `bank` in `cycle` as far as others are concerned."""
        return cycle >= self._last or self._open(1 << bank, cycle) != 0

    def ready(self, cycle: int) -> int:
        """The set of banks that can be given the command in `cycle`, which is no earlier than `due`."""
        soon = self._soon
        while soon and soon[0][0] <= cycle:
            time, bank = heappop(soon)
            if self._times[bank] == time:
                self.banks |= 1 << bank
        ready = self.banks if cycle >= self._last else self._open(self.banks, cycle)
        if not ready:
            self._see(cycle)
        return ready

    def _see(self, cycle: int) -> None:
        """Find `due` anew; nothing more can be done in `cycle`."""
        due = NEVER
        if self.banks:
            due = self.opens if self.opens > cycle else self._next()
        if self._soon:
            soon = self._soon[0][0]
            if soon < due:
                due = soon if soon > self.opens else self.opens
        self.due = due

    def _open(self, banks: int, cycle: int) -> int:
        """Those of the set `banks` that are in open groups."""
        for closed, mask in self._groups:
            if closed > cycle:
                banks &= ~mask
        for closed, mask in self._ranks:
            if closed > cycle:
                banks &= ~mask
        return banks

    def _next(self) -> int:
        """The first cycle in which a group is open that has one of `banks`."""
        found = NEVER
        for (closed, mask), rank in zip(self._groups, self._rank_of, strict=True):
            if self.banks & mask:
                found = min(found, max(closed, rank[0]))
        return found

    def _close_others(self, but: list[int], until: int) -> None:
        """Close the other ranks `until` then."""
        for rank in self._ranks:
            if rank is not but and rank[0] < until:
                rank[0] = until
        self.opens = min(self._ranks)[0]
        self._last = max(self._last, until)
