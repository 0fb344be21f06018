"""FR-FCFS over the bursts of one DRAM channel, command by command, in cycles of the memory's clock.

It knows no simulator: bursts are put in, `advance` does all that happens before a cycle. Cycles in which nothing can
happen are not visited.
"""

from __future__ import annotations

from bisect import insort
from collections import deque
from operator import attrgetter

from .accepted import Accepted
from .banks import COLUMN, ROW, Banks, Logged
from .burst import Burst
from .config import DramConfig
from .policy import FEW_WRITES

_AT = attrgetter("at")


class Scheduler:
    """A channel's queues, and the rules by which one command after the other is chosen.

    A burst waits in a backlog until the read queue or the write buffer has room: then it is *accepted*; a write is
    complete with that. In each cycle one moves on to the queue of its bank: the oldest read whose bank has room or,
    while writes are drained, the oldest such write. A drain begins when the write buffer is full, or holds more than a
    few while the banks' queues are empty, and takes as many as there are then. In each cycle one command is issued
    (with two command buses one for a row and one for a column), the banks taking turns: of a bank the first burst that
    can go, so that row hits overtake. A row is closed when its bank's head conflicts and nothing hits any more or,
    where no hit can go yet, after four. A rank that is due for a refresh is given nothing else until it has had it.
    """

    def __init__(self, config: DramConfig, log: list[Logged] | None = None, begin: int = 0) -> None:
        self.banks = banks = Banks(config, log)
        self.next_cycle = begin
        self.accepted: list[Burst] = []  # of those that are watched
        self._backlog: deque[Burst] = deque()
        self._reads, self._writes = Accepted(banks.count), Accepted(banks.count)
        self._most_reads, self._most_writes = config.read_queue, config.write_queue
        self._draining = 0
        self._both = config.standard.dual_command
        self._ranks = config.organisation.ranks
        self._begin = begin
        self._refresh_apart = config.timing.nREFI
        self._refreshes = 0
        self._refresh_due = begin + self._refresh_apart // self._ranks
        self._refreshing: deque[int] = deque()
        self._blocked = 0  # the banks of the rank whose refresh was due first
        self._command_at = begin

    @property
    def busy(self) -> bool:
        """Whether bursts are there that will be served without more being put in."""
        waiting = self._backlog or self._reads.length or self.banks.queued or self._draining
        return bool(waiting) or self._writes.length > FEW_WRITES

    def put(self, burst: Burst) -> None:
        """Hand in `burst`, to be accepted in cycle `burst.at` or later, behind all that came before it."""
        backlog = self._backlog
        if backlog and backlog[-1].at > burst.at:
            insort(backlog, burst, key=_AT)
        else:
            backlog.append(burst)
        self.next_cycle = min(self.next_cycle, burst.at)

    def advance(self, until: int) -> None:
        """Do all that happens in cycles before `until`."""
        while self.next_cycle < until:
            self.next_cycle = self._cycle(self.next_cycle)

    def _cycle(self, cycle: int) -> int:
        """What happens in `cycle`; returns the next one in which something may."""
        backlog = self._backlog
        if backlog and backlog[0].at <= cycle and self._has_room(backlog[0]):
            self._accept(cycle)
        if cycle >= self._refresh_due:
            self._refresh_is_due()
        changed = bool(self._refreshing) or cycle >= self._command_at
        if changed:
            self._issue(cycle)
        if self._writes.length and not self._draining:
            self._begin_to_drain()
        moved = self._move(cycle)
        if changed or moved:
            self._command_at = self._next_command(cycle)
        if moved:
            return cycle + 1
        following = min(self._command_at, self._refresh_due)
        if backlog and backlog[0].at < following and self._has_room(backlog[0]):
            following = max(cycle + 1, backlog[0].at)
        return following

    def _issue(self, cycle: int) -> None:
        """Issue what can be in `cycle`: towards a refresh that is due, or else for the bursts."""
        banks = self.banks
        if banks.soon and banks.soon[0][0] <= cycle:
            banks.wake(cycle)
        if self._refreshing and self._refresh(cycle):
            return
        kind = banks.issue(cycle, self._blocked)
        if kind and self._both:
            banks.issue(cycle, self._blocked, (ROW | COLUMN) ^ kind)

    def _next_command(self, cycle: int) -> int:
        """The first cycle after `cycle` in which a command may be issued, as far as is known."""
        following = self.banks.next_command(cycle, self._blocked)
        if self._refreshing:
            following = min(following, max(cycle + 1, self.banks.refresh_at(self._refreshing[0])))
        return following

    def _has_room(self, burst: Burst) -> bool:
        if burst.write:
            return self._writes.length < self._most_writes
        return self._reads.length < self._most_reads

    def _accept(self, cycle: int) -> None:
        backlog, pending = self._backlog, self.banks.pending_writes
        while backlog and backlog[0].at <= cycle and self._has_room(backlog[0]):
            burst = backlog.popleft()
            burst.at = cycle
            if burst.request.watched:
                self.accepted.append(burst)
            if burst.key in pending:
                self.banks.answer_from_buffer(burst, cycle)
            elif burst.write:
                pending.add(burst.key)
                self._writes.add(burst)
            else:
                self._reads.add(burst)

    def _refresh_is_due(self) -> None:
        self._refreshing.append(self._refreshes % self._ranks)
        self._blocked = self.banks.rank_masks[self._refreshing[0]]
        self._refreshes += 1
        self._refresh_due = self._begin + (self._refreshes + 1) * self._refresh_apart // self._ranks

    def _refresh(self, cycle: int) -> bool:
        """Issue the next command towards the refresh that was due first, if it can be."""
        issued, refreshed = self.banks.refresh(self._refreshing[0], cycle)
        if refreshed:
            self._refreshing.popleft()
            self._blocked = self.banks.rank_masks[self._refreshing[0]] if self._refreshing else 0
        return issued

    def _begin_to_drain(self) -> None:
        waiting = self._writes.length
        if waiting >= self._most_writes or (waiting > FEW_WRITES and not self.banks.queued):
            self._draining = waiting

    def _move(self, cycle: int) -> bool:
        """Move one burst to the queue of its bank, where there is room; whether another may follow."""
        if self._draining:
            burst, held_up = self._next_write()
            if burst is not None:
                self._draining -= 1
                self._writes.leave(burst.bank)
                self.banks.add(burst, cycle)
                return True
            if not held_up:
                return False
        able = self._reads.banks & ~self.banks.full
        if able:
            burst = self._reads.oldest(able)
            self._reads.leave(burst.bank)
            self.banks.add(burst, cycle)
        return able != 0

    def _next_write(self) -> tuple[Burst | None, bool]:
        """The oldest write whose bank has room, and whether there is one that waits for a read of the same burst."""
        held_up, able = False, self._writes.banks & ~self.banks.full
        while able:
            burst = self._writes.oldest(able)
            if not self._is_read_first(burst):
                return burst, held_up
            held_up = True
            able &= ~(1 << burst.bank)
        return None, held_up

    def _is_read_first(self, write: Burst) -> bool:
        """Whether a read of what `write` writes has been accepted and not yet served."""
        return self.banks.holds_read(write.bank, write.key) or self._reads.holds(write.bank, write.key)
