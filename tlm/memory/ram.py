"""A plain memory of real bytes with two latencies: for systems in which the memory is not the question."""

from __future__ import annotations

import simpy

from ..core import (
    ADDRESS_ERROR,
    BURST_ERROR,
    BYTE_ENABLE_ERROR,
    IGNORE,
    OK,
    READ,
    WRITE,
    Access,
    Dmi,
    Module,
    Payload,
    Status,
    TargetSocket,
)


class Ram(Module):
    """`size` bytes behind `port`; a read takes `read_latency` fs, a write `write_latency`, however long, side by side.

    It never waits but annotates. Byte enables and streaming widths are served; what lies outside is an ADDRESS_ERROR.
    It lends its bytes directly (DMI) to whoever asks, as far as they exist.
    """

    kind = "ram"

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        size: int,
        read_latency: int = 0,
        write_latency: int = 0,
    ) -> None:
        super().__init__(parent, name)
        self.port = TargetSocket(
            self, "port", self.b_transport, self.transport_dbg, get_direct_mem_ptr=self.get_direct_mem_ptr
        )
        self.memory = memoryview(bytearray(size))
        self._size = size
        self.read_latency = read_latency
        self.write_latency = write_latency
        self.read_bytes = 0
        self.written_bytes = 0

    def figures(self) -> dict[str, float | int]:
        """What it moved."""
        return {"read_bytes": self.read_bytes, "written_bytes": self.written_bytes}

    def b_transport(self, payload: Payload, delay: int) -> int:
        """Move the bytes now; returns the delay and the latency."""
        address, length, data = payload.address, payload.data_length, payload.data
        if (
            payload.command is READ
            and data.__class__ is bytearray
            and payload.byte_enable is None
            and len(data) == length <= payload.streaming_width
            and 0 <= address < (end := address + length) <= self._size
        ):  # what is read most; all else comes to the same below, and takes longer
            data[:] = self.memory[address:end]
            self.read_bytes += length
            payload.response_status = OK
            payload.dmi_allowed = True
            return delay + self.read_latency
        payload.response_status = status = self._move(payload)
        if status is not OK:
            return delay
        payload.dmi_allowed = True
        if payload.command is WRITE:
            self.written_bytes += payload.data_length
            return delay + self.write_latency
        if payload.command is READ:
            self.read_bytes += payload.data_length
            return delay + self.read_latency
        return delay

    def transport_dbg(self, payload: Payload) -> int:
        """Move the bytes without time or statistics; returns how many, of what lies beyond the end none."""
        inside = Payload(payload.command, payload.address, payload.data)
        inside.data_length = inside.streaming_width = min(payload.data_length, len(self.memory) - payload.address)
        ok = payload.data is not None and payload.command is not IGNORE and self._move(inside) is OK
        return inside.data_length if ok else 0

    def get_direct_mem_ptr(self, payload: Payload) -> Dmi:
        """All bytes, for reading and writing."""
        return Dmi(0, len(self.memory) - 1, self.memory, Access.READ_WRITE, self.read_latency, self.write_latency)

    def _move(self, payload: Payload) -> Status:
        length, width, mask = payload.data_length, payload.streaming_width, payload.byte_enable
        if payload.command is IGNORE:
            return OK
        if length < 1 or width < 1:
            return BURST_ERROR
        if mask is not None and not mask:
            return BYTE_ENABLE_ERROR
        address, end = payload.address, payload.address + min(length, width)
        if address < 0 or end > self._size:
            return ADDRESS_ERROR
        if payload.data is None:
            return OK
        if mask is None and width >= length:
            self._copy(payload, address, end)
        else:
            self._copy_by_byte(payload, mask or b"\xff", width)
        return OK

    def _copy(self, payload: Payload, address: int, end: int) -> None:
        if payload.command is WRITE:
            self.memory[address:end] = memoryview(payload.data).cast("B")[: end - address]
        else:
            memoryview(payload.data).cast("B")[: end - address] = self.memory[address:end]

    def _copy_by_byte(self, payload: Payload, mask: bytes, width: int) -> None:
        """The address wraps every `width` bytes; bytes whose mask is 0 are left as they are."""
        data, memory, write = memoryview(payload.data).cast("B"), self.memory, payload.command is WRITE
        for place in range(payload.data_length):
            if mask[place % len(mask)]:
                address = payload.address + place % width
                if write:
                    memory[address] = data[place]
                else:
                    data[place] = memory[address]
