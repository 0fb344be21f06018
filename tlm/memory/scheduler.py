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
from .policy import FEW_WRITES, NEVER

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
        self._refreshing: deque[int] = deque()  # ranks, the one that is held for its refresh first
        self._refresh_due = begin + self._refresh_apart // self._ranks
        self._accept_at = self._command_at = NEVER  # when next, as far as is known

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
        if backlog[0] is burst:
            self._see_backlog()
            self.next_cycle = min(self.next_cycle, self._accept_at)

    def advance(self, until: int) -> None:
        """Do all that happens in cycles before `until`."""
        cycle = self.next_cycle
        while cycle < until:
            cycle = self._cycle(cycle)
        self.next_cycle = cycle

    def _cycle(self, cycle: int) -> int:
        """What happens in `cycle`; returns the next one in which something may."""
        if self._accept_at <= cycle:
            self._accept(cycle)
        if self._refresh_due <= cycle:
            self._refresh_is_due()
        if self._refreshing:
            self._issue_towards_refresh(cycle)
        elif self._command_at <= cycle:
            self._issue(cycle)
        if self._writes.length and not self._draining:
            self._begin_to_drain()
        moved = (self._draining or self._reads.length) and self._move()
        following = self.banks.due()
        if self._refreshing:
            following = min(following, self.banks.refresh_at(self._refreshing[0]))
        self._command_at = following
        if moved and self._may_move():
            return cycle + 1
        following = self._accept_at if self._accept_at < following else following
        following = self._refresh_due if self._refresh_due < following else following
        return following if following > cycle else cycle + 1

    def _issue(self, cycle: int) -> None:
        """Issue what can be in `cycle` for the bursts."""
        kind = self.banks.issue(cycle)
        if kind and self._both:
            self.banks.issue(cycle, (ROW | COLUMN) ^ kind)

    def _issue_towards_refresh(self, cycle: int) -> None:
        """Issue the next command towards the refresh that was due first, if it can be, or else for the bursts."""
        issued, refreshed = self.banks.refresh(self._refreshing[0], cycle)
        if refreshed:
            self._refreshing.popleft()
            if self._refreshing:
                self.banks.hold(self._refreshing[0])
        if not issued:
            self._issue(cycle)

    def _see_backlog(self) -> None:
        """Find anew when the next burst may be accepted."""
        self._accept_at = NEVER
        if self._backlog:
            burst = self._backlog[0]
            if self._writes.length < self._most_writes if burst.write else self._reads.length < self._most_reads:
                self._accept_at = burst.at

    def _accept(self, cycle: int) -> None:
        pending = self.banks.pending_writes
        while self._accept_at <= cycle:
            burst = self._backlog.popleft()
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
            self._see_backlog()

    def _refresh_is_due(self) -> None:
        self._refreshing.append(self._refreshes % self._ranks)
        if len(self._refreshing) == 1:
            self.banks.hold(self._refreshing[0])
        self._refreshes += 1
        self._refresh_due = self._begin + (self._refreshes + 1) * self._refresh_apart // self._ranks

    def _begin_to_drain(self) -> None:
        waiting = self._writes.length
        if waiting >= self._most_writes or (waiting > FEW_WRITES and not self.banks.queued):
            self._draining = waiting

    def _move(self) -> bool:
        """Move one burst to the queue of its bank, if there is one whose bank has room: whether there was."""
        if self._draining:
            burst, held_up = self._next_write()
            if burst is not None:
                self._draining -= 1
                self._move_from(self._writes, burst)
                return True
            if not held_up:
                return False
        able = self._reads.banks & ~self.banks.full
        if able:
            self._move_from(self._reads, self._reads.oldest(able))
        return able != 0

    def _move_from(self, accepted: Accepted, burst: Burst) -> None:
        accepted.leave(burst.bank)
        self.banks.add(burst)
        if self._backlog:
            self._see_backlog()

    def _may_move(self) -> bool:
        """Whether another burst may follow in the next cycle."""
        if self._draining or self._writes.length >= self._most_writes:
            return True
        return self._reads.banks & ~self.banks.full != 0

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
