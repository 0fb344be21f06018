"""On-chip memory (eDRAM or SRAM): banks of a width, a latency, and read and write ports that work at once."""

from __future__ import annotations

from typing import Protocol

import attrs
import simpy

from ..core import FS_PER_S, Clock, Module, Rate


class Organisation(Protocol):
    """What an on-chip memory is built of."""

    @property
    def banks(self) -> int:
        """Banks that work side by side."""

    @property
    def width_bits(self) -> int:
        """Bits a bank moves in a cycle, in each direction."""

    @property
    def latency_cycles(self) -> int:
        """Cycles from an access' last turn at its bank until its data are there."""


@attrs.frozen
class OnChipStats:
    """Bytes moved so far."""

    read_bytes: int
    written_bytes: int


class Port(Module):
    """One direction of an on-chip memory: all banks together, serving requests in the order of the calls.

    Time is kept in fs times `bits_per_cycle`, where a byte is a whole number: nothing is rounded from one
    request to the next.
    """

    kind = "on-chip port"

    def __init__(self, parent: Module, name: str, bits_per_cycle: int, latency_fs: int, period_fs: int) -> None:
        super().__init__(parent, name)
        self.bytes = 0
        self._peak_bytes_per_s = bits_per_cycle / 8 * FS_PER_S / period_fs
        self._scale = bits_per_cycle
        self._per_byte = 8 * period_fs
        self._latency_fs = latency_fs
        self._free = 0

    def figures(self) -> dict[str, float | int]:
        """What it moved."""
        return {"bytes": self.bytes}

    def rate(self) -> Rate:
        """Bytes moved, all banks working at most."""
        return Rate(self.bytes, self._peak_bytes_per_s, "B")

    def serve(self, ready_fs: int, length: int) -> int:
        """Move `length` bytes, no earlier than `ready_fs`; returns when, in fs, they are through."""
        scale = self._scale
        start = max(self._free, ready_fs * scale)
        self._free = end = start + length * self._per_byte
        self.bytes += length
        self.probe.span(start // scale, end // scale)
        return -(-end // scale) + self._latency_fs


class OnChipMemory(Module):
    """Banks behind a read and a write port (children `read` and `write`), timed by arithmetic.

    Each port moves banks x width bits a cycle of `clock`; latency is pipelined. `capacity_bytes` is for those
    who place data here: they keep within it.
    """

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        organisation: Organisation,
        capacity_bytes: int,
        clock: Clock,
    ) -> None:
        super().__init__(parent, name)
        self.organisation = organisation
        self.capacity_bytes = capacity_bytes
        bits = organisation.banks * organisation.width_bits
        latency_fs = organisation.latency_cycles * clock.period_fs
        self._read = Port(self, "read", bits, latency_fs, clock.period_fs)
        self._write = Port(self, "write", bits, latency_fs, clock.period_fs)
        #: Move bytes through a port, no earlier than a time; returns when, in fs, they are through.
        self.read = self._read.serve
        self.write = self._write.serve

    @property
    def stats(self) -> OnChipStats:
        """Bytes read and written so far."""
        return OnChipStats(self._read.bytes, self._write.bytes)
