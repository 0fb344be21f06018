"""What a DRAM channel shows, however it is timed."""

from __future__ import annotations

import attrs

from ..core import Module, Rate
from .config import DramConfig
from .stats import ChannelStats


class MemoryChannel(Module):
    """One channel of a DRAM of `config`. Its probe is the data bus'."""

    kind = "memory channel"

    def __init__(self, parent: Module, name: str, config: DramConfig) -> None:
        super().__init__(parent, name)
        self.config = config

    @property
    def stats(self) -> ChannelStats:
        """What it has done."""
        raise NotImplementedError

    @property
    def moved_bursts(self) -> int:
        """Bursts that were given a time on the bus; to ask changes nothing."""
        raise NotImplementedError

    @property
    def moved_fs(self) -> int:
        """Until when, in fs, the data of these bursts pass."""
        raise NotImplementedError

    def figures(self) -> dict[str, float | int]:
        """Its counts: bursts moved, and how many of them needed an activate of their own."""
        return attrs.asdict(self.stats)

    def rate(self) -> Rate:
        """Bytes moved, in whole bursts, against the data bus'."""
        config = self.config
        peak = config.peak_bytes_per_s / config.organisation.channels
        return Rate(config.burst_bytes * self.moved_bursts, peak, "B")
