"""What a memory did: counts a run leaves behind."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING

import attrs

from ..core import FS_PER_S

if TYPE_CHECKING:
    from .energy import EnergyReport


@attrs.define
class ChannelStats:
    """What a channel did; bursts include the padding of requests that are not burst aligned.

    Merged and forwarded ones moved no data: a write of what was still in the write buffer, and a read of it.
    `active_cycles` are those with a row open, of all ranks together.
    """

    read_bursts: int = 0
    written_bursts: int = 0
    activates: int = 0
    row_misses: int = 0
    refreshes: int = 0
    active_cycles: int = 0
    merged_bursts: int = 0
    forwarded_bursts: int = 0

    @property
    def bursts(self) -> int:
        """Column accesses, read or written."""
        return self.read_bursts + self.written_bursts

    @property
    def row_hits(self) -> int:
        """Column accesses that needed no activate of their own."""
        return self.bursts - self.row_misses


def total(channels: Iterable[ChannelStats]) -> ChannelStats:
    """The counts of all `channels`, added up."""
    return ChannelStats(*map(sum, zip(*map(attrs.astuple, channels), strict=True)))


@attrs.frozen
class MemoryStats:
    """What a memory did. Moved bytes are whole bursts; read and written ones are those asked for.

    A row hit is a burst that needed no activate of its own; `channels` has each one's own counts. `time_fs` is the
    memory's life so far or, where that is later, until all it has accepted will have been moved. `energy` is over that
    time, None where the standard does not say what events cost. As text: a table.
    """

    read_bytes: int
    written_bytes: int
    moved_read_bytes: int
    moved_written_bytes: int
    row_hits: int
    row_misses: int
    peak_bytes_per_s: float
    time_fs: int
    channels: tuple[ChannelStats, ...] = ()
    energy: EnergyReport | None = None

    @property
    def energy_pJ_per_bit(self) -> float | None:
        """All of `energy` over the bits that were moved; None where either is not known."""
        return self.energy.per_bit(8 * self.moved_bytes) if self.energy and self.moved_bytes else None

    @property
    def moved_bytes(self) -> int:
        """What the data buses moved, both ways."""
        return self.moved_read_bytes + self.moved_written_bytes

    @property
    def bytes_per_s(self) -> float:
        """The bandwidth achieved: what was moved over all of `time_fs`, idle or not."""
        return self.moved_bytes * FS_PER_S / self.time_fs if self.time_fs else 0.0

    def __str__(self) -> str:
        lines = [
            f"read       {_moved(self.read_bytes, self.moved_read_bytes)}",
            f"written    {_moved(self.written_bytes, self.moved_written_bytes)}",
            f"bandwidth  {self.bytes_per_s / 1e9:.2f} GB/s{self._of_peak()} over {self.time_fs / 1e9:,.3f} us",
        ]
        if self.channels:
            lines.append(f"row hits   {_hits(self.row_hits, self.row_hits + self.row_misses)}")
        if self.energy:
            lines.append(f"energy     {_energy(self.energy, self.energy_pJ_per_bit)}")
        lines += [f"channel {index}  {self._channel(channel)}" for index, channel in enumerate(self.channels)]
        return "\n".join(lines)

    def _of_peak(self) -> str:
        if not math.isfinite(self.peak_bytes_per_s):
            return ""
        return f" of {self.peak_bytes_per_s / 1e9:.2f} ({self.bytes_per_s / self.peak_bytes_per_s:.1%})"

    def _channel(self, channel: ChannelStats) -> str:
        peak = self.peak_bytes_per_s / len(self.channels)
        bursts = total(self.channels).bursts
        rate = self.bytes_per_s * channel.bursts / bursts if bursts else 0.0
        return (
            f"{rate / 1e9:.2f} GB/s ({rate / peak:.1%}), row hits {_hits(channel.row_hits, channel.bursts)}, "
            f"activates {channel.activates:,}, refreshes {channel.refreshes:,}"
        )


def _energy(energy: EnergyReport, per_bit: float | None) -> str:
    parts = sorted(attrs.asdict(energy).items(), key=lambda part: -part[1])
    shares = ", ".join(f"{name} {part / energy.total_pJ:.0%}" for name, part in parts if part and energy.total_pJ)
    return f"{energy.total_pJ / 1e6:,.2f} uJ" + (f", {per_bit:.1f} pJ/bit" if per_bit else "") + f" ({shares})"


def _moved(asked: int, moved: int) -> str:
    return f"{asked:,} B" + (f" ({moved:,} B in whole bursts)" if moved != asked else "")


def _hits(hits: int, bursts: int) -> str:
    return f"{hits:,} of {bursts:,} bursts" + (f" ({hits / bursts:.1%})" if bursts else "")
