"""The banks of one DRAM channel with their queues: which commands could be issued when, and issuing them."""

from __future__ import annotations

from collections import deque
from heapq import heappop, heappush
from typing import Any

import attrs

from .burst import Burst, Request
from .config import DramConfig
from .distances import Apart, distances
from .gate import Gate
from .policy import ACCESS, ACTIVATING, BANK_GROUP, MOST_HITS, NEVER, REFRESHING, TURNAROUND
from .stats import ChannelStats

CLOSED = -1

ACTIVATE, PRECHARGE, READ, WRITE, REFRESH = "ACT", "PRE", "RD", "WR", "REF"

ROW, COLUMN = 1, 2  # kinds of commands: those that open and close rows, and those that move data

#: The data bus is asked for, begins to move, and has moved bursts without a gap; what it waited for in between.
Run = list[Any]

#: A command as the log has it: (cycle, name, bank or, of a refresh, rank, row).
Logged = tuple[int, str, int, int]


class Banks:
    """Open rows, queues and earliest times of all banks; banks, groups and ranks are numbered through.

    A set of banks is a number with a bit for each. Four of them hold the banks whose own timing lets them take a
    command: `_rows` an activate, `_closes` a precharge, `_reads` and `_writes` a column access that hits. Those whose
    time is still to come are in the heap `soon`. What banks share (groups, ranks, the bus) is looked at when a command
    is chosen.
    """

    def __init__(self, config: DramConfig, log: list[Logged] | None) -> None:
        t, organisation = config.timing, config.organisation
        groups = organisation.ranks * organisation.bank_groups
        in_group, in_rank = organisation.banks, organisation.banks * organisation.bank_groups
        count = organisation.ranks * in_rank
        self.count = count
        self.counts = ChannelStats()
        self.pending_writes: set[int] = set()
        self.runs: list[Run] = []
        self.queued = 0
        self.full = 0  # the set of banks whose queues are
        self.rank_banks = [range(first, first + in_rank) for first in range(0, count, in_rank)]
        self.rank_masks = [((1 << in_rank) - 1) << banks.start for banks in self.rank_banks]
        self._log = log
        self._depth = config.bank_queue
        self._closed_page = config.closed_page
        self._t = t
        apart = distances(config)
        self._after = apart.after_read, apart.after_write
        self._after_activate = apart.after_activate
        self._group = [bank // in_group for bank in range(count)]
        self._rank = [bank // in_rank for bank in range(count)]
        self._group_masks = [((1 << in_group) - 1) << group * in_group for group in range(groups)]
        self._queues: list[list[Burst]] = [[] for _ in range(count)]
        self._open = [CLOSED] * count
        self._hitting = ([0] * count, [0] * count)  # reads and writes in the queue that hit the open row
        self._hits = [0] * count
        self._activate_at, self._precharge_at, self._column_at = [0] * count, [0] * count, [0] * count
        self._rows = self._closes = self._reads = self._writes = 0
        self.soon: list[tuple[int, int]] = []
        self._for_read, self._for_write, self._for_activate = (
            Gate(self._group_masks, organisation.ranks) for _ in range(3)
        )
        self._for_precharge = Gate(self.rank_masks, organisation.ranks)
        self._nRC = t.nRC
        self._after_precharge = Apart(t.nPPD, t.nPPD, 0) if t.nPPD > 1 else None  # one apart by the command bus
        self._read_latency = t.nCL + config.burst_cycles
        self.finished: list[Request] = []
        self._fifth = [deque([0] * 4, 4) for _ in self.rank_banks]  # when a rank may activate, after the last four
        self._opened = [0] * len(self.rank_banks)
        self._opened_since, self._opened_until = [0] * len(self.rank_banks), [0] * len(self.rank_banks)
        self._last = 0
        self._latency = (t.nCL, t.nCWL)
        self._burst = config.burst_cycles
        self.bus_free = 0
        self._bus_was = (False, 0)  # the direction and bank group of the last burst
        self._refreshed = False
        self._groups_slow = t.nCCD_L > self._burst

    def add(self, burst: Burst, cycle: int) -> None:
        """Queue `burst` at its bank, which must have room; it may be served from the next cycle on."""
        bank = burst.bank
        queue = self._queues[bank]
        queue.append(burst)
        self.queued += 1
        if len(queue) >= self._depth:
            self.full |= 1 << bank
        if burst.row == self._open[bank]:
            self._hitting[burst.write][bank] += 1
            self._look(bank, cycle)
        elif len(queue) == 1:  # behind others that do not hit it changes nothing
            self._look(bank, cycle)

    def holds_read(self, bank: int, key: int) -> bool:
        """Whether a read of that burst is queued."""
        return any(burst.key == key and not burst.write for burst in self._queues[bank])

    def wake(self, cycle: int) -> None:
        """Take those into the sets whose time has come."""
        soon = self.soon
        while soon and soon[0][0] <= cycle:
            self._look(heappop(soon)[1], cycle)

    def issue(self, cycle: int, blocked: int, kinds: int = ROW | COLUMN) -> int:
        """Issue the command of the next bank in turn that has one, of banks not `blocked`, if it is one of `kinds`.

        Returns its kind, 0 where there is none.
        """
        free = ~blocked
        reads = self._reads and self._for_read.ready(self._reads & free, cycle)
        writes = self._writes and self._for_write.ready(self._writes & free, cycle)
        rows = self._rows and self._for_activate.ready(self._rows & free, cycle)
        closes = self._closes and self._for_precharge.ready(self._closes & free, cycle)
        ready = reads | writes | rows | closes
        if not ready:
            return 0
        bank = self._next_in_turn(ready)
        bit = 1 << bank
        kind = ROW if (rows | closes) & bit else COLUMN
        if not kind & kinds:
            return 0
        if rows & bit:
            self._activate(bank, cycle)
        elif closes & bit:
            self._precharge(bank, cycle)
        else:
            self._access(bank, cycle, reads & bit, writes & bit)
        return kind

    def next_command(self, cycle: int, blocked: int) -> int:
        """The first cycle after `cycle` in which a bank that is not `blocked` may be given a command."""
        free = ~blocked
        found = self.soon[0][0] if self.soon else NEVER
        if self._reads & free:
            found = self._for_read.next(self._reads & free, cycle, found)
        if self._writes & free:
            found = self._for_write.next(self._writes & free, cycle, found)
        if self._rows & free:
            found = self._for_activate.next(self._rows & free, cycle, found)
        if self._closes & free:
            found = self._for_precharge.next(self._closes & free, cycle, found)
        return found if found > cycle else cycle + 1

    def refresh(self, rank: int, cycle: int) -> tuple[bool, bool]:
        """Precharge a bank of `rank`, or refresh it where all are closed: whether a command was issued, and which."""
        closed = True
        for bank in self.rank_banks[rank]:
            if self._open[bank] != CLOSED:
                closed = False
                if self._precharge_at[bank] <= cycle and self._for_precharge.ready(1 << bank, cycle):
                    self._precharge(bank, cycle)
                    return True, False
        if not closed or self.refresh_at(rank) > cycle:
            return False, False
        self._refresh(rank, cycle)
        return True, True

    def refresh_at(self, rank: int) -> int:
        """The cycle from which on the next command towards a refresh of `rank` may be issued."""
        opened = [self._precharge_at[bank] for bank in self.rank_banks[rank] if self._open[bank] != CLOSED]
        if opened:
            return max(min(opened), self._for_precharge.next(self.rank_masks[rank], 0, NEVER))
        return max(self._activate_at[bank] for bank in self.rank_banks[rank])

    def stats(self, cycle: int) -> ChannelStats:
        """The counts until `cycle`."""
        ranks = zip(self._opened, self._opened_since, self._opened_until, strict=True)
        active = sum(max(0, (cycle if opened else min(until, cycle)) - since) for opened, since, until in ranks)
        return attrs.evolve(self.counts, active_cycles=self.counts.active_cycles + active)

    def answer_from_buffer(self, burst: Burst, cycle: int) -> None:
        """Merge `burst` with the write of its data that waits; a read is answered as fast as from an open row."""
        if burst.write:
            self.counts.merged_bursts += 1
        else:
            self.counts.forwarded_bursts += 1
            self._answer(burst, cycle + 1 + self._read_latency)

    def _look(self, bank: int, cycle: int) -> None:
        """Put `bank` into the sets it belongs to, or into the heap where its own timing is in the way."""
        bit = 1 << bank
        keep = ~bit
        self._rows &= keep
        self._closes &= keep
        self._reads &= keep
        self._writes &= keep
        queue = self._queues[bank]
        if not queue:
            return
        row = self._open[bank]
        if row == CLOSED:
            if self._activate_at[bank] <= cycle:
                self._rows |= bit
            else:
                heappush(self.soon, (self._activate_at[bank], bank))
            return
        reads, writes = self._hitting[0][bank], self._hitting[1][bank]
        if reads or writes:
            if self._column_at[bank] <= cycle:
                if reads:
                    self._reads |= bit
                if writes:
                    self._writes |= bit
            else:
                heappush(self.soon, (self._column_at[bank], bank))
        if queue[0].row != row and (self._hits[bank] >= MOST_HITS or not (reads or writes)):
            if self._precharge_at[bank] <= cycle:
                self._closes |= bit
            else:
                heappush(self.soon, (self._precharge_at[bank], bank))

    def _next_in_turn(self, banks: int) -> int:
        """The bank of the set that follows the one last served."""
        after = banks >> (self._last + 1)
        self._last = self._last + (after & -after).bit_length() if after else (banks & -banks).bit_length() - 1
        return self._last

    def _activate(self, bank: int, cycle: int) -> None:
        t, queue, rank = self._t, self._queues[bank], self._rank[bank]
        row = self._open[bank] = queue[0].row
        self._hits[bank] = 0
        reads = writes = 0
        for burst in queue:
            if burst.row == row:
                if burst.write:
                    writes += 1
                else:
                    reads += 1
        self._hitting[0][bank], self._hitting[1][bank] = reads, writes
        self._column_at[bank] = cycle + t.nRCD
        self._precharge_at[bank] = cycle + t.nRAS
        self._activate_at[bank] = cycle + self._nRC
        fifth = self._fifth[rank]
        fifth.append(cycle + t.nFAW)
        self._for_activate.close(cycle, self._group[bank], self._after_activate, fifth[0])
        if not self._opened[rank] and cycle > self._opened_until[rank]:
            self.counts.active_cycles += self._opened_until[rank] - self._opened_since[rank]
            self._opened_since[rank] = cycle
        self._opened[rank] += 1
        self.counts.activates += 1
        if self._log is not None:
            self._log.append((cycle, ACTIVATE, bank, row))
        self._rows &= ~(1 << bank)
        heappush(self.soon, (self._column_at[bank], bank))

    def _precharge(self, bank: int, cycle: int) -> None:
        if self._log is not None:
            self._log.append((cycle, PRECHARGE, bank, self._open[bank]))
        if self._after_precharge:
            self._for_precharge.close(cycle, self._rank[bank], self._after_precharge)
        self._close(bank, cycle)
        keep = ~(1 << bank)
        self._reads &= keep
        self._writes &= keep
        self._closes &= keep
        if self._queues[bank]:
            heappush(self.soon, (self._activate_at[bank], bank))

    def _close(self, bank: int, cycle: int) -> None:
        """The row of `bank` is closed by a precharge at `cycle`."""
        rank = self._rank[bank]
        self._open[bank] = CLOSED
        self._hitting[0][bank] = self._hitting[1][bank] = 0
        again = cycle + self._t.nRP
        self._activate_at[bank] = max(self._activate_at[bank], again)
        self._opened[rank] -= 1
        self._opened_until[rank] = max(self._opened_until[rank], cycle)

    def _access(self, bank: int, cycle: int, read: int, write: int) -> None:
        """Read or write the first burst that hits, whichever way is open."""
        queue, row = self._queues[bank], self._open[bank]
        place = 0
        for burst in queue:
            if burst.row == row and (write if burst.write else read):
                break
            place += 1
        del queue[place]
        self.queued -= 1
        self.full &= ~(1 << bank)
        if self._hits[bank] == 0:
            self.counts.row_misses += 1
        self._hits[bank] += 1
        self._hitting[burst.write][bank] -= 1
        self._moved(burst, cycle)
        if self._closed_page and not (self._hitting[0][bank] or self._hitting[1][bank]):
            self._close(bank, self._precharge_at[bank])
        self._look(bank, cycle)

    def _moved(self, burst: Burst, cycle: int) -> None:
        """Note a column command: what it keeps others from, and when its request has its data."""
        group = self._group[burst.bank]
        first = self._hits[burst.bank] == 1
        self._use_bus(burst, cycle, group, first)
        if burst.write:
            self.counts.written_bursts += 1
            self.pending_writes.discard(burst.key)
        else:
            self.counts.read_bursts += 1
            if not burst.request.begun:
                burst.request.ready = cycle - self._t.nRCD if first else cycle
                burst.request.begun = cycle + self._t.nCL
            self._answer(burst, cycle + self._read_latency)
        apart = self._after[burst.write]
        self._for_read.close(cycle, group, apart.read)
        self._for_write.close(cycle, group, apart.write)
        self._precharge_at[burst.bank] = max(self._precharge_at[burst.bank], cycle + apart.precharge)
        if self._log is not None:
            self._log.append((cycle, WRITE if burst.write else READ, burst.bank, burst.row))

    def _answer(self, burst: Burst, cycle: int) -> None:
        """The data of `burst` have come by `cycle`."""
        request = burst.request
        request.left -= 1
        request.done = max(request.done, cycle)
        if not request.left:
            self.finished.append(request)

    def _use_bus(self, burst: Burst, cycle: int, group: int, first: bool) -> None:
        """Note when the data of a column command pass, and where there is a gap before them, what it was for."""
        begin = cycle + self._latency[burst.write]
        end = begin + self._burst
        runs, was = self.runs, self._bus_was
        self._bus_was = (burst.write, group)
        free, self.bus_free = self.bus_free, end
        if runs and free == begin:
            runs[-1][2] = end
            return
        since = begin if free == begin else max(free, burst.at)
        if self._refreshed:
            reason = REFRESHING
        elif first:
            reason = ACTIVATING
        elif was[0] is not burst.write:
            reason = TURNAROUND
        elif was[1] == group and self._groups_slow:
            reason = BANK_GROUP
        else:
            reason = ACCESS
        self._refreshed = False
        runs.append([since, begin, end, reason])

    def _refresh(self, rank: int, cycle: int) -> None:
        self._refreshed = True
        self.counts.refreshes += 1
        if self._log is not None:
            self._log.append((cycle, REFRESH, rank, CLOSED))
        for bank in self.rank_banks[rank]:
            self._activate_at[bank] = cycle + self._t.nRFC
            self._look(bank, cycle)
