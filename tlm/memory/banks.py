"""The banks of one DRAM channel with their queues: which commands could be issued when, and issuing them."""

from __future__ import annotations

import attrs

from .bank import CLOSED, Bank, Rank
from .burst import Burst, Request
from .bus import DataBus
from .config import DramConfig
from .distances import Apart, distances
from .gate import Gate
from .policy import MOST_HITS
from .stats import ChannelStats

ACTIVATE, PRECHARGE, READ, WRITE, REFRESH = "ACT", "PRE", "RD", "WR", "REF"

ROW, COLUMN = 1, 2  # kinds of commands: those that open and close rows, and those that move data

#: A command as the log has it: (cycle, name, bank or, of a refresh, rank, row).
Logged = tuple[int, str, int, int]


class Banks:
    """Open rows, queues and earliest times of all banks; banks, groups and ranks are numbered through.

    There is a gate for each kind of command, which knows the banks that want it: a closed bank with a queue wants an
    activate, one with a burst that hits a read or a write, one whose head conflicts a precharge.
    """

    def __init__(self, config: DramConfig, log: list[Logged] | None) -> None:
        t, organisation = config.timing, config.organisation
        self.counts = ChannelStats()
        self.pending_writes: set[int] = set()
        self.bus = DataBus(config)
        self.runs = self.bus.runs
        self.finished: list[Request] = []
        self.queued = 0
        self.full = 0  # the set of banks whose queues are
        self._log = log
        self._depth = config.bank_queue
        self._closed_page = config.closed_page
        self._t = t
        self._ranks, self._banks = _laid_out(organisation.ranks, organisation.bank_groups, organisation.banks)
        self.count = len(self._banks)
        groups = _masks(self.count, organisation.banks)
        self._activates, self._reads, self._writes = (Gate(groups, organisation.ranks) for _ in range(3))
        self._precharges = Gate(_masks(self.count, self.count // organisation.ranks), organisation.ranks)
        self._columns = self._reads, self._writes
        self._gates = self._activates, self._precharges, self._reads, self._writes
        apart = distances(config)
        self._after = apart.after_read, apart.after_write
        self._after_activate = apart.after_activate
        self._after_precharge = Apart(t.nPPD, t.nPPD, 0) if t.nPPD > 1 else None  # one apart by the command bus
        self._last = 0  # the bank last served
        self._read_latency = t.nCL + config.burst_cycles

    def add(self, burst: Burst) -> None:
        """Queue `burst` at its bank, which must have room; it may be served from the next cycle on."""
        bank = self._banks[burst.bank]
        queue = bank.queue
        queue.append(burst)
        self.queued += 1
        if len(queue) >= self._depth:
            self.full |= bank.bit
        if burst.row == bank.row:
            bank.hitting[burst.write] += 1
            if not bank.rank.held:
                self._hit(bank, burst.write)
        elif len(queue) == 1 and not bank.rank.held:  # behind others that do not hit it changes nothing
            if bank.row == CLOSED:
                self._activates.want(bank.number, bank.activate_at)
            else:
                self._precharges.want(bank.number, bank.precharge_at)

    def holds_read(self, bank: int, key: int) -> bool:
        """Whether a read of that burst is queued."""
        return any(burst.key == key and not burst.write for burst in self._banks[bank].queue)

    def issue(self, cycle: int, kinds: int = ROW | COLUMN) -> int:
        """Issue the command of the next bank in turn that has one, if it is one of `kinds`.

        Returns its kind, 0 where there is none.
        """
        activates, precharges, reads, writes = self._gates
        opened = activates.ready(cycle) if activates.due <= cycle else 0
        closed = precharges.ready(cycle) if precharges.due <= cycle else 0
        read = reads.ready(cycle) if reads.due <= cycle else 0
        written = writes.ready(cycle) if writes.due <= cycle else 0
        ready = opened | closed | read | written
        if not ready:
            return 0
        bank = self._next_in_turn(ready)
        bit = bank.bit
        if opened & bit or closed & bit:
            if not kinds & ROW:
                return 0
            if opened & bit:
                self._activate(bank, cycle)
            else:
                self._precharge(bank, cycle)
            return ROW
        if not kinds & COLUMN:
            return 0
        self._access(bank, cycle, read & bit, written & bit)
        return COLUMN

    def due(self) -> int:
        """No command can be issued for bursts before that cycle."""
        activates, precharges, reads, writes = self._gates
        return min(activates.due, precharges.due, reads.due, writes.due)

    def hold(self, rank: int) -> None:
        """Give the banks of `rank` nothing but what leads to its refresh."""
        self._ranks[rank].held = True
        for bank in self._ranks[rank].banks:
            for gate in self._gates:
                gate.drop(bank.number)

    def refresh(self, number: int, cycle: int) -> tuple[bool, bool]:
        """Precharge a bank of a held rank, or refresh it where all are closed: whether one was issued, and which."""
        rank = self._ranks[number]
        for bank in rank.banks:
            if bank.row != CLOSED and bank.precharge_at <= cycle and self._precharges.is_open(bank.number, cycle):
                self._precharge(bank, cycle)
                return True, False
        if rank.opened or self.refresh_at(number) > cycle:
            return False, False
        self._refresh(rank, cycle)
        return True, True

    def refresh_at(self, rank: int) -> int:
        """The cycle from which on the next command towards a refresh of `rank` may be issued, as far as is known."""
        banks = self._ranks[rank].banks
        opened = [bank.precharge_at for bank in banks if bank.row != CLOSED]
        if opened:
            return max(min(opened), self._precharges.opens)
        return max(bank.activate_at for bank in banks)

    def stats(self, cycle: int) -> ChannelStats:
        """The counts until `cycle`."""
        active = self.counts.active_cycles
        for rank in self._ranks:
            until = cycle if rank.opened else min(rank.opened_until, cycle)
            active += max(0, until - rank.opened_since)
        return attrs.evolve(self.counts, active_cycles=active)

    def answer_from_buffer(self, burst: Burst, cycle: int) -> None:
        """Merge `burst` with the write of its data that waits; a read is answered as fast as from an open row."""
        if burst.write:
            self.counts.merged_bursts += 1
        else:
            self.counts.forwarded_bursts += 1
            self._answer(burst.request, cycle + 1 + self._read_latency)

    def _hit(self, bank: Bank, write: bool) -> None:
        """One more burst in the queue of `bank` hits."""
        hitting = bank.hitting
        if hitting[write] == 1:
            self._columns[write].want(bank.number, bank.column_at)
            if not hitting[not write] and bank.hits < MOST_HITS:
                self._precharges.drop(bank.number)

    def _next_in_turn(self, banks: int) -> Bank:
        """The bank of the set that follows the one last served."""
        after = banks >> (self._last + 1) << (self._last + 1) or banks
        self._last = (after & -after).bit_length() - 1
        return self._banks[self._last]

    def _activate(self, bank: Bank, cycle: int) -> None:
        t, rank = self._t, bank.rank
        bank.row = row = bank.queue[0].row
        bank.hits = 0
        bank.column_at = cycle + t.nRCD
        bank.precharge_at = cycle + t.nRAS
        bank.activate_at = cycle + t.nRC
        self._activates.drop(bank.number)
        hitting = bank.hitting
        for burst in bank.queue:
            if burst.row == row:
                hitting[burst.write] += 1
        if hitting[0]:
            self._reads.want(bank.number, bank.column_at)
        if hitting[1]:
            self._writes.want(bank.number, bank.column_at)
        rank.fifth.append(cycle + t.nFAW)
        self._activates.close(cycle, bank.group, self._after_activate, rank.fifth[0])
        if not rank.opened and cycle > rank.opened_until:
            self.counts.active_cycles += rank.opened_until - rank.opened_since
            rank.opened_since = cycle
        rank.opened += 1
        self.counts.activates += 1
        if self._log is not None:
            self._log.append((cycle, ACTIVATE, bank.number, row))

    def _precharge(self, bank: Bank, cycle: int) -> None:
        if self._log is not None:
            self._log.append((cycle, PRECHARGE, bank.number, bank.row))
        number, hitting = bank.number, bank.hitting
        self._precharges.drop(number)
        if hitting[0]:
            self._reads.drop(number)
        if hitting[1]:
            self._writes.drop(number)
        if self._after_precharge:
            self._precharges.close(cycle, bank.rank.number, self._after_precharge)
        self._close(bank, cycle)

    def _close(self, bank: Bank, cycle: int) -> None:
        """The row of `bank` is closed by a precharge at `cycle`."""
        rank = bank.rank
        bank.row = CLOSED
        bank.hitting[0] = bank.hitting[1] = 0
        again = cycle + self._t.nRP
        bank.activate_at = again if again > bank.activate_at else bank.activate_at  # max() takes three times as long
        rank.opened -= 1
        rank.opened_until = cycle if cycle > rank.opened_until else rank.opened_until
        if bank.queue and not rank.held:
            self._activates.want(bank.number, bank.activate_at)

    def _access(self, bank: Bank, cycle: int, read: int, write: int) -> None:
        """Read or write the first burst that hits, whichever way is open."""
        queue, row, hitting = bank.queue, bank.row, bank.hitting
        place = 0
        for burst in queue:
            if burst.row == row and (write if burst.write else read):
                break
            place += 1
        del queue[place]
        self.queued -= 1
        self.full &= ~bank.bit
        bank.hits += 1
        hitting[burst.write] -= 1
        if not hitting[burst.write]:
            self._columns[burst.write].drop(bank.number)
        self._moved(bank, burst, cycle)
        more = hitting[0] or hitting[1]
        if self._closed_page and not more:
            self._precharges.drop(bank.number)
            self._close(bank, bank.precharge_at)
        elif queue and queue[0].row != row and (not more or bank.hits >= MOST_HITS):
            self._precharges.want(bank.number, bank.precharge_at)

    def _moved(self, bank: Bank, burst: Burst, cycle: int) -> None:
        """Note a column command: what it keeps others from, and when its request has its data."""
        first = bank.hits == 1
        counts = self.counts
        if first:
            counts.row_misses += 1
        if burst.write:
            counts.written_bursts += 1
            self.pending_writes.discard(burst.key)
        else:
            counts.read_bursts += 1
            request = burst.request
            if not request.begun:
                request.ready = cycle - self._t.nRCD if first else cycle
                request.begun = cycle + self._t.nCL
            self._answer(request, cycle + self._read_latency)
        self.bus.use(burst, cycle, bank.group, first)
        after = self._after[burst.write]
        self._reads.close(cycle, bank.group, after.read)
        self._writes.close(cycle, bank.group, after.write)
        again = cycle + after.precharge
        bank.precharge_at = again if again > bank.precharge_at else bank.precharge_at
        if self._log is not None:
            self._log.append((cycle, WRITE if burst.write else READ, burst.bank, burst.row))

    def _answer(self, request: Request, cycle: int) -> None:
        """The data of a burst of `request` have come by `cycle`."""
        request.left -= 1
        request.done = cycle if cycle > request.done else request.done
        if not request.left:
            self.finished.append(request)

    def _refresh(self, rank: Rank, cycle: int) -> None:
        self.bus.refreshed = True
        self.counts.refreshes += 1
        if self._log is not None:
            self._log.append((cycle, REFRESH, rank.number, CLOSED))
        rank.held = False
        for bank in rank.banks:
            bank.activate_at = cycle + self._t.nRFC
            if bank.queue:
                self._activates.want(bank.number, bank.activate_at)


def _laid_out(ranks: int, groups: int, banks: int) -> tuple[list[Rank], list[Bank]]:
    """The ranks, and their banks; groups and banks are counted in what holds them."""
    laid = [Rank(number) for number in range(ranks)]
    for rank in laid:
        first = rank.number * groups
        rank.banks = [
            Bank(group * banks + bank, group, rank) for group in range(first, first + groups) for bank in range(banks)
        ]
    return laid, [bank for rank in laid for bank in rank.banks]


def _masks(count: int, size: int) -> list[int]:
    """The sets of so many neighbours each that `count` banks fall into."""
    return [((1 << size) - 1) << first for first in range(0, count, size)]
