"""Off-chip memory behind one target socket: DRAM of several channels, or an ideal one."""

from __future__ import annotations

import math
from typing import Any

import attrs
import simpy

from ..core import (
    ADDRESS_ERROR,
    BURST_ERROR,
    BYTE_ENABLE_ERROR,
    IGNORE,
    OK,
    WRITE,
    Module,
    Payload,
    Status,
    TargetSocket,
)
from .channel import Channel
from .config import resolve
from .spec import MemorySpec
from .standards import IdealStandard, load_standard
from .stats import MemoryStats
from .store import Store

BANDWIDTH, LATENCY = "offchip_bandwidth", "offchip_latency"


class _Memory(Module):
    """The port, the bytes behind it and the checks of a payload that every memory shares."""

    burst_bytes: int
    capacity_bytes: int
    peak_bytes_per_s: float

    def __init__(self, parent: simpy.Environment | Module, name: str) -> None:
        super().__init__(parent, name)
        self.port = TargetSocket(self, "port", self.b_transport, self.transport_dbg)
        self.read_bytes = 0
        self.written_bytes = 0
        self._born_fs = self._done_fs = self.now
        self._store = Store()

    def b_transport(self, payload: Payload, delay: int) -> int:
        """Serve `payload`, accepted at now + `delay`; returns the delay after which it is complete.

        A read is complete when its last burst has arrived, a write when its last burst has been moved. An
        error changes no data and adds no delay.
        """
        payload.response_status = status = self._judge(payload)
        if status is not OK or payload.command is IGNORE:
            return delay
        write = payload.command is WRITE
        if payload.data is not None:
            self._copy(payload, write)
        if write:
            self.written_bytes += payload.data_length
        else:
            self.read_bytes += payload.data_length
        return self._serve(payload, delay, write)

    def transport_dbg(self, payload: Payload) -> int:
        """Read or write without time or statistics; returns the bytes moved, 0 where there is an error."""
        if payload.data is None or payload.command is IGNORE or self._judge(payload) is not OK:
            return 0
        self._copy(payload, payload.command is WRITE)
        return payload.data_length

    @property
    def _time_fs(self) -> int:
        """How long it has been there or, where that is later, until it has done what it accepted."""
        return max(self.now, self._done_fs) - self._born_fs

    def _serve(self, payload: Payload, delay: int, write: bool) -> int:
        raise NotImplementedError

    def _judge(self, payload: Payload) -> Status:
        length = payload.data_length
        if payload.byte_enable is not None:
            return BYTE_ENABLE_ERROR
        if length < 1 or payload.streaming_width < length:
            return BURST_ERROR
        if payload.address < 0 or payload.address + length > self.capacity_bytes:
            return ADDRESS_ERROR
        return OK

    def _copy(self, payload: Payload, write: bool) -> None:
        data = memoryview(payload.data).cast("B")[: payload.data_length]
        if write:
            self._store.write(payload.address, data)
        else:
            self._store.read(payload.address, data)


class Dram(_Memory):
    """A DRAM of several channels: `Dram(env, "dram", standard="lpddr4-3200", channels=2)`.

    Either a `spec` or its fields are given. `port` is re-entrant: calls contend for the channels' data buses,
    in the order they are made, and complete out of order across channels.
    """

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        spec: MemorySpec | None = None,
        **fields: Any,
    ) -> None:
        config = resolve(MemorySpec(**fields) if spec is None else attrs.evolve(spec, **fields))
        super().__init__(parent, name)
        self.config = config
        self.burst_bytes = self.config.burst_bytes
        self.capacity_bytes = self.config.capacity_bytes
        self.peak_bytes_per_s = self.config.peak_bytes_per_s
        self.clock = self.config.clock
        count = self.config.organisation.channels
        self.channels = [Channel(self, f"channel{index}", self.config) for index in range(count)]

    @property
    def stats(self) -> MemoryStats:
        """What the memory has done so far, to be printed; requests are counted when they are accepted."""
        channels = tuple(attrs.evolve(channel.stats) for channel in self.channels)
        return MemoryStats(
            read_bytes=self.read_bytes,
            written_bytes=self.written_bytes,
            moved_read_bytes=self.burst_bytes * sum(c.read_bursts for c in channels),
            moved_written_bytes=self.burst_bytes * sum(c.written_bursts for c in channels),
            row_hits=sum(c.row_hits for c in channels),
            row_misses=sum(c.row_misses for c in channels),
            peak_bytes_per_s=self.peak_bytes_per_s,
            time_fs=self._time_fs,
            channels=channels,
        )

    def _serve(self, payload: Payload, delay: int, write: bool) -> int:
        now = int(self.env.now)
        at = now + delay
        begun: dict[int, tuple[int, int]] = {}
        done, critical = at, 0
        for channel, banks, row, first, bursts in self.config.mapping.segments(payload.address, payload.data_length):
            free, begin, end = self.channels[channel].serve(at, banks, row, first, bursts, write)
            if channel not in begun:
                begun[channel] = free, begin
            if end > done:
                done, critical = end, channel
        free, begin = begun[critical]
        queued = at if free < at else min(free, begin)
        self._done_fs = max(self._done_fs, done)
        payload.milestones += ((queued, BANDWIDTH), (begin, LATENCY), (done, BANDWIDTH))
        return done - now


class IdealMemory(_Memory):
    """No limits: every access takes no time; there is neither queue nor bus."""

    def __init__(self, parent: simpy.Environment | Module, name: str, standard: IdealStandard) -> None:
        super().__init__(parent, name)
        self.burst_bytes = standard.burst_bytes
        self.capacity_bytes = standard.capacity_bytes
        self.peak_bytes_per_s = math.inf

    @property
    def stats(self) -> MemoryStats:
        """What the memory has done so far; it moves just the bytes asked for."""
        read, written = self.read_bytes, self.written_bytes
        return MemoryStats(read, written, read, written, 0, 0, self.peak_bytes_per_s, self._time_fs)

    def _serve(self, payload: Payload, delay: int, write: bool) -> int:
        payload.milestones.append((int(self.env.now) + delay, BANDWIDTH))
        return delay


def make_memory(parent: simpy.Environment | Module, name: str, spec: MemorySpec) -> Dram | IdealMemory:
    """The memory that `spec` describes; BadInput where it cannot be."""
    standard = load_standard(spec.standard)
    if isinstance(standard, IdealStandard):
        return IdealMemory(parent, name, standard)
    return Dram(parent, name, spec)
