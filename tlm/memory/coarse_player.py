"""Playing a trace coarsely: what follows upon each other is asked of the memory in one piece, as a DMA would."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from heapq import heappop, heappush

import simpy

from ..core import READ, WRITE, Payload
from .dram import Dram
from .spec import MemorySpec
from .stats import ChannelStats
from .trace import TraceRequest


class CoarsePlayer:
    """Plays requests on a coarse `Dram`, in the order of the trace: none comes before one that is above it.

    Requests of one direction and cycle that follow upon each other go out together, `spec.request` bytes at most.
    `latencies` is None once more reads are under way than the read queues hold: these then wait in front of the memory,
    and when it takes one is not known. Those of one piece count as if they ended together.
    """

    def __init__(self, spec: MemorySpec) -> None:
        self._dram = Dram(simpy.Environment(), "memory", spec)
        config = self._dram.config
        self._tck = config.tCK_fs
        self._burst = config.burst_bytes
        self._most_bytes = max(spec.request, self._burst)
        self._most_reads = config.read_queue * config.organisation.channels
        self._piece = (0, 0, False, 0)  # address, bytes, whether it writes, cycle
        self._under_way: list[tuple[int, int]] = []  # reads: when they end, how many
        self._reading = 0
        self._done_fs = 0
        self.latencies: Counter[int] | None = Counter()
        self.reads = self.writes = 0

    @property
    def cycles(self) -> int:
        """The cycle after the last completion, of what was asked for."""
        return self._done_fs // self._tck + 1

    @property
    def end(self) -> int:
        """The cycle by which what was given a time has passed the data buses, no earlier than what is complete."""
        return max(self.cycles, *(-(-channel.moved_fs // self._tck) for channel in self._dram.channels))

    def take(self, requests: Iterable[TraceRequest]) -> None:
        """Play what comes next in the trace; its last piece waits for what comes then."""
        burst, most = self._burst, self._most_bytes
        begin, length, writes, since = self._piece
        for asked, write, cycle in requests:
            address = asked - asked % burst
            if address == begin + length and write is writes and cycle <= since and 0 < length < most:
                length += burst
                continue
            self._ask(begin, length, writes, since)
            begin, length, writes, since = address, burst, write, max(cycle, since)
        self._piece = begin, length, writes, since

    def finish(self) -> None:
        """Play to the end, and until the writes that wait are drained."""
        self._ask(*self._piece)
        self._piece = (0, 0, False, 0)
        self._dram.env.run(self.cycles * self._tck)
        self.stats(self.cycles)  # who asks for them has the write buffers drained

    def stats(self, cycle: int) -> tuple[ChannelStats, ...]:
        """What each channel did until `cycle`, to which it was played."""
        return tuple(channel.stats for channel in self._dram.channels)

    def _ask(self, address: int, length: int, write: bool, cycle: int) -> None:
        """Ask the memory for one piece."""
        if not length:
            return
        done = self._dram.b_transport(Payload(WRITE if write else READ, address, None, length), cycle * self._tck)
        self._done_fs = max(self._done_fs, done)
        bursts = length // self._burst
        if write:
            self.writes += bursts
            return
        self.reads += bursts
        if self.latencies is not None:
            self.latencies[-(-done // self._tck) - cycle] += bursts
            self._count_under_way(cycle, -(-done // self._tck), bursts)

    def _count_under_way(self, cycle: int, done: int, bursts: int) -> None:
        """Add those of a piece that comes in `cycle`; where they are too many, there is no latency to tell."""
        under_way = self._under_way
        while under_way and under_way[0][0] <= cycle:
            self._reading -= heappop(under_way)[1]
        heappush(under_way, (done, bursts))
        self._reading += bursts
        if self._reading > self._most_reads:
            self.latencies = None
