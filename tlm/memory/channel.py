"""One DRAM channel, timed by arithmetic: row segments find their activates and their time on the bus, once each.

Nothing steps a clock, and what was answered stands: a segment takes the earliest time that is left, which may be
before that of segments asked for earlier, as FR-FCFS would have it. Writes wait in a buffer and are drained together.
Inside, times are cycles of the memory's clock; "CAS" is when a read or write command is issued, its data follow nCL or
nCWL later.
"""

from __future__ import annotations

from collections import deque

import attrs

from ..core import Module
from .activates import Activates
from .column_slots import ColumnSlots
from .config import DramConfig
from .distances import distances
from .memory_channel import MemoryChannel
from .policy import ACCESS, ACTIVATING, FEW_WRITES, LONG_AGO, NEVER, REFRESHING, TURNAROUND
from .queue_room import QueueRoom
from .rows import Bank, Group, Rank, row_timing
from .stats import ChannelStats

#: A write in the buffer: since when, and its banks, row, first bank and bursts.
Posted = tuple[int, tuple[Bank, ...], int, int, int]


class Channel(MemoryChannel):
    """Serves row segments; its probe shows them on the data bus in the order of the calls."""

    def __init__(self, parent: Module, name: str, config: DramConfig) -> None:
        super().__init__(parent, name, config)
        self._span, self._counts = self.probe.span, ChannelStats()
        self._moved = [0, 0]  # bursts read, and written
        self._most_reads, self._most_writes, self._depth = config.read_queue, config.write_queue, config.bank_queue
        self._most_waiting = config.read_queue - 1
        self._set_timing(config)
        self._set_banks(config)
        self._of: dict[tuple[int, ...], tuple[Bank, ...]] = {}
        self._reads, self._writes = self._queues = QueueRoom(), QueueRoom()
        self._posted: deque[Posted] = deque()
        self._posted_bursts = 0
        turns = self._rank_turn[False] - self._burst, self._rank_turn[True] - self._burst
        self._slots = ColumnSlots(self._burst, turns)
        self._rank = self._ranks[0]
        self._last_cas = LONG_AGO
        self._accepted = self._bus_free = self._drained = 0
        self._entered, self._reason = 0, ACCESS  # of the segment on its way: when its banks have taken it, what held it

    @property
    def moved_bursts(self) -> int:
        """Those read and written."""
        return sum(self._moved)

    @property
    def moved_fs(self) -> int:
        """Until when the bus is taken."""
        return self._bus_free * self._tck

    @property
    def stats(self) -> ChannelStats:
        """What it did until now or, where that is later, until it has moved what it gave a time."""
        now = -(-int(self.env._now) // self._tck)
        if self._posted_bursts > FEW_WRITES:
            self._drain_if_idle(max(now, self._accepted))
        until = max(now, self._bus_free)
        return attrs.evolve(
            self._counts,
            read_bursts=self._moved[False],
            written_bursts=self._moved[True],
            refreshes=sum(rank.refreshes(until) for rank in self._ranks),
            active_cycles=sum(rank.active_cycles(until) for rank in self._ranks),
        )

    def _set_timing(self, config: DramConfig) -> None:
        t, apart, organisation = config.timing, distances(config), config.organisation
        self._tck = config.tCK_fs
        self._burst = max(config.burst_cycles, t.nCCD_S)
        self._bubble = t.nRTRS
        self._latency = (t.nCL, t.nCWL)
        self._group_step = max(t.nCCD_L, self._burst)
        self._groups_slow = self._group_step > self._burst
        # Between bursts that rotate over so many bank groups.
        widths = range(1, organisation.bank_groups + 1)
        self._steps = (0, *(max(self._burst, -(-self._group_step // width)) for width in widths))
        # From the last CAS of one direction to the first of the other, within a bank group, a rank, or not.
        self._group_turn, self._rank_turn, self._channel_turn = zip(
            apart.after_read.write, apart.after_write.read, strict=True
        )

    def _set_banks(self, config: DramConfig) -> None:
        t, organisation = config.timing, config.organisation
        timing = row_timing(config)
        self._ranks = []
        self._banks: list[Bank] = []
        for number in range(organisation.ranks):
            due = t.nREFI * (number + 1) // organisation.ranks
            rank = Rank(timing, Activates(t.nRRD_L, t.nRRD_S, t.nFAW), due, self._counts)
            groups = [Group(self._group_step) for _ in range(organisation.bank_groups)]
            rank.banks = [Bank(rank, group) for group in groups for _ in range(organisation.banks)]
            self._ranks.append(rank)
            self._banks += rank.banks

    def serve(
        self, at: int, banks: tuple[int, ...], row: int, first: int, count: int, write: bool
    ) -> tuple[int, int, int]:
        """Move `count` bursts of a row that rotate over `banks` from the one at index `first`.

        `at` is when the request is accepted if there is room. Returns when the bus was free of earlier work, when it
        begins to move this segment, and when the last burst is through; a write is through when it has been accepted.
        All in cycles.
        """
        try:
            there = self._of[banks]
        except KeyError:
            there = self._of[banks] = tuple([self._banks[bank] for bank in banks])
        at = at if at > self._accepted else self._accepted
        if self._posted_bursts > FEW_WRITES:
            self._drain_if_idle(at)
        if write:
            accepted = self._post(at, there, row, first, count)
            return accepted, accepted, accepted + 1
        self._accepted = at = self._reads.at_most(self._most_waiting, at)
        free, latency = self._bus_free, self._latency[False]
        begin, last = self._move(at, there, row, first, count, False)
        return free, begin + latency, last + latency + self._burst

    def _post(self, at: int, banks: tuple[Bank, ...], row: int, first: int, count: int) -> int:
        """Take a write into the buffer, which is drained when it is full; returns when it is accepted."""
        accepted = self._reads.at_most(self._most_reads, at)
        self._posted.append((accepted, banks, row, first, count))
        self._posted_bursts += count
        full = self._posted_bursts - self._posted_bursts % self._most_writes
        if full:
            accepted = self._writes.at_most(self._most_writes - 1, accepted)
            self._drain(accepted, full)
        self._accepted = accepted = self._writes.at_most(self._most_writes - self._posted_bursts, accepted)
        return accepted

    def _drain_if_idle(self, now: int) -> None:
        """Drain what has been waiting while, before `now`, nothing else was there to do."""
        idle = max(self._last_cas, self._posted[-1][0])
        if idle < now:
            self._drain(idle, self._posted_bursts)

    def _drain(self, at: int, bursts: int) -> None:
        """Move the oldest `bursts` of the write buffer, from `at` on."""
        posted = self._posted
        self._posted_bursts -= bursts
        while bursts:
            since, banks, row, first, count = posted.popleft()
            if count > bursts:
                posted.appendleft((since, banks, row, (first + bursts) % len(banks), count - bursts))
                count = bursts
            bursts -= count
            self._move(at, banks, row, first, count, True)

    def _move(self, at: int, banks: tuple[Bank, ...], row: int, first: int, count: int, write: bool) -> tuple[int, int]:
        """Find the bursts of a segment their time, from `at` on: when the first and the last CAS are."""
        if 1 < count <= len(banks):
            return self._scatter(at, (banks[first:] + banks[:first])[:count], row, write)
        self._reason = ACCESS
        begin, last, taken = self._place(at + 1, banks, row, first, count, write)
        left = count - taken
        while left:
            first = (first + taken) % len(banks)
            again, last, taken = self._place(at + 1, banks, row, first, left, write)
            begin = again if left == count else begin
            left -= taken
        self._moved[write] += count
        self._enter(at + 1, begin, last, count, len(banks), write)
        self._show(at, banks[0].rank, begin + self._latency[write], count)
        return begin, last

    def _scatter(self, at: int, banks: tuple[Bank, ...], row: int, write: bool) -> tuple[int, int]:
        """As `_move`, where each bank has but one burst: none waits for the others' banks."""
        moved = [self._move(at, (bank,), row, 0, 1, write) for bank in banks]
        return min(begin for begin, _ in moved), max(last for _, last in moved)

    def _enter(self, command: int, begin: int, last: int, count: int, banks: int, write: bool) -> None:
        """Tell the queue when bursts leave it for those of their banks: some at once, the rest as these are issued.

        While writes are drained, reads stay where they are; one that finds time before them takes it in place of
        another that would have been left behind.
        """
        at_once, queue, entered = self._depth * banks, self._queues[write], self._entered
        if not write:
            entered = entered if entered > self._drained else self._drained
        elif entered > self._drained:
            self._drained = entered
        if count > at_once:
            step = (last - begin) // (count - 1)
            queue.add(begin, count - at_once, step)
            count = at_once
            if write:
                self._drained = max(self._drained, last - (at_once - 1) * step)
        if entered > command:
            queue.add(entered, count, 0)

    def _behind(self, bank: Bank, ready: int, write: bool) -> int:
        """When an access to `bank` may begin behind all others, before which the bus changes direction or rank.

        With more to do than a bank's queue holds, the controller is as good as free to stay with a rank.
        """
        slots, rank = self._slots, bank.rank
        if write is slots.write:
            waiting = rank is self._rank or slots.free - ready >= self._depth * self._burst
            return slots.free if waiting else slots.free + self._bubble
        was = slots.write
        turn = self._rank_turn if rank is self._rank else self._channel_turn
        behind = max(slots.free - self._burst + turn[was], bank.group.last + self._group_turn[was])
        if behind > ready or self._reason is ACCESS:
            self._reason = TURNAROUND
        return behind

    def _place(
        self, command: int, banks: tuple[Bank, ...], row: int, first: int, count: int, write: bool
    ) -> tuple[int, int, int]:
        """Find time for `count` bursts, or those before the next refresh: the first and the last CAS, and how many."""
        touched = banks
        if first or count < len(banks):
            touched = (banks[first:] + banks[:first])[:count]
        step = self._steps[len(touched)]
        ready, due = self._ready(touched, row, command, step)
        slots, rank = self._slots, touched[0].rank
        same = write is slots.write and rank is self._rank
        behind = slots.free if same else self._behind(touched[0], ready, write)
        if self._groups_slow:
            ready = self._in_groups(touched, ready, behind, count, step, write)
        placed = slots.take(ready, count, step, behind, due, write)
        if placed[2]:
            self._rank = rank
            self._use(touched, placed, write)
        if placed[2] < count:
            self._refresh(touched, due)
        return placed

    def _ready(self, touched: tuple[Bank, ...], row: int, command: int, step: int) -> tuple[int, int]:
        """When the first burst can be for every bank to be ready for its own, `step` after the one before.

        And when the first of the banks is refreshed next.
        """
        ready, due, turn, entered = command, NEVER, 0, command
        for bank in touched:
            refresh_due = bank.refresh_due
            if command >= refresh_due:
                bank.pass_refreshes(command)
                refresh_due = bank.refresh_due
            due = due if due < refresh_due else refresh_due
            room = command if bank.last <= command else bank.room(command)
            entered = room if room > entered else entered
            latest = bank.latest
            if latest.row == row and room < latest.until:
                bank.found = latest
                own = latest.column_ok
                if latest.late:
                    own, latest.late = max(own, room + latest.late), 0
            else:
                own = bank.open(row, room)
            own = (own if own > room else room) - turn
            ready = own if own > ready else ready
            turn += step
        self._entered = entered
        if ready > command and self._reason is ACCESS:
            self._reason = ACTIVATING
        return ready, due

    def _in_groups(self, touched: tuple[Bank, ...], ready: int, behind: int, count: int, step: int, write: bool) -> int:
        """When the first burst can be for each to be at its distance from the others of its group."""
        slots, width = self._slots, len(touched)
        if ready < behind:
            ready = slots.earliest(ready, behind, write)
        if width > 1 and ready >= slots.free:
            return self._behind_groups(touched, ready, step, write)
        start, apart = ready, self._group_step if self._group_step > step * width else step * width
        turn = 0
        for bank in touched:
            others = bank.group.slots[write]
            begin, _, _ = others.take(ready + turn, -(-count // width), apart, others.free, NEVER)
            start = begin - turn if begin - turn > start else start
            turn += step
            count -= 1
        return start

    def _behind_groups(self, touched: tuple[Bank, ...], ready: int, step: int, write: bool) -> int:
        """The same, behind all that there is; bursts that rotate leave a group no holes that others could use."""
        groups = [bank.group.slots[write] for bank in touched]
        turn, rotation = 0, step * len(touched)
        for slots in groups:
            behind = slots.free - turn
            ready = behind if behind > ready else ready
            turn += step
        at = ready
        for slots in groups:
            if at - slots.free >= rotation:
                slots.skip_to(at)
            slots.free = at
            at += step
        return ready

    def _use(self, touched: tuple[Bank, ...], placed: tuple[int, int, int], write: bool) -> None:
        """Note the time that bursts got, counted back from the last: those of one bank lie `width` steps apart."""
        begin, last, count = placed
        self._last_cas = last if last > self._last_cas else self._last_cas
        width = len(touched)
        step = (last - begin) // (count - 1) if count > 1 else self._burst
        if width == 1:
            touched[0].used(last, count, step, write)
            return
        apart, at = step * width, last - (count - 1) * step
        for bank in touched[:count]:
            share = -(-count // width)
            bank.used(at + (share - 1) * apart, share, apart, write)
            at += step
            count -= 1

    def _refresh(self, touched: tuple[Bank, ...], due: int) -> None:
        """Those of the banks that are refreshed at `due` can do nothing more before it."""
        for bank in touched:
            if bank.refresh_due == due:
                bank.meet_refresh()
        self._reason = REFRESHING

    def _show(self, at: int, rank: Rank, begin: int, count: int) -> None:
        """Tell the probe what the bus does from `begin` on, and what it waited for while there was a request."""
        since, span, tck = self._bus_free, self._span, self._tck
        if begin > since:
            since = since if since > at else at
            if rank.refreshed > since and begin > since:
                refreshed = min(begin, rank.refreshed)
                span(since * tck, refreshed * tck, REFRESHING)
                since = refreshed
            if begin > since:
                span(since * tck, begin * tck, self._reason)
        else:
            begin = since
        self._bus_free = free = begin + count * self._burst
        span(begin * tck, free * tck)
