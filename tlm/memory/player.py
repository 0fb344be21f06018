"""Playing a trace on a memory alone: what it took, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import attrs

from ..core import FS_PER_NS, FS_PER_S
from .coarse_player import CoarsePlayer
from .config import resolve
from .dram import Granularity
from .energy import EnergyReport, energy_of
from .exact_player import ExactPlayer
from .spec import MemorySpec
from .trace import TraceRequest


@attrs.frozen
class Latency:
    """What reads took from their acceptance to their last data, in cycles of the memory's clock."""

    avg: float
    p50: int
    p95: int


@attrs.frozen
class Played:
    """What playing a trace came to, as docs/play.md documents it; None where there is nothing to tell it of."""

    standard: str
    granularity: str
    channels: int
    ranks: int
    width: int
    mapping: str
    page: str
    tck_ns: float
    partial: bool
    reads: int
    writes: int
    bytes: int
    cycles: int
    time_ns: float
    bandwidth_gbps: float
    peak_gbps: float
    utilisation: float
    read_latency_cycles: Latency | None
    row_hit_rate: float | None
    moved_bursts: int
    merged_bursts: int
    forwarded_bursts: int
    activates: int
    refreshes: int
    energy_pj: EnergyReport | None
    energy_pj_per_bit: float | None


class Player:
    """Plays requests, block by block, on the memory of `spec`; BadInput where there can be no such memory."""

    def __init__(self, spec: MemorySpec, granularity: Granularity = "exact") -> None:
        self.config = resolve(spec)
        self._granularity = granularity
        self._page = spec.page
        self._player: ExactPlayer | CoarsePlayer
        self._player = ExactPlayer(self.config) if granularity == "exact" else CoarsePlayer(spec)

    def take(self, requests: Iterable[TraceRequest]) -> None:
        """Play what comes next in the trace."""
        self._player.take(requests)

    def finish(self) -> Played:
        """Play to the end, and until the writes that wait are drained; returns what it came to."""
        return self._played(self._player.finish(), partial=False)

    def interrupt(self) -> Played:
        """What it has come to, without playing on."""
        return self._played(self._player.cycles, partial=True)

    def _played(self, end: int, *, partial: bool) -> Played:
        player, config = self._player, self.config
        channels = player.stats(end)
        time_fs = player.cycles * config.tCK_fs
        moved = (player.reads + player.writes) * config.burst_bytes
        bursts = sum(channel.bursts for channel in channels)
        spent = energy_of(config, channels, end * config.tCK_fs)
        return Played(
            standard=config.standard.name,
            granularity=self._granularity,
            channels=config.organisation.channels,
            ranks=config.organisation.ranks,
            width=config.organisation.width,
            mapping=str(config.mapping),
            page=self._page,
            tck_ns=config.tCK_fs / FS_PER_NS,
            partial=partial,
            reads=player.reads,
            writes=player.writes,
            bytes=moved,
            cycles=player.cycles,
            time_ns=time_fs / FS_PER_NS,
            bandwidth_gbps=moved * FS_PER_S / time_fs / 1e9,
            peak_gbps=config.peak_bytes_per_s / 1e9,
            utilisation=moved * FS_PER_S / time_fs / config.peak_bytes_per_s,
            read_latency_cycles=_latency(player.latencies),
            row_hit_rate=sum(channel.row_hits for channel in channels) / bursts if bursts else None,
            moved_bursts=bursts,
            merged_bursts=sum(channel.merged_bursts for channel in channels),
            forwarded_bursts=sum(channel.forwarded_bursts for channel in channels),
            activates=sum(channel.activates for channel in channels),
            refreshes=sum(channel.refreshes for channel in channels),
            energy_pj=spent,
            energy_pj_per_bit=spent.per_bit(8 * bursts * config.burst_bytes) if spent and bursts else None,
        )


def _latency(counts: Counter[int] | None) -> Latency | None:
    """The average and, of n in order, those at n / 2 and 95 n / 100 from the first."""
    if not counts:
        return None
    total = counts.total()
    average = sum(cycles * count for cycles, count in counts.items()) / total
    return Latency(average, _nth(counts, total // 2), _nth(counts, total * 95 // 100))


def _nth(counts: Counter[int], place: int) -> int:
    for cycles in sorted(counts):
        place -= counts[cycles]
        if place < 0:
            return cycles
    raise IndexError(place)
