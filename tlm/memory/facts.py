"""What can be said of a memory standard at a glance: its size and peak, and what playing a few reads on it shows."""

from __future__ import annotations

import attrs

from ..core import FS_PER_NS
from .config import DramConfig, resolve
from .exact_player import ExactPlayer
from .mapping import Location
from .player import Player
from .spec import MemorySpec
from .standards import DramStandard, IdealStandard


@attrs.frozen
class Unloaded:
    """A read that waits for nobody, from its acceptance to its last data, by what its bank is at."""

    open_row: float
    closed: float
    conflict: float


@attrs.frozen
class Facts:
    """A standard as it is without a scenario's choices; None where there is no limit, or the file does not say."""

    name: str
    source: str
    channels: int | None
    width: int | None
    capacity_bytes: int
    burst_bytes: int
    tck_ns: float | None
    peak_gbps: float | None
    unloaded_cycles: Unloaded | None
    unloaded_ns: Unloaded | None
    stream_pj_per_bit: float | None
    validated: bool


def facts(standard: DramStandard | IdealStandard, path: str) -> Facts:
    """Those of `standard`, which `path`, or a name, leads to."""
    if isinstance(standard, IdealStandard):
        return _of_ideal(standard)
    config, one = resolve(MemorySpec(path)), MemorySpec(path, channels=1, ranks=1)
    cycles = unloaded(resolve(one))
    tck_ns = config.tCK_fs / FS_PER_NS
    return Facts(
        name=standard.name,
        source=standard.source,
        channels=config.organisation.channels,
        width=config.organisation.width,
        capacity_bytes=config.capacity_bytes,
        burst_bytes=config.burst_bytes,
        tck_ns=tck_ns,
        peak_gbps=config.peak_bytes_per_s / 1e9,
        unloaded_cycles=cycles,
        unloaded_ns=Unloaded(*(tck_ns * each for each in attrs.astuple(cycles))),
        stream_pj_per_bit=_stream_energy(one),
        validated=standard.validated,
    )


def unloaded(config: DramConfig) -> Unloaded:
    """The cycles that reads take alone, played before the first refresh is due."""
    t = config.timing
    apart = t.nRC + t.nRCD + t.nRTP  # nothing of the first read is in the way of a second one then
    other_row = config.mapping.encode(Location(0, 0, 0, 0, 1, 0))
    closed = _cycles(config, [(0, False, 0)])
    again, conflict = (_cycles(config, [(0, False, 0), (address, False, apart)]) for address in (0, other_row))
    return Unloaded(again - closed, closed, conflict - closed)


def _cycles(config: DramConfig, reads: list[tuple[int, bool, int]]) -> int:
    """The latencies of `reads`, added up."""
    player = ExactPlayer(config)
    player.take(reads)
    player.finish()
    return sum(player.latencies.elements())


def _stream_energy(spec: MemorySpec) -> float | None:
    """pJ/bit of reads in order of address that last for two refresh intervals."""
    player = Player(spec)
    config = player.config
    bursts = 2 * config.timing.nREFI // config.burst_cycles
    player.take((number * config.burst_bytes % config.capacity_bytes, False, 0) for number in range(bursts))
    return player.finish().energy_pj_per_bit


def _of_ideal(standard: IdealStandard) -> Facts:
    return Facts(
        name=standard.name,
        source=standard.source,
        channels=None,
        width=None,
        capacity_bytes=standard.capacity_bytes,
        burst_bytes=standard.burst_bytes,
        tck_ns=None,
        peak_gbps=None,
        unloaded_cycles=None,
        unloaded_ns=None,
        stream_pj_per_bit=None,
        validated=False,
    )
