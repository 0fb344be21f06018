"""An off-chip memory without limits."""

from __future__ import annotations

import math

import simpy

from ..core import Module, Payload
from .offchip import BANDWIDTH, OffChipMemory
from .standards import IdealStandard
from .stats import MemoryStats


class IdealMemory(OffChipMemory):
    """No limits: every access takes no time; there is neither queue nor bus."""

    def __init__(self, parent: simpy.Environment | Module, name: str, standard: IdealStandard) -> None:
        super().__init__(parent, name)
        self.port.register_b_transport(self.b_transport)
        self.burst_bytes = standard.burst_bytes
        self.capacity_bytes = standard.capacity_bytes
        self.peak_bytes_per_s = math.inf

    @property
    def stats(self) -> MemoryStats:
        """What the memory has done so far; it moves just the bytes asked for."""
        read, written = self.read_bytes, self.written_bytes
        return MemoryStats(read, written, read, written, 0, 0, self.peak_bytes_per_s, self.time_fs)

    def b_transport(self, payload: Payload, delay: int) -> int:
        """Serve `payload` at once."""
        if self.takes(payload):
            payload.milestones.append((int(self.env._now) + delay, BANDWIDTH))
        return delay
