"""The DMA: moves requests between memory and the chip's buffers, most urgent first, so many bytes at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import Any

import attrs
import simpy

from ..core import BUSY, IDLE, READ, WRITE, CheckFailed, InitiatorSocket, Module
from .flow import Cause, ReadStream, Request, Write

Process = Generator[simpy.Event, Any, None]

ROOM = "room"


@attrs.define
class Moved:
    """Bytes on the memory's side, whole bursts, and the values they stand for."""

    read_bytes: int = 0
    written_bytes: int = 0
    values: int = 0

    def add(self, read: int, written: int, values: int) -> None:
        """Count one transaction."""
        self.read_bytes += read
        self.written_bytes += written
        self.values += values


class Dma(Module):
    """Issues the requests of many streams; `outstanding` bytes at most are in flight, from issue to commit.

    Among the streams whose next request has room at its destination, the one needed by the earliest pass goes first, of
    several the one that has waited longest, and goes on until its run is issued; between runs, writes go before reads.
    Each request in flight is a process of a pool that grows to what is needed. Of what is read ahead, for layers to
    come, no more than `ahead` bytes are asked of the memory at once: enough to keep it busy, so little that what is
    needed now does not queue behind it. With `carries_data` payloads hold real bytes, else they are timing only.
    """

    kind = "dma"

    def __init__(
        self,
        parent: Module | simpy.Environment,
        name: str,
        outstanding: int,
        carries_data: bool = False,
        ahead: int | None = None,
    ) -> None:
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.outstanding = outstanding
        self.carries_data = carries_data
        self.in_flight = 0
        self._at_memory = 0
        self._ahead_most = outstanding if ahead is None else ahead
        self._ahead = 0
        self._serving = (0, 0)
        self._moved: dict[tuple[int, str], Moved] = {}
        self._streams: list[ReadStream] = []
        self._current: ReadStream | None = None
        self._served = 0
        self._writes: deque[Write] = deque()
        self._idle_channels: list[simpy.Event] = []
        self._asleep: simpy.Event | None = None
        self._asleep_for_credit = False
        self._woken_by: Cause = None
        self._woken_idle = False
        self._recent: deque[Request | Write] = deque()
        self.process(self._issue)

    @property
    def read_bytes(self) -> int:
        """What has come from the memory."""
        return sum(part.read_bytes for part in self._moved.values())

    @property
    def written_bytes(self) -> int:
        """What has gone to the memory."""
        return sum(part.written_bytes for part in self._moved.values())

    def moved(self, layer: int, operand: str) -> Moved:
        """What has been moved of a layer's operand."""
        return self._moved.setdefault((layer, operand), Moved())

    def figures(self) -> dict[str, float | int]:
        """What it moved."""
        return {"read_bytes": self.read_bytes, "written_bytes": self.written_bytes}

    def levels(self) -> dict[str, tuple[int, int]]:
        """Bytes in flight, of what may be."""
        return {"in_flight_bytes": (self.in_flight, self.outstanding)}

    def add_stream(self, stream: ReadStream) -> None:
        """Serve `stream` from now on."""
        stream.woken = self.wake
        self._streams.append(stream)

    def wake(self, reason: Cause) -> None:
        """Something changed that may let a request go: room, or data that were written."""
        if self._asleep is not None and not self._asleep_for_credit:
            self._rouse(reason)

    def serve(self, image: int, layer: int) -> None:
        """The layer that is running: what is read for any other is read ahead."""
        self._serving = (image, layer)
        self.wake(None)

    def write(self, write: Write) -> None:
        """Queue a write; its `accepted` and `done` events tell what becomes of it."""
        self._writes.append(write)
        self.wake(None)

    def release(self, moved: Request | Write) -> None:
        """The bytes have left the DMA, into a buffer or into the memory: their credit is free again."""
        self.in_flight -= moved.payload.data_length
        self._recent.append(moved)
        if not self.in_flight:
            waiting = any(stream.head is not None for stream in self._streams)
            self.probe.set(ROOM if waiting else IDLE)
        if self._asleep is not None and self._asleep_for_credit:
            self._rouse(moved)

    def forget(self) -> None:
        """What ended before now explains no later wait: drop what it had waited for itself."""
        now, recent = self.now, self._recent
        while recent and recent[0].milestones[-1][0] < now:
            recent.popleft().blocker = None

    def _issue(self) -> Process:
        while True:
            choice = self._choose()
            length = choice.payload.data_length if choice is not None else 0
            if choice is None or (self.in_flight and self.in_flight + length > self.outstanding):
                yield self._sleep(for_credit=choice is not None)
            else:
                self._launch(choice)

    def _choose(self) -> Write | Request | None:
        if self._current is not None and self._current.in_run:
            return self._current.head
        if self._writes:
            return self._writes[0]
        best: Request | None = None
        least = (0, 0)
        for stream in self._streams:
            head = stream.head
            if head is None:
                continue
            urgency = (head.first_need, stream.served)  # what goes first is least; cheap to ask, so asked first
            if best is not None and urgency >= least:
                continue
            if (self._ahead < self._ahead_most or not self._is_ahead(head)) and stream.can_issue():
                best, least = head, urgency
        return best

    def _is_ahead(self, request: Request) -> bool:
        return (request.load.image, request.load.layer) != self._serving

    def _launch(self, choice: Write | Request) -> None:
        if isinstance(choice, Write):
            self._writes.popleft()
            if self.now > choice.milestones[-1][0]:
                choice.milestones.append((self.now, "offchip_bandwidth"))
            choice.accepted.succeed()
        else:
            choice.stream.take()
            self._current = choice.stream
            self._served += 1
            choice.stream.served = self._served
            choice.issued_fs, choice.blocker = self.now, self._woken_by
            choice.starved = self._woken_idle
            if self._is_ahead(choice):
                choice.ahead = True
                self._ahead += choice.payload.data_length
            if self.carries_data:
                choice.payload.data = bytearray(choice.payload.data_length)
        choice.payload.command = WRITE if isinstance(choice, Write) else READ
        self.in_flight += choice.payload.data_length
        self._at_memory += 1
        self.probe.set(BUSY)
        if self._idle_channels:
            self._idle_channels.pop().succeed(choice)
        else:
            self.env.process(self._channel(choice))

    def _channel(self, moving: Write | Request) -> Process:
        """One transaction in flight at a time, for as long as the run lasts."""
        while True:
            payload = moving.payload
            delay = yield from self.mem.b_transport(payload, 0)
            if delay:
                yield self.env.timeout(delay)
            if payload.is_response_error:
                raise CheckFailed(f"{self.full_name}: {payload} was refused by the memory")
            self._landed(moving)
            idle = self.env.event()
            self._idle_channels.append(idle)
            moving = yield idle

    def _landed(self, moving: Write | Request) -> None:
        self._at_memory -= 1
        length = moving.payload.data_length
        if isinstance(moving, Write):
            self.moved(moving.layer, "outputs").add(0, length, moving.values)
            self.release(moving)
            moving.done.succeed(moving)
        else:
            self.moved(moving.load.layer, moving.load.region.operand).add(length, 0, moving.values)
            if moving.ahead:
                self._ahead -= length
                self.wake(moving)
            moving.stream.landed(moving)

    def _sleep(self, for_credit: bool) -> simpy.Event:
        self._asleep_for_credit = for_credit
        self._asleep = self.env.event()
        return self._asleep

    def _rouse(self, reason: Cause) -> None:
        asleep, self._asleep = self._asleep, None
        self._woken_by, self._woken_idle = reason, not self._at_memory
        assert asleep is not None
        asleep.succeed()
