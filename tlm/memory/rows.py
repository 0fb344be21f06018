"""Banks timed by arithmetic: their open rows, their queues, and the refreshes of their ranks. All in cycles."""

from __future__ import annotations

from collections import deque

import attrs

from .activates import Activates
from .column_slots import ColumnSlots
from .config import DramConfig
from .distances import distances
from .policy import LONG_AGO, MOST_HITS, NEVER
from .stats import ChannelStats

CLOSED = -1


@attrs.frozen
class RowTiming:
    """What banks and ranks keep to: JEDEC's times, and from a read and a write to a precharge."""

    rcd: int
    rp: int
    ras: int
    rc: int
    ppd: int
    rfc: int
    refi: int
    to_precharge: tuple[int, int]
    queue: int  # bursts that wait at a bank
    closed_page: bool


def row_timing(config: DramConfig) -> RowTiming:
    """Those of `config`."""
    t, apart = config.timing, distances(config)
    return RowTiming(
        rcd=t.nRCD,
        rp=t.nRP,
        ras=t.nRAS,
        rc=t.nRC,
        ppd=t.nPPD,
        rfc=t.nRFC,
        refi=t.nREFI,
        to_precharge=(apart.after_read.precharge, apart.after_write.precharge),
        queue=config.bank_queue,
        closed_page=config.closed_page,
    )


class Rank:
    """Devices that are refreshed together and share the limits on activates; `refreshed` is when the last one ends.

    Some row of it is open from `_open_since` until `open_until`: an open page until the next refresh, as if a precharge
    never closed the only one.
    """

    __slots__ = (
        "_active_cycles",
        "_open_since",
        "_refreshes",
        "activates",
        "banks",
        "counts",
        "open_until",
        "refresh_due",
        "refreshed",
        "timing",
    )

    def __init__(self, timing: RowTiming, activates: Activates, refresh_due: int, counts: ChannelStats) -> None:
        self.timing, self.activates, self.counts = timing, activates, counts
        self.banks: list[Bank] = []
        self.refresh_due = refresh_due
        self.refreshed = self._refreshes = 0
        self._active_cycles = self._open_since = self.open_until = 0

    def refreshes(self, cycle: int) -> int:
        """How many there were until `cycle`, which is no earlier than anything else that it was asked for."""
        overdue = cycle - self.refresh_due
        return self._refreshes + (overdue // self.timing.refi + 1 if overdue >= 0 else 0)

    def active_cycles(self, cycle: int) -> int:
        """How many there were with a row open until `cycle`."""
        return self._active_cycles + max(0, min(self.open_until, self.refresh_due, cycle) - self._open_since)

    def reopen(self, at: int) -> None:
        """A row is opened at `at`, after all were closed."""
        self._active_cycles += self.open_until - self._open_since
        self._open_since = at
        self.open_until = at if self.timing.closed_page else NEVER

    def skip_refreshes(self, due: int) -> None:
        """Those before `due` came while nothing else was to be done."""
        if self.refresh_due < due:
            self._close(self.refresh_due)
            self._refreshes += (due - self.refresh_due) // self.timing.refi
            self.refresh_due = due

    def refresh(self) -> None:
        """Refresh now that it is due: precharge the open banks, then wait."""
        t, due = self.timing, self.refresh_due
        begin = due
        opened = [bank.precharge_ok for bank in self.banks if bank.row != CLOSED and bank.refresh_due == due]
        if opened:
            begin = max(begin + 1 + (len(opened) - 1) * t.ppd, *opened)
            self._close(begin)
            begin += t.rp
        self.refreshed = begin + t.rfc
        self.refresh_due += t.refi
        self._refreshes += 1

    def _close(self, at: int) -> None:
        """Its last row is closed at `at`, if it was open for so long."""
        self.open_until = max(self._open_since, min(self.open_until, at))


class Group:
    """A bank group: its last access, and the time that reads and writes have in it where it is slower than the bus."""

    __slots__ = ("last", "slots")

    def __init__(self, step: int) -> None:
        self.last = LONG_AGO
        self.slots = (ColumnSlots(step), ColumnSlots(step))


class Bank:
    """A bank: its row, what it may do when, and the accesses that were last in its queue: (last, how many, step).

    `refresh_due` is the rank's next refresh as far as this bank is concerned: others may be ahead of it. Of the row
    open before: until when it was, and how many accesses may yet overtake those that closed it.
    """

    __slots__ = (
        "activate_ok",
        "closed_page",
        "column_ok",
        "earlier_row",
        "earlier_until",
        "fresh",
        "group",
        "last",
        "overtakers",
        "precharge_ok",
        "rank",
        "recent",
        "refresh_due",
        "row",
        "timing",
        "to_precharge",
    )

    def __init__(self, rank: Rank, group: Group) -> None:
        self.rank, self.group, self.timing = rank, group, rank.timing
        self.to_precharge, self.closed_page = self.timing.to_precharge, self.timing.closed_page
        self.row = self.earlier_row = CLOSED
        self.fresh = False
        self.activate_ok = self.precharge_ok = self.column_ok = 0
        self.earlier_until = self.last = LONG_AGO
        self.overtakers = 0
        self.refresh_due = rank.refresh_due
        self.recent: deque[tuple[int, int, int]] = deque([(LONG_AGO, 1, 0)], maxlen=self.timing.queue)

    def room(self, at: int) -> int:
        """When its queue takes a burst that comes at `at`: once the one a queue's depth before it was issued."""
        depth = self.timing.queue
        for last, count, step in reversed(self.recent):
            if count >= depth:
                return max(at, last - (depth - 1) * step)
            depth -= count
        return at

    def open(self, row: int, at: int, count: int) -> int:
        """When `count` accesses to `row`, which is not the open one, can begin if they are queued at `at`.

        A few still find the row open that was before; else it is closed, and this one is activated.
        """
        if self.earlier_row == row and at <= self.earlier_until and count <= self.overtakers:
            self.overtakers -= count
            return at
        t, rank = self.timing, self.rank
        if self.row != CLOSED:
            at = at if at > self.precharge_ok else self.precharge_ok
            self.earlier_row, self.earlier_until, self.overtakers = self.row, at, MOST_HITS
            at += t.rp
        act = rank.activates.earliest(at if at > self.activate_ok else self.activate_ok, self.group)
        if act > rank.open_until:
            rank.reopen(act)
        self.row, self.fresh = row, True
        self.activate_ok, self.precharge_ok, self.column_ok = act + t.rc, act + t.ras, act + t.rcd
        rank.counts.activates += 1
        return self.column_ok

    def used(self, last: int, count: int, step: int, write: bool) -> None:
        """Note `count` accesses, the last one at `last`, `step` apart."""
        self.recent.append((last, count, step))
        self.last = last
        if self.fresh:
            self.fresh = False
            self.rank.counts.row_misses += 1
        again = last + self.to_precharge[write]
        self.precharge_ok = again if again > self.precharge_ok else self.precharge_ok
        group = self.group
        group.last = last if last > group.last else group.last
        if self.closed_page:
            self._close_page()

    def _close_page(self) -> None:
        """Its row is closed as soon as it can be."""
        self.row = CLOSED
        self.activate_ok = max(self.activate_ok, self.precharge_ok + self.timing.rp)
        self.rank.open_until = max(self.rank.open_until, self.precharge_ok)

    def pass_refreshes(self, now: int) -> None:
        """Those of its rank that were due by `now`."""
        skipped = (now - self.refresh_due) // self.timing.refi
        if skipped:
            self.row = CLOSED
            self.refresh_due += skipped * self.timing.refi
            self.rank.skip_refreshes(self.refresh_due)
        self.meet_refresh()

    def meet_refresh(self) -> None:
        """Its rank's next refresh comes before anything else it does."""
        rank = self.rank
        if self.refresh_due == rank.refresh_due:
            rank.refresh()
        self.refresh_due += self.timing.refi
        self.row = self.earlier_row = CLOSED
        self.activate_ok = max(self.activate_ok, rank.refreshed)
