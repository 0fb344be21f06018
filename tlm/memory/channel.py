"""One DRAM channel, timed by arithmetic: row segments find their activates and their time on the bus, once each.

Nothing steps a clock, and what was answered stands: a segment takes the earliest time that is left, which may be
before that of segments asked for earlier, as FR-FCFS would have it. Writes wait in a buffer and are drained together.
Inside, times are cycles of the memory's clock; "CAS" is when a read or write command is issued, its data follow nCL or
nCWL later.
"""

from __future__ import annotations

from collections import deque

import attrs

from ..core import Module, Rate
from .activates import Activates
from .column_slots import ColumnSlots
from .config import DramConfig
from .distances import distances
from .queue_room import QueueRoom
from .rows import NEVER, Bank, Group, Rank, row_timing
from .stats import ChannelStats

#: Writes are drained when more than these wait and there is nothing else to do.
FEW_WRITES = 8

#: What the data bus waits for while a request is there: a row, a refresh, a change of direction or rank, or the
#: latency of the access itself.
ACTIVATE, REFRESH, TURNAROUND, ACCESS = "activate", "refresh", "turnaround", "access"


class Access:
    """A row segment on its way: `count` bursts rotate over `banks` from the one at index `first`; `left` have no time.

    It may be served from `at` on; `entered` is when its banks have taken it, `begin` and `last` are its CAS so far.
    """

    __slots__ = (
        "at",
        "banks",
        "begin",
        "count",
        "entered",
        "first",
        "last",
        "left",
        "missed",
        "reason",
        "row",
        "write",
    )

    def __init__(self, banks: tuple[Bank, ...], row: int, first: int, count: int, write: bool) -> None:
        self.banks, self.row, self.first, self.write = banks, row, first, write
        self.count = self.left = count
        self.at = self.entered = 0
        self.begin, self.last = -NEVER, NEVER
        self.missed = 0
        self.reason = ACCESS

    def split(self, count: int) -> Access:
        """Its first `count` bursts, which are no longer in it."""
        part = Access(self.banks, self.row, self.first, count, self.write)
        self.first = (self.first + count) % len(self.banks)
        self.count = self.left = self.count - count
        return part

    def touched(self) -> tuple[Bank, ...]:
        """The banks of the bursts left, in their order."""
        banks, first = self.banks, self.first
        if len(banks) == 1:
            return banks
        return (banks[first:] + banks[:first])[: self.left]


class Channel(Module):
    """Serves row segments; its probe is the data bus', on which they move in the order of the calls."""

    kind = "memory channel"

    def __init__(self, parent: Module, name: str, config: DramConfig) -> None:
        super().__init__(parent, name)
        self.stats = ChannelStats()
        self._config = config
        self._most_reads, self._most_writes, self._depth = config.read_queue, config.write_queue, config.bank_queue
        self._set_timing(config)
        self._set_banks(config)
        self._of: dict[tuple[int, ...], tuple[Bank, ...]] = {}
        self._reads, self._writes = QueueRoom(), QueueRoom()
        self._posted: deque[Access] = deque()
        self._posted_bursts = 0
        self._slots = (ColumnSlots(self._burst), ColumnSlots(self._burst))
        self._write = False
        self._rank = self._ranks[0]
        self._last_cas = NEVER
        self._accepted = self._bus_free = 0

    def figures(self) -> dict[str, float | int]:
        """Its counts: bursts moved, and how many of them needed an activate of their own."""
        return attrs.asdict(self.stats)

    def rate(self) -> Rate:
        """Bytes moved, in whole bursts, against the data bus'."""
        config = self._config
        peak = config.peak_bytes_per_s / config.organisation.channels
        return Rate(config.burst_bytes * self.stats.bursts, peak, "B")

    def _set_timing(self, config: DramConfig) -> None:
        t, apart = config.timing, distances(config)
        self._tck = config.tCK_fs
        self._burst = max(config.burst_cycles, t.nCCD_S)
        self._bubble = t.nRTRS
        self._latency = (t.nCL, t.nCWL)
        self._group_step = max(t.nCCD_L, self._burst)
        self._groups_slow = self._group_step > self._burst
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
            rank = Rank(timing, Activates(t.nRRD_L, t.nRRD_S, t.nFAW), due, self.stats)
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
        """
        there = self._of.get(banks)
        if there is None:
            there = self._of[banks] = tuple([self._banks[bank] for bank in banks])
        tck = self._tck
        cycle = -(-at // tck)
        self._accepted = max(self._accepted, cycle)
        if self._posted_bursts > FEW_WRITES:
            self._drain_if_idle()
        access = Access(there, row, first, count, write)
        if write:
            accepted = self._post(access) * tck
            return accepted, accepted, accepted + tck
        self._accepted = access.at = self._reads.at_most(self._most_reads - 1, self._accepted)
        free = self._bus_free
        self._move(access, self._reads)
        latency = self._latency[write]
        return free * tck, (access.begin + latency) * tck, (access.last + latency + self._burst) * tck

    def _post(self, access: Access) -> int:
        """Take a write into the buffer, which is drained when it is full; returns when it is accepted."""
        access.at = accepted = self._reads.at_most(self._most_reads, self._accepted)
        self._posted.append(access)
        self._posted_bursts += access.count
        full = self._posted_bursts - self._posted_bursts % self._most_writes
        if full:
            accepted = self._writes.at_most(self._most_writes - 1, accepted)
            self._drain(accepted, full)
        self._accepted = accepted = self._writes.at_most(self._most_writes - self._posted_bursts, accepted)
        return accepted

    def _drain_if_idle(self) -> None:
        """Drain what has been waiting while nothing else was there to do."""
        idle = max(self._last_cas, self._posted[-1].at)
        if idle < self._accepted:
            self._drain(idle, self._posted_bursts)

    def _drain(self, at: int, bursts: int) -> None:
        """Move the oldest `bursts` of the write buffer, from `at` on."""
        posted = self._posted
        self._posted_bursts -= bursts
        while bursts:
            access = posted[0].split(bursts) if posted[0].count > bursts else posted.popleft()
            access.at = at
            bursts -= access.count
            self._move(access, self._writes)

    def _move(self, access: Access, queue: QueueRoom) -> None:
        """Find the bursts their time, and tell the queue when they leave it."""
        write, count, stats = access.write, access.count, self.stats
        if write is not self._write:
            self._turn(access)
        while access.left:
            self._place(access)
        if write:
            stats.written_bursts += count
        else:
            stats.read_bursts += count
        stats.row_misses += access.missed
        self._enter(access, queue)
        self._show(access)

    def _enter(self, access: Access, queue: QueueRoom) -> None:
        """Tell the queue when bursts leave it for those of their banks: some at once, the rest as these are issued."""
        count, at_once = access.count, self._depth * len(access.banks)
        if access.entered > access.at + 1:
            queue.add(access.entered, min(count, at_once), 0)
        if count > at_once:
            queue.add(access.begin, count - at_once, (access.last - access.begin) // (count - 1))

    def _turn(self, access: Access) -> None:
        """The bus changes its direction."""
        bank, was = access.banks[access.first], self._write
        turn = self._rank_turn if bank.rank is self._rank else self._channel_turn
        free = max(self._last_cas + turn[was], bank.group.last + self._group_turn[was])
        self._slots[access.write].turn(free)
        self._write = access.write
        access.reason = TURNAROUND

    def _place(self, access: Access) -> None:
        """Find time for the bursts that are left, or those of them before the next refresh."""
        touched, slots = access.touched(), self._slots[access.write]
        step = max(self._burst, -(-self._group_step // len(touched)))
        command = access.at + 1
        ready, due = self._ready(access, touched, command, step)
        if self._groups_slow:
            ready = self._in_groups(access, touched, slots.earliest(ready), step)
        rank = touched[0].rank
        lead = 0 if rank is self._rank else self._bubble
        begin, last, count = slots.take(ready, access.left, step, lead, due)
        if count:
            self._rank = rank
            self._use(access, touched, begin, last, count)
            return
        for bank in touched:
            if bank.refresh_due == due:
                bank.meet_refresh()
        access.reason = REFRESH

    def _ready(self, access: Access, touched: tuple[Bank, ...], command: int, step: int) -> tuple[int, int]:
        """When the first burst can be for every bank to be ready for its own, `step` after the one before.

        And when the first of the banks is refreshed next.
        """
        ready, due, turn, row, entered = command, -NEVER, 0, access.row, command
        each = -(-access.left // len(touched))
        for bank in touched:
            if command >= bank.refresh_due:
                bank.pass_refreshes(command)
            due = min(due, bank.refresh_due)
            room = bank.room(command)
            entered = max(entered, room)
            own = bank.ready(row, room, each) - turn
            if own > ready:
                ready = own
                if access.reason is ACCESS:
                    access.reason = ACTIVATE
            turn += step
        access.entered = entered
        return ready, due

    def _in_groups(self, access: Access, touched: tuple[Bank, ...], ready: int, step: int) -> int:
        """When the first burst can be for each to be at its distance from the others of its group."""
        write, width = access.write, len(touched)
        if width > 1 and ready >= self._slots[write].free:
            return self._behind_groups([bank.group.slots[write] for bank in touched], ready, step)
        start, apart = ready, max(step * width, self._group_step)
        for turn, bank in enumerate(touched):
            share = (access.left - turn + width - 1) // width
            begin, _, _ = bank.group.slots[write].take(ready + turn * step, share, apart, 0, -NEVER)
            start = max(start, begin - turn * step)
        return start

    def _behind_groups(self, groups: list[ColumnSlots], ready: int, step: int) -> int:
        """The same, behind all that there is; bursts that rotate leave a group no holes that others could use."""
        start = max(ready, *[slots.free - turn * step for turn, slots in enumerate(groups)])
        for turn, slots in enumerate(groups):
            slots.skip_to(start + turn * step)
        return start

    def _use(self, access: Access, touched: tuple[Bank, ...], begin: int, last: int, count: int) -> None:
        """Note the time that `count` bursts got, at each bank going back from the last burst."""
        width, write = len(touched), access.write
        access.begin = begin if begin < access.begin else access.begin
        access.last = last if last > access.last else access.last
        access.left -= count
        access.first = (access.first + count) % len(access.banks)
        self._last_cas = last if last > self._last_cas else self._last_cas
        step = (last - begin) // (count - 1) if count > 1 else self._burst
        for burst in range(count - 1, max(-1, count - 1 - width), -1):
            bank = touched[burst % width]
            access.missed += bank.used(last, burst // width + 1, step * width, write)
            if self._groups_slow:
                bank.group.slots[write].turn(last + self._group_step)
            last -= step

    def _show(self, access: Access) -> None:
        """Tell the probe what the bus does, and what it waited for."""
        since, begin, span, tck = self._bus_free, access.begin + self._latency[access.write], self.probe.span, self._tck
        if begin > since:
            since = max(since, access.at)
            refreshed = min(begin, access.banks[0].rank.refreshed)
            if refreshed > since:
                span(since * tck, refreshed * tck, REFRESH)
                since = refreshed
            if begin > since:
                span(since * tck, begin * tck, access.reason)
        else:
            begin = since
        self._bus_free = free = begin + access.count * self._burst
        span(begin * tck, free * tck)
