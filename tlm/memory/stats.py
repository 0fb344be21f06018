"""What a memory did: counts a run leaves behind."""

from __future__ import annotations

import attrs


@attrs.define
class ChannelStats:
    """What a channel did; bursts include the padding of requests that are not burst aligned."""

    read_bursts: int = 0
    written_bursts: int = 0
    activates: int = 0
    row_misses: int = 0
    refreshes: int = 0

    @property
    def row_hits(self) -> int:
        """Column accesses that needed no activate of their own."""
        return self.read_bursts + self.written_bursts - self.row_misses


@attrs.frozen
class MemoryStats:
    """What a memory did. Moved bytes are whole bursts; read and written ones are those asked for.

    A row hit is a burst that needed no activate of its own; `channels` has each one's own counts.
    """

    read_bytes: int
    written_bytes: int
    moved_read_bytes: int
    moved_written_bytes: int
    row_hits: int
    row_misses: int
    peak_bytes_per_s: float
    channels: tuple[ChannelStats, ...] = ()
