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
from .stats import total
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
        self._player.finish()
        return self._played(partial=False)

    def interrupt(self) -> Played:
        """What it has come to, without playing on."""
        return self._played(partial=True)

    def _played(self, *, partial: bool) -> Played:
        player, config = self._player, self.config
        organisation, end = config.organisation, player.end
        channels = player.stats(end)
        counts = total(channels)
        time_fs = player.cycles * config.tCK_fs
        asked, moved = (bursts * config.burst_bytes for bursts in (player.reads + player.writes, counts.bursts))
        spent = energy_of(config, channels, end * config.tCK_fs)
        return Played(
            standard=config.standard.name,
            granularity=self._granularity,
            channels=organisation.channels,
            ranks=organisation.ranks,
            width=organisation.width,
            mapping=str(config.mapping),
            page=self._page,
            tck_ns=config.tCK_fs / FS_PER_NS,
            partial=partial,
            reads=player.reads,
            writes=player.writes,
            bytes=asked,
            cycles=player.cycles,
            time_ns=time_fs / FS_PER_NS,
            bandwidth_gbps=asked * FS_PER_S / time_fs / 1e9,
            peak_gbps=config.peak_bytes_per_s / 1e9,
            utilisation=counts.bursts * config.burst_cycles / (end * organisation.channels),
            read_latency_cycles=_latency(player.latencies),
            row_hit_rate=counts.row_hits / counts.bursts if counts.bursts else None,
            moved_bursts=counts.bursts,
            merged_bursts=counts.merged_bursts,
            forwarded_bursts=counts.forwarded_bursts,
            activates=counts.activates,
            refreshes=counts.refreshes,
            energy_pj=spent,
            energy_pj_per_bit=spent.per_bit(8 * moved) if spent and moved else None,
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
