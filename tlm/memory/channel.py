"""One DRAM channel, timed by arithmetic: banks, bank groups, ranks, refresh and a shared data bus.

Requests are served in order (FCFS). Nothing steps a clock: each row segment moves a few "next free" numbers
on. Activates run ahead of the bus within the controller's queue, so that a stream hides nRP and nRCD.
All times are fs; "CAS" is when a read or write command is issued, its data follow nCL or nCWL later.
"""

from __future__ import annotations

from collections import deque

import attrs

from ..core import Module, Rate
from .config import DramConfig
from .stats import ChannelStats

#: Bursts a controller sees ahead: a queue of 32 for the channel, and one of 8 at the bank being served.
QUEUE_BURSTS = 40
NEVER = -(1 << 62)
CLOSED = -1

#: What the data bus waits for while a request is there: a row, a refresh, a change of direction or rank, the
#: distance between accesses to one bank group, or the latency of the access itself.
ACTIVATE, REFRESH, TURNAROUND, BANK_GROUP, ACCESS = "activate", "refresh", "turnaround", "bank_group", "access"


class Rank:
    """Devices that are refreshed together and share the limits on activates."""

    __slots__ = ("activates", "banks", "last_group", "refresh_due")

    def __init__(self, banks: range, refresh_due: int) -> None:
        self.banks = banks
        self.refresh_due = refresh_due
        self.activates = deque([NEVER] * 4, maxlen=4)
        self.last_group = CLOSED


class Channel(Module):
    """Serves row segments in the order of the calls; its probe is the data bus'.

    The bus is work-conserving: `_work` is when it would have moved everything asked of it. Bursts of one
    bank group are nCCD_L apart and may leave it holes, which the segments behind fill from `_full` on.
    """

    kind = "memory channel"

    def __init__(self, parent: Module, name: str, config: DramConfig) -> None:
        super().__init__(parent, name)
        self.stats = ChannelStats()
        self._closed_page = config.closed_page
        self._burst_bytes = config.burst_bytes
        self._peak_bytes_per_s = config.peak_bytes_per_s / config.organisation.channels
        self._set_timing(config)
        self._set_state(config)

    def figures(self) -> dict[str, float | int]:
        """Its counts: bursts moved, and how many of them needed an activate of their own."""
        return attrs.asdict(self.stats)

    def rate(self) -> Rate:
        """Bytes moved, in whole bursts, against the data bus'."""
        moved = self._burst_bytes * (self.stats.read_bursts + self.stats.written_bursts)
        return Rate(moved, self._peak_bytes_per_s, "B")

    def _set_timing(self, config: DramConfig) -> None:
        t, tck = config.timing, config.tCK_fs
        self._tck = tck
        self._burst = burst = max(config.burst_cycles, t.nCCD_S) * tck
        self._rcd, self._rp, self._ras, self._rc = t.nRCD * tck, t.nRP * tck, t.nRAS * tck, (t.nRAS + t.nRP) * tck
        self._rrd_s, self._rrd_l, self._faw = t.nRRD_S * tck, t.nRRD_L * tck, t.nFAW * tck
        self._rfc, self._refi = t.nRFC * tck, t.nREFI * tck
        self._latency = {False: t.nCL * tck, True: t.nCWL * tck}
        self._to_precharge = {False: t.nRTP * tck, True: t.nCWL * tck + burst + t.nWR * tck}
        bubble, lead = t.nRTRS * tck, (t.nCL - t.nCWL) * tck
        read_to_write = burst + lead + bubble
        after_write = burst + t.nCWL * tck
        # From a CAS to the next: [direction of the one][of the other], within a bank group, a rank, or not.
        self._group_apart = [
            [max(t.nCCD_L * tck, burst), read_to_write],
            [after_write + t.nWTR_L * tck, max(t.nCCD_L * tck, burst)],
        ]
        self._rank_apart = [[burst, read_to_write], [after_write + t.nWTR_S * tck, burst]]
        self._channel_apart = [
            [burst + bubble, read_to_write],
            [burst + bubble + max(0, -lead), burst + bubble],
        ]
        groups = range(1, config.organisation.bank_groups + 1)
        self._step = {count: max(burst, -(-t.nCCD_L * tck // count)) for count in groups}

    def _set_state(self, config: DramConfig) -> None:
        org = config.organisation
        banks_a_rank = org.bank_groups * org.banks
        count = org.ranks * banks_a_rank
        self._ranks = [
            Rank(range(rank * banks_a_rank, (rank + 1) * banks_a_rank), self._refi * (rank + 1) // org.ranks)
            for rank in range(org.ranks)
        ]
        self._rank_of = [self._ranks[bank // banks_a_rank] for bank in range(count)]
        self._group_of = [bank // org.banks for bank in range(count)]
        self._open_row = [CLOSED] * count
        self._activate_ok = [0] * count
        self._precharge_ok = [0] * count
        self._group_cas = [NEVER] * (org.ranks * org.bank_groups)
        self._write = False
        self._rank = self._ranks[0]
        self._last_cas = NEVER
        self._full = self._work = self._horizon = 0
        self._bus_free = self._tail = self._refreshed = 0
        self._served = self._issued = 0
        self._log: deque[tuple[int, int, int]] = deque()

    def serve(
        self, at: int, banks: tuple[int, ...], row: int, first: int, count: int, write: bool
    ) -> tuple[int, int, int]:
        """Move `count` bursts of a row that rotate over `banks` from the one at index `first`.

        `at` is when the request is accepted. Returns when the bus was free of earlier work, when it begins
        to move this segment, and when the last burst is through.
        """
        free, begin = self._bus_free, None
        command = self._enters_queue(at + self._tck)
        rank = self._rank_of[banks[0]]
        if command >= rank.refresh_due + self._refi:
            self._skip_refreshes(rank, command)
        step = self._step[len(banks)]
        while count:
            touched = banks if len(banks) == 1 else (banks[first:] + banks[:first])[:count]
            ready, reason, missed = self._ready(rank, touched, row, command, step, write)
            start = self._start(ready, touched, step, write)
            room = rank.refresh_due - start
            if room <= 0:
                self._refresh(rank)
                continue
            bursts = count if (count - 1) * step < room else (room - 1) // step + 1
            begins, done = self._transfer(ready, start, bursts, step, write, (at, reason))
            begin = begins if begin is None else begin
            self._use(touched, bursts, step, write)
            self._rank, self._write = rank, write
            self.stats.row_misses += missed
            count -= bursts
            first = (first + bursts) % len(banks)
        assert begin is not None
        return free, begin, done

    def _enters_queue(self, at: int) -> int:
        """When a burst that comes at `at` is seen: the one QUEUE_BURSTS before it must have been issued."""
        log, leaves = self._log, self._served - QUEUE_BURSTS
        while len(log) > 1 and log[1][0] <= leaves:
            log.popleft()
        if log:
            number, start, step = log[0]
            if number <= leaves:
                seen = start + (leaves - number) * step
                return seen if seen > at else at
        return at

    def _ready(
        self, rank: Rank, touched: tuple[int, ...], row: int, command: int, step: int, write: bool
    ) -> tuple[int, str, int]:
        """The earliest CAS that rows, direction and rank allow, what held it back, and rows that were missed."""
        ready, reason, missed = command, ACCESS, 0
        for turn, bank in enumerate(touched):
            if self._open_row[bank] != row:
                missed += 1
                opened = self._activate(rank, bank, row, command) + self._rcd - turn * step
                if opened > ready:
                    ready, reason = opened, ACTIVATE
        if write is not self._write or rank is not self._rank:
            apart = self._rank_apart if rank is self._rank else self._channel_apart
            turned = self._start(self._last_cas + apart[self._write][write], touched, step, write)
            if turned > ready:
                ready, reason = turned, TURNAROUND
        return ready, reason, missed

    def _activate(self, rank: Rank, bank: int, row: int, command: int) -> int:
        """Open `row`, precharging what was open, no earlier than `command`; past a refresh nothing happens."""
        act = self._activate_ok[bank]
        if self._open_row[bank] != CLOSED:
            precharge = self._precharge_ok[bank]
            command = (precharge if precharge > command else command) + self._rp
        group, acts = self._group_of[bank], rank.activates
        apart = self._rrd_l if group == rank.last_group else self._rrd_s
        act = max(act, command, acts[3] + apart, acts[0] + self._faw)
        if act < rank.refresh_due:
            acts.append(act)
            rank.last_group = group
            self._open_row[bank] = row
            self._activate_ok[bank] = act + self._rc
            self._precharge_ok[bank] = act + self._ras
            self.stats.activates += 1
        return act

    def _start(self, ready: int, touched: tuple[int, ...], step: int, write: bool) -> int:
        """The first CAS: where the bus has room, each burst at its distance from the last in its group."""
        apart = self._group_apart[self._write][write]
        start, cas, group_of = (ready if ready > self._full else self._full), self._group_cas, self._group_of
        for bank in touched:
            free = cas[group_of[bank]] + apart
            start = free if free > start else start
            apart -= step
        return start

    def _transfer(
        self, ready: int, start: int, bursts: int, step: int, write: bool, asked: tuple[int, str]
    ) -> tuple[int, int]:
        """Take the bus for `bursts`, the first CAS at `start`; returns when data begin and are through.

        `asked` is when the segment was asked for and what held it back.
        """
        burst, latency, work = self._burst, self._latency[write], self._work
        size = bursts * burst
        if ready >= self._horizon:
            self._full = ready
        work = ready if ready > work else work  # max() costs three times as much, and this runs per segment
        begin = self._bus_free
        if work + latency > begin:
            begin = work + latency
            self._explain_gap(begin, *asked)
        self._bus_free = through = begin + size
        self.probe.span(begin, through)
        self._work = work = work + size
        last = start + (bursts - 1) * step
        last = work - burst if work - burst > last else last
        self._log.append((self._served, start, (last - start) // (bursts - 1) if bursts > 1 else step))
        self._served += bursts
        self._note_last(last, work)
        self._tail = through = max(through, last + burst + latency)
        return begin, through

    def _note_last(self, last: int, work: int) -> None:
        """The last burst is issued at `last`; where that leaves no hole, the bus is full until then."""
        self._issued = last
        if last > self._last_cas:
            self._last_cas = last
            self._horizon = last + self._burst
        if work >= self._horizon:
            self._full = work

    def _use(self, touched: tuple[int, ...], bursts: int, step: int, write: bool) -> None:
        """Note the last CAS in each bank and group, going back from the last burst."""
        if write:
            self.stats.written_bursts += bursts
        else:
            self.stats.read_bursts += bursts
        recovery, cas, count = self._to_precharge[write], self._issued, len(touched)
        for burst in range(bursts - 1, bursts - 1 - min(count, bursts), -1):
            bank = touched[burst % count]
            self._group_cas[self._group_of[bank]] = cas
            allowed = cas + recovery
            self._precharge_ok[bank] = allowed if allowed > self._precharge_ok[bank] else self._precharge_ok[bank]
            if self._closed_page:
                self._precharge_itself(bank)
            cas -= step

    def _precharge_itself(self, bank: int) -> None:
        """Auto-precharge after an access, under the closed-page policy."""
        self._open_row[bank] = CLOSED
        self._activate_ok[bank] = max(self._activate_ok[bank], self._precharge_ok[bank] + self._rp)

    def _refresh(self, rank: Rank) -> None:
        """Refresh the whole rank now that it is due: precharge its open banks, one command each, then wait."""
        begin = rank.refresh_due
        opened = [bank for bank in rank.banks if self._open_row[bank] != CLOSED]
        if opened:
            last = max(self._precharge_ok[bank] for bank in opened)
            begin = max(begin + len(opened) * self._tck, last) + self._rp
        self._refreshed = begin + self._rfc
        self._close(rank, self._refreshed)
        rank.refresh_due += self._refi
        self.stats.refreshes += 1

    def _skip_refreshes(self, rank: Rank, now: int) -> None:
        """The refreshes of an idle rank but the last before `now`; they closed its rows and are over."""
        missed = (now - rank.refresh_due) // self._refi
        rank.refresh_due += missed * self._refi
        self.stats.refreshes += missed
        self._close(rank, 0)

    def _close(self, rank: Rank, until: int) -> None:
        for bank in rank.banks:
            self._open_row[bank] = CLOSED
            self._activate_ok[bank] = max(self._activate_ok[bank], until)

    def _explain_gap(self, begin: int, at: int, reason: str) -> None:
        """Tell the probe what the bus waits for until `begin`, when a segment asked for at `at` moves."""
        since, span = self._bus_free, self.probe.span
        if self._tail > since:
            span(since, min(self._tail, begin), BANK_GROUP)
            since = min(self._tail, begin)
        since = max(since, at)
        if self._refreshed > since:
            span(since, min(self._refreshed, begin), REFRESH)
            since = min(self._refreshed, begin)
        if begin > since:
            span(since, begin, reason)
