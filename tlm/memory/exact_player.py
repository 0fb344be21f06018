"""Playing a trace exactly: each channel's FIFO in front of its scheduler, channel by channel."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .burst import Burst, Request
from .config import DramConfig
from .scheduler import Scheduler
from .stats import ChannelStats
from .trace import TraceRequest

#: Cycles that a channel is taken forward at a time: of its FIFO no more than a burst a cycle leaves a full queue.
STRIDE = 32


class ExactPlayer:
    """Plays requests on the schedulers that time an exact `Dram`, without a simulator around them.

    Channels share nothing but the trace, so each is taken as far as what was read of its FIFO decides: no more of the
    trace is held than a block and what the queues take. (A controller that takes more requests in a cycle than its
    queues hold, as it can by merging them with writes that wait, may see those of the next block some cycles late.)
    """

    def __init__(self, config: DramConfig) -> None:
        self._mapping = config.mapping
        self._fifos = [ChannelFifo(config) for _ in range(config.organisation.channels)]
        self.latencies: Counter[int] = Counter()

    @property
    def reads(self) -> int:
        """Reads that are complete."""
        return self.latencies.total()

    @property
    def writes(self) -> int:
        """Writes that are accepted, which is complete."""
        return sum(fifo.writes for fifo in self._fifos)

    @property
    def cycles(self) -> int:
        """The cycle after the last completion, of what is complete."""
        return max(fifo.done for fifo in self._fifos) + 1

    @property
    def end(self) -> int:
        """The cycle to which channels were played, no earlier than what is complete."""
        return max(self.cycles, *(fifo.until for fifo in self._fifos))

    def take(self, requests: Iterable[TraceRequest]) -> None:
        """Play what comes next in the trace, as far as it does not depend on what comes then."""
        fifos, bursts = self._fifos, self._mapping.bursts
        for address, write, cycle in requests:
            for channel, bank, row, number in bursts(address, 1):
                fifos[channel].put(cycle, Burst(cycle, bank, row, number, write, Request(None, True)))
        for fifo in fifos:
            fifo.play(self.latencies)

    def finish(self) -> None:
        """Play to the end: until no controller has anything to do."""
        for fifo in self._fifos:
            fifo.finish(self.latencies)
        end = self.end
        for fifo in self._fifos:
            fifo.idle(end)

    def stats(self, cycle: int) -> tuple[ChannelStats, ...]:
        """What each channel did until `cycle`, to which it was played."""
        return tuple(fifo.stats(cycle) for fifo in self._fifos)


class ChannelFifo:
    """One channel: bursts in the order of the trace, and the scheduler that accepts them as it has room."""

    def __init__(self, config: DramConfig) -> None:
        self.writes = 0
        self.done = 0
        self.until = 0  # played to here
        self._scheduler = Scheduler(config)
        self._banks = self._scheduler.banks
        self._ahead = config.read_queue + config.write_queue + STRIDE
        self._last = 0  # when the last burst of the FIFO may come
        self._waiting = 0  # to be accepted
        self._undone = 0  # reads, and writes that are not accepted

    def put(self, cycle: int, burst: Burst) -> None:
        """Add `burst` behind all others; it comes in `cycle` at the earliest."""
        burst.at = self._last = max(cycle, self._last)
        burst.request.left = 1
        self._scheduler.put(burst)
        self._waiting += 1
        self._undone += 1

    def play(self, latencies: Counter[int]) -> None:
        """Go on while so many wait that it does not matter what comes behind them."""
        while self._waiting > self._ahead:
            self._advance(STRIDE, latencies)

    def finish(self, latencies: Counter[int]) -> None:
        """Go on until there is nothing more to do."""
        while self._undone or self._scheduler.busy:
            self._advance(1, latencies)

    def idle(self, until: int) -> None:
        """Stand there, and be refreshed, until others have done."""
        self._scheduler.advance(until)

    def stats(self, cycle: int) -> ChannelStats:
        """What it did until `cycle`."""
        return self._banks.stats(cycle)

    def _advance(self, cycles: int, latencies: Counter[int]) -> None:
        """Do what happens in `cycles` from the next one in which something does."""
        scheduler, banks = self._scheduler, self._banks
        self.until = until = scheduler.next_cycle + cycles
        scheduler.advance(until)
        self._last = max(self._last, until)
        if scheduler.accepted:
            self._accept(scheduler.accepted)
        if banks.finished:
            self._finish(banks.finished, latencies)
        banks.runs.clear()

    def _accept(self, bursts: list[Burst]) -> None:
        """Note when they were; a write is complete in the cycle behind."""
        self._waiting -= len(bursts)
        for burst in bursts:
            if burst.write:
                self.writes += 1
                self._undone -= 1
                self.done = max(self.done, burst.at + 1)
            else:
                burst.request.access = burst.at
        bursts.clear()

    def _finish(self, requests: list[Request], latencies: Counter[int]) -> None:
        """Note what reads took since they were accepted."""
        self._undone -= len(requests)
        for request in requests:
            latencies[request.done - request.access] += 1
            self.done = max(self.done, request.done)
        requests.clear()
