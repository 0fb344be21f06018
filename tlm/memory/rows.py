"""Banks timed by arithmetic: their open rows, their queues, and the refreshes of their ranks. All in cycles."""

from __future__ import annotations

from collections import deque

import attrs

from .activates import Activates
from .column_slots import ColumnSlots
from .config import DramConfig
from .distances import distances
from .policy import LONG_AGO, NEVER
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
        opened = [bank.latest.precharge_ok for bank in self.banks if bank.is_open and bank.refresh_due == due]
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
    """A bank group: its last access, and the time that reads and writes, `step` apart, have in it."""

    __slots__ = ("last", "slots", "step")

    def __init__(self, step: int) -> None:
        self.last, self.step = LONG_AGO, step
        self.slots = (ColumnSlots(step), ColumnSlots(step))


class Opening:
    """A row of a bank from its activate on: from when it can be accessed, and precharged.

    Accesses that are queued before `until` find it open: NEVER while nothing is known that closes it. It is `fresh`
    until the first has come. If it is deferred after that, what was answered was so much too early: all `late` cycles
    are added to the next access.
    """

    __slots__ = ("column_ok", "fresh", "late", "precharge_ok", "row", "until")

    def __init__(self) -> None:
        self.row, self.fresh, self.late = CLOSED, False, 0
        self.column_ok = self.precharge_ok = self.until = LONG_AGO

    def defer(self, cycles: int) -> None:
        """What is left of it comes so much later."""
        self.column_ok += cycles
        self.precharge_ok += cycles
        if self.until < NEVER:
            self.until += cycles
        if not self.fresh:
            self.late += cycles


class Bank:
    """A bank: its rows as they are opened one after the other, and what was last in its queue: (last, how many, step).

    First-ready, first-come-first-served in one rule: accesses to a row that are queued before it is closed are hits of
    it, though others were asked for in between. What was answered stands, so a bank's rows are given their times in
    the order of the calls, far ahead of now; `earlier` ones are kept while there may be accesses in time for them. If
    they make a row stay open for longer, all that the bank does behind it is deferred by as much.

    `refresh_due` is the rank's next refresh as far as this bank is concerned: others may be ahead of it. `found` is the
    opening that the access on its way finds, and `start` when it can be used, if it is an earlier one.
    """

    __slots__ = (
        "activate_ok",
        "closed_page",
        "earlier",
        "found",
        "group",
        "last",
        "latest",
        "rank",
        "recent",
        "refresh_due",
        "start",
        "timing",
        "to_precharge",
    )

    def __init__(self, rank: Rank, group: Group) -> None:
        self.rank, self.group, self.timing = rank, group, rank.timing
        self.to_precharge, self.closed_page = self.timing.to_precharge, self.timing.closed_page
        self.latest = self.found = Opening()
        self.earlier: list[Opening] = []
        self.activate_ok = self.start = 0
        self.last = LONG_AGO
        self.refresh_due = rank.refresh_due
        self.recent: deque[tuple[int, int, int]] = deque([(LONG_AGO, 1, 0)], self.timing.queue)

    @property
    def is_open(self) -> bool:
        """Whether a row is, which nothing but a refresh or another row closes."""
        return self.latest.until == NEVER

    def room(self, at: int) -> int:
        """When its queue takes a burst that comes at `at`: once the one a queue's depth before it was issued."""
        depth = self.timing.queue
        for last, count, step in reversed(self.recent):
            if count >= depth:
                return max(at, last - (depth - 1) * step)
            depth -= count
        return at

    def open(self, row: int, at: int) -> int:
        """When accesses queued at `at` to `row`, which the latest opening has not or no longer, can begin.

        An earlier one may have it yet; else what is open is closed for them, and `row` is activated.
        """
        if self.earlier and self._in_time(row, at):
            return self.start
        t, rank, opening = self.timing, self.rank, self.latest
        ready = opening.precharge_ok
        if opening.until == NEVER:
            opening.until = ready + 1
            if at >= ready:
                opening.until = ready = at
        ready += t.rp
        ready = ready if ready > at else at
        act = rank.activates.earliest(ready if ready > self.activate_ok else self.activate_ok, self.group)
        if act > rank.open_until:
            rank.reopen(act)
        rank.counts.activates += 1
        if at < opening.until:
            self.earlier = [each for each in self.earlier if at < each.until]
            self.earlier.append(opening)
            opening = self.latest = Opening()
        self.found = opening
        opening.row, opening.fresh, opening.late, opening.until = row, True, 0, NEVER
        self.activate_ok, opening.precharge_ok, opening.column_ok = act + t.rc, act + t.ras, act + t.rcd
        return opening.column_ok

    def _in_time(self, row: int, at: int) -> bool:
        """Whether accesses to `row` that are queued at `at` find it open before those that close it."""
        for opening in self.earlier:
            if opening.row == row and at + opening.late < opening.until:
                self.found = opening
                self.start = max(at + opening.late, opening.column_ok)
                opening.late = 0
                return True
        return False

    def used(self, last: int, count: int, step: int, write: bool) -> None:
        """Note `count` accesses of what was found open or opened for them, the last one at `last`, `step` apart."""
        if last >= self.last:
            self.last = last
            self.recent.append((last, count, step))
        else:
            self.recent = deque(sorted((*self.recent, (last, count, step))), self.timing.queue)
        opening, group = self.found, self.group
        if last > group.last:
            group.last = last
            slots, behind = group.slots[write], last + group.step
            slots.free = behind if behind > slots.free else slots.free
        if opening.fresh:
            opening.fresh = False
            self.rank.counts.row_misses += 1
        if opening is self.latest:
            again = last + self.to_precharge[write]
            opening.precharge_ok = again if again > opening.precharge_ok else opening.precharge_ok
        else:
            self._stay_open(opening, self.start + (count - 1) * step, write)
        if self.closed_page:
            self._close_page(opening, last)

    def _close_page(self, opening: Opening, last: int) -> None:
        """A closed page's row is precharged behind its `last` access, unless more are queued by then."""
        if opening is self.latest:
            opening.until = last + 1
        self.rank.open_until = max(self.rank.open_until, opening.precharge_ok)

    def _stay_open(self, opening: Opening, last: int, write: bool) -> None:
        """An earlier opening is used until `last`; what comes behind it is deferred by as much as it is longer open.

        `last` is when it could be were the bus free: accesses that wait for the bus do so in place of others.
        """
        opening.column_ok = last + self.group.step
        cycles = last + self.to_precharge[write] - opening.precharge_ok
        if cycles <= 0:
            return
        opening.precharge_ok += cycles
        opening.until += cycles
        for later in self.earlier[self.earlier.index(opening) + 1 :]:
            later.defer(cycles)
        self.latest.defer(cycles)
        self.activate_ok += cycles

    def pass_refreshes(self, now: int) -> None:
        """Those of its rank that were due by `now`."""
        skipped = (now - self.refresh_due) // self.timing.refi
        if skipped:
            self._forget()
            self.refresh_due += skipped * self.timing.refi
            self.rank.skip_refreshes(self.refresh_due)
        self.meet_refresh()

    def meet_refresh(self) -> None:
        """Its rank's next refresh comes before anything else it does."""
        rank = self.rank
        if self.refresh_due == rank.refresh_due:
            rank.refresh()
        self.refresh_due += self.timing.refi
        self._forget()
        self.activate_ok = max(self.activate_ok, rank.refreshed)

    def _forget(self) -> None:
        """No row is open any more."""
        self.latest = Opening()
        self.earlier = []
