"""A DRAM channel in time: its scheduler is brought up to date when somebody needs to know."""

from __future__ import annotations

from collections.abc import Sequence

import simpy

from ..core import Module
from .banks import Logged
from .burst import Burst, Request
from .bus import Run
from .config import DramConfig
from .memory_channel import MemoryChannel
from .policy import NEVER
from .scheduler import Scheduler
from .stats import ChannelStats


class ExactChannel(MemoryChannel):
    """Bursts go in by `put`, and each request is told its end, in cycles, no later than it comes.

    A read's data come a read latency behind its command, a write is complete a cycle after it was accepted. So, while
    only reads are waited for, the scheduler may stay that far behind: there is an event a latency rather than one a
    command, and the outcome is the same. Where nobody waits there is none.
    """

    def __init__(self, parent: Module, name: str, config: DramConfig, log: list[Logged] | None = None) -> None:
        super().__init__(parent, name, config)
        self._scheduler = Scheduler(config, log, -(-self.now // config.tCK_fs))
        self._banks = self._scheduler.banks
        self._tck = config.tCK_fs
        self._read_latency = config.timing.nCL + config.burst_cycles
        self._undone = 0  # requests that wait for data
        self._unaccepted = 0  # watched bursts that wait to be accepted
        self._wake_at = NEVER

    @property
    def stats(self) -> ChannelStats:
        """What it did until now."""
        self.catch_up()
        return self._banks.stats(self.cycle)

    @property
    def moved_bursts(self) -> int:
        """Those of all commands so far; it is not brought up to date."""
        return self._banks.counts.bursts

    @property
    def moved_fs(self) -> int:
        """Until when the data of all commands so far pass."""
        return self._banks.bus.free * self._tck

    @property
    def cycle(self) -> int:
        """The cycle that begins now or next."""
        return -(-int(self.env._now) // self._tck)

    def put(self, request: Request, bursts: Sequence[Burst]) -> None:
        """Take the `bursts` of `request`, whose access is told when they are accepted, if watched, and complete."""
        self.catch_up()
        request.left = request.unaccepted = len(bursts)
        for burst in bursts:
            self._scheduler.put(burst)
        if request.watched:
            self._unaccepted += len(bursts)
        self._undone += 1
        self._arm()

    def catch_up(self) -> None:
        """Do all that happened before this cycle."""
        cycle = -(-int(self.env._now) // self._tck)
        if self._scheduler.next_cycle < cycle:
            self._scheduler.advance(cycle)
            self._tell()

    def _tell(self) -> None:
        """Tell the accesses what was accepted and finished, and the probe what the data bus did."""
        if self._scheduler.accepted:
            self._note_accepted(self._scheduler.accepted)
        finished = self._banks.finished
        if finished:
            self._undone -= len(finished)
            for request in finished:
                request.access.request_done(request)
            finished.clear()
        if self._banks.runs:
            self._show(self._banks.runs)

    def _note_accepted(self, bursts: list[Burst]) -> None:
        """A write is complete a cycle after it was accepted."""
        self._unaccepted -= len(bursts)
        for burst in bursts:
            request = burst.request
            request.unaccepted -= 1
            if burst.write:
                request.left -= 1
                request.done = burst.at + 1
                if not request.left:
                    self._banks.finished.append(request)
            if not request.unaccepted:
                request.access.request_accepted(burst.at)
        bursts.clear()

    def _show(self, runs: list[Run]) -> None:
        """Tell the probe what the data bus did."""
        span, tck = self.probe.span, self._tck
        for since, begin, end, reason in runs:
            if since < begin:
                span(since * tck, begin * tck, reason)
            span(begin * tck, end * tck)
        runs.clear()

    def _arm(self) -> None:
        """See to it that `_wake` comes before anything is over that somebody waits for."""
        cycle = self._scheduler.next_cycle
        if self._unaccepted:
            cycle += 1
        elif self._undone:
            cycle += self._read_latency
        else:
            return
        if cycle < self._wake_at:
            self._wake_at = cycle
            wake = self.env.timeout(cycle * self._tck - int(self.env._now), cycle)
            wake.callbacks.append(self._wake)

    def _wake(self, event: simpy.Event) -> None:
        if event.value == self._wake_at:
            self._wake_at = NEVER
        self.catch_up()
        self._arm()
