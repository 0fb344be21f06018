"""What every off-chip memory shares: one port, the bytes behind it, the checks of a payload."""

from __future__ import annotations

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
from .store import Store

#: What a request waited for: the pins, that are busy, or the way to its data.
BANDWIDTH, LATENCY = "offchip_bandwidth", "offchip_latency"


class OffChipMemory(Module):
    """`port`, whose transport is the subclass's to register, and the store behind it."""

    burst_bytes: int
    capacity_bytes: int
    peak_bytes_per_s: float

    def __init__(self, parent: simpy.Environment | Module, name: str) -> None:
        super().__init__(parent, name)
        self.port = TargetSocket(self, "port", transport_dbg=self.transport_dbg)
        self.read_bytes = 0
        self.written_bytes = 0
        self._born_fs = self.now
        self._store = Store()

    def takes(self, payload: Payload) -> bool:
        """Judge `payload` and move its bytes, its status being set: whether there is a time it takes."""
        payload.response_status = status = self._judge(payload)
        if status is not OK or payload.command is IGNORE:
            return False
        write = payload.command is WRITE
        if payload.data is not None:
            self._copy(payload, write)
        if write:
            self.written_bytes += payload.data_length
        else:
            self.read_bytes += payload.data_length
        return True

    def transport_dbg(self, payload: Payload) -> int:
        """Read or write without time or statistics; returns the bytes moved, 0 where there is an error."""
        if payload.data is None or payload.command is IGNORE or self._judge(payload) is not OK:
            return 0
        self._copy(payload, payload.command is WRITE)
        return payload.data_length

    @property
    def time_fs(self) -> int:
        """How long it has been there or, where that is later, until it will have moved what it accepted."""
        return max(self.now, self.ends_fs) - self._born_fs

    @property
    def ends_fs(self) -> int:
        """Until when, in fs, it is at work on what it has counted."""
        return self._born_fs

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
