"""On-chip memory (SRAM or eDRAM): banks with one port or two, conflicts, refresh, and what its accesses cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import simpy

from ..core import FS_PER_NS, IGNORE, OK, WRITE, BadInput, Clock, Module, Payload, TargetSocket
from ..energy import Charge
from .onchip_macros import macro
from .onchip_port import Port, Stream
from .onchip_spec import OnChipSpec
from .onchip_turns import Refresh, Turns
from .ram import Ram

#: Move bytes of a stream, no earlier than a time; returns when, in fs, they are through.
Move = Callable[[int, int], int]


@attrs.frozen
class OnChipStats:
    """What an on-chip memory has done, and the energy it took, in pJ; an access is one word of one bank.

    Of the requests that had to wait for a bank there are `conflicts`, for `conflict_fs` in all; `refresh_wait_fs` is
    what refreshes added. `refreshes` are rows of a bank, one of each subarray counting as one.
    """

    read_bytes: int
    written_bytes: int
    reads: int
    writes: int
    conflicts: int
    conflict_fs: int
    refreshes: int
    refresh_wait_fs: int
    access_pJ: float
    refresh_pJ: float
    leakage_pJ: float

    @property
    def energy_pJ(self) -> float:
        """All of it."""
        return self.access_pJ + self.refresh_pJ + self.leakage_pJ


class OnChipMemory(Module):
    """Banks behind a read and a write port (children `read` and `write`), timed by arithmetic.

    Consecutive words of a bank's width lie in consecutive banks. Requests that meet in a bank are served one after
    another, whoever asks. Latency is pipelined. `capacity_bytes` is for those who place data here: they keep within it.
    """

    def __init__(
        self, parent: simpy.Environment | Module, name: str, spec: OnChipSpec, capacity_bytes: int, clock: Clock
    ) -> None:
        super().__init__(parent, name)
        self._born_fs = self.now
        self.spec = spec
        self.capacity_bytes = capacity_bytes
        self.macro = macro(spec.technology, capacity_bytes / spec.banks, spec.width_bits)
        self._refresh = self._refreshing(clock)
        read, write = (Turns(spec.banks, clock.period_fs) for _ in range(2))
        if spec.ports == 1:
            read.rival, write.rival = write, read
        self._read = Port(self, "read", spec, clock, read, self._refresh)
        self._write = Port(self, "write", spec, clock, write, self._refresh)
        self.read = self.reader()
        self.write = self.writer()

    def _refreshing(self, clock: Clock) -> Refresh | None:
        made = self.macro
        if not made.rows:
            return None
        refresh = Refresh(made.rows, made.retention_fs, made.refresh_cycles * clock.period_fs, clock.period_fs)
        if not refresh.keeps_up:
            raise BadInput(
                f"{made.name} must refresh {made.rows} rows a bank in {made.retention_fs / 1e9:g} us, which leaves no "
                f"time in cycles of {clock.period_fs / 1e6:g} ns; use more banks, a faster clock or sram",
                key="technology",
            )
        return refresh

    def reader(self) -> Move:
        """A stream of reads of its own, from the first bank on."""
        return Stream(self._read, self.spec).move

    def writer(self) -> Move:
        """A stream of writes of its own, from the first bank on."""
        return Stream(self._write, self.spec).move

    def access(self, ready_fs: int, address: int, length: int, write: bool) -> int:
        """Move all words that hold `length` bytes from `address` on; returns when, in fs, they are through."""
        port, width = self._write if write else self._read, self.spec.width_bits
        port.bytes += length
        first = 8 * address // width
        return port.serve(ready_fs, first % self.spec.banks, -(-8 * (address + length) // width) - first)

    @property
    def area_mm2(self) -> float:
        """Of all banks, without the wires between them."""
        return self.spec.banks * self.macro.area_mm2

    @property
    def stats(self) -> OnChipStats:
        """What it has done so far."""
        read, write = self._read, self._write
        reads, writes, refreshes, leakage = self.charges
        return OnChipStats(
            read_bytes=read.bytes,
            written_bytes=write.bytes,
            reads=read.accesses,
            writes=write.accesses,
            conflicts=read.conflicts + write.conflicts,
            conflict_fs=read.conflict_fs + write.conflict_fs,
            refreshes=int(refreshes.count),
            refresh_wait_fs=read.refresh_wait_fs + write.refresh_wait_fs,
            access_pJ=reads.total_pJ + writes.total_pJ,
            refresh_pJ=refreshes.total_pJ,
            leakage_pJ=leakage.total_pJ,
        )

    @property
    def charges(self) -> tuple[Charge, Charge, Charge, Charge]:
        """What it has counted, each with its cost: reads, writes, refreshes, and the time its banks have leaked."""
        made, banks, lived_fs = self.macro, self.spec.banks, self.now - self._born_fs
        refreshes = banks * self._refresh.count(lived_fs) if self._refresh else 0
        return (
            Charge("reads", self._read.accesses, made.read_pJ),
            Charge("writes", self._write.accesses, made.write_pJ),
            Charge("refreshes", refreshes, made.refresh_pJ),
            Charge("bank_ns", banks * lived_fs / FS_PER_NS, made.leakage_mW),
        )


class OnChip(Module):
    """An on-chip memory of real bytes behind `port`: `OnChip(env, "am", 4 << 20, "980 MHz", banks=16, width_bits=256)`.

    A request takes whole words of the banks that its addresses lie in; calls meet in the banks in the order in which
    they are made, and are annotated, not waited for. `array` has the two directions. Nothing is lent directly (DMI).
    """

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        capacity_bytes: int,
        clock: Clock | float | str,
        spec: OnChipSpec | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(parent, name)
        spec = OnChipSpec(**fields) if spec is None else attrs.evolve(spec, **fields)
        clock = clock if isinstance(clock, Clock) else Clock(clock)
        self.array = OnChipMemory(self, "array", spec, capacity_bytes, clock)
        self._cells = Ram(self, "cells", capacity_bytes)
        self.port = TargetSocket(self, "port", self.b_transport, self._cells.transport_dbg)

    @property
    def stats(self) -> OnChipStats:
        """What it has done so far."""
        return self.array.stats

    def b_transport(self, payload: Payload, delay: int) -> int:
        """Move the bytes now; returns the delay after which the banks have. An error adds none."""
        self._cells.b_transport(payload, 0)
        payload.dmi_allowed = False
        if payload.response_status is not OK or payload.command is IGNORE:
            return delay
        ready, write = self.now + delay, payload.command is WRITE
        length, width = payload.data_length, payload.streaming_width
        shares = (min(width, length - begin) for begin in range(0, length, width))
        return max(self.array.access(ready, payload.address, share, write) for share in shares) - self.now
