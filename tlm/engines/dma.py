"""The DMA: moves requests between memory and the chip's buffers, or a user's own, so many bytes at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from functools import partial
from numbers import Integral
from operator import index
from typing import Any

import attrs
import simpy

from ..core import BUSY, IDLE, READ, WRITE, BadInput, InitiatorSocket, Module, Party, Payload, begin_transport, call_in
from .flow import Cause, Move, ReadStream, Write
from .given import in_bytes
from .streams import Streams
from .transfer import Transfer

ROOM = "room"

REQUEST_BYTES = 2048  # of a user's transfer, unless `outstanding` holds less than IN_FLIGHT of them
LEAST_REQUEST_BYTES = 256  # no burst of a memory is longer: cut between bursts, none is moved twice
IN_FLIGHT = 16


@attrs.define
class Moved:
    """Bytes asked of the memory (of streams, whole bursts), and the values they stand for."""

    read_bytes: int = 0
    written_bytes: int = 0
    values: int = 0

    def add(self, payload: Payload, values: int) -> None:
        """Count one transaction."""
        if payload.command is WRITE:
            self.written_bytes += payload.data_length
        else:
            self.read_bytes += payload.data_length
        self.values += values


class Dma(Module):
    """Issues requests; at most `outstanding` bytes are in flight, from issue until they have left the DMA.

    A user's process reads and writes: `payload = yield dma.read(address, length)`; a machine adds streams and sends
    writes. All share `outstanding`, a number of bytes or text such as "64 KiB". What goes next: the rest of a stream's
    run that has been begun; then writes that were sent; then, in turns, a request of the transfers that users asked
    for, in the order they did, and a run of the stream that is most urgent (see Streams; `ahead` bytes at most are
    asked of the memory at once for layers to come). Who is next waits for its credit; nobody overtakes.

    Users' transfers are cut at multiples of `request` bytes: by default 2 KiB, or less where `outstanding` would not
    hold 16 of them. What is in flight together may reach the memory in any order: a read waits for the write it needs.
    With `carries_data` payloads hold real bytes, else reads are timing only. A request in flight is a process only
    where the memory waits.
    """

    kind = "dma"

    def __init__(
        self,
        parent: Module | simpy.Environment,
        name: str,
        outstanding: int | str,
        carries_data: bool = False,
        ahead: int | None = None,
        request: int | str | None = None,
    ) -> None:
        self.outstanding = in_bytes(outstanding, "outstanding")
        self.request = _request_bytes(self.outstanding) if request is None else in_bytes(request, "request")
        if self.request > self.outstanding:
            raise BadInput(f"{self.request} B are more than the {self.outstanding} B in flight", key="request")
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.carries_data = carries_data
        self.in_flight = 0
        self.streams = Streams(self.outstanding if ahead is None else ahead)
        self.writes: deque[Write] = deque()
        self.transfers: deque[Transfer] = deque()
        #: What let the DMA go on after its last sleep, and whether the memory had had nothing to do by then.
        self.let_go: tuple[Cause, bool] = (None, False)
        self._at_memory = 0
        self._users_turn = True
        self._moved: dict[tuple[int | None, str], Moved] = {}
        self._asleep = self._asleep_for_credit = False
        self._asleep_since = 0
        self._full_fs = 0
        self._recent: deque[Move] = deque()

    def start_of_simulation(self) -> None:
        """Issue what is asked for by then, once all processes have begun."""
        call_in(self.env, 0, self._issue)

    @property
    def read_bytes(self) -> int:
        """What has come from the memory."""
        return sum(part.read_bytes for part in self._moved.values())

    @property
    def written_bytes(self) -> int:
        """What has gone to the memory."""
        return sum(part.written_bytes for part in self._moved.values())

    @property
    def full_fs(self) -> int:
        """For how long a request has waited for others in flight to leave it their bytes of `outstanding`."""
        waiting = self._asleep and self._asleep_for_credit
        return self._full_fs + (int(self.env._now) - self._asleep_since if waiting else 0)

    def moved(self, layer: int | None, operand: str) -> Moved:
        """What has been moved of a layer's operand; of no layer, the `transfers` of users."""
        part = self._moved.get((layer, operand))
        if part is None:
            part = self._moved[layer, operand] = Moved()
        return part

    def traffic(self) -> dict[str, tuple[int, int]]:
        """{operand: (bytes read, bytes written)}, of all layers; `transfers` are users'."""
        found: dict[str, tuple[int, int]] = {}
        for (_layer, operand), part in dict(self._moved).items():  # a copy: another thread may look
            read, written = found.get(operand, (0, 0))
            found[operand] = read + part.read_bytes, written + part.written_bytes
        return found

    def figures(self) -> dict[str, float | int]:
        """What it moved."""
        return {"read_bytes": self.read_bytes, "written_bytes": self.written_bytes}

    def levels(self) -> dict[str, tuple[int, int]]:
        """Bytes in flight, of what may be."""
        return {"in_flight_bytes": (self.in_flight, self.outstanding)}

    def waits_for(self) -> Iterator[tuple[Party | None, str]]:
        """The memory while it owes answers; else who keeps the credit of what came, or has no room for more."""
        if self._at_memory:
            assert self.mem.target is not None
            yield self.mem.target.owner, "an answer" if self._at_memory == 1 else f"{self._at_memory:,} answers"
            return
        found = list(self.streams.wait_for())
        yield from found
        if not found and self._asleep_for_credit:
            yield None, f"{self.in_flight:,} B in flight to leave it"

    def read(self, address: int, length: int) -> simpy.Event:
        """Read `length` bytes from `address` on.

        The event fires when all are here, with the whole payload as its value: its `data` are the bytes, where data
        are carried. Where the memory refuses any of it, TransferError is raised from the event.
        """
        return self._ask(Payload(READ, index(address), None, index(length)))

    def write(self, address: int, data_or_length: Any) -> simpy.Event:
        """Write bytes-like data, which must not change until then, or so many bytes for their time only.

        The event fires when all are in the memory, with the whole payload as its value. Where the memory refuses any
        of it, TransferError is raised from the event; what went before stays written.
        """
        if isinstance(data_or_length, Integral):
            return self._ask(Payload(WRITE, index(address), None, index(data_or_length)))
        return self._ask(Payload(WRITE, index(address), memoryview(data_or_length).cast("B")))

    def add_stream(self, stream: ReadStream) -> None:
        """Serve `stream` from now on."""
        stream.woken = self.wake
        self.streams.add(stream)

    def wake(self, reason: Cause) -> None:
        """Something changed that may let a request go: room, or data that were written."""
        if self._asleep and not self._asleep_for_credit:
            self._rouse(reason)

    def serve(self, image: int, layer: int) -> None:
        """The layer that is running: what is read for any other is read ahead."""
        self.streams.serve(image, layer)
        self.wake(None)

    def send(self, write: Write) -> None:
        """Queue a write; its `accepted` and `done` events tell what becomes of it."""
        self.writes.append(write)
        self.wake(None)

    def release(self, moved: Move) -> None:
        """The bytes have left the DMA, into a buffer or into the memory: their credit is free again."""
        self.in_flight -= moved.payload.data_length
        if moved.blocker is not None:
            self._recent.append(moved)
        if not self.in_flight:
            self.probe.set(ROOM if self.streams.pending else IDLE)
        if self._asleep and self._asleep_for_credit:
            self._rouse(moved)

    def forget(self) -> None:
        """What ended before now explains no later wait: drop what it had waited for itself."""
        now, recent = self.now, self._recent
        while recent and recent[0].payload.milestones[-1][0] < now:
            recent.popleft().blocker = None

    def _ask(self, payload: Payload) -> simpy.Event:
        if payload.data_length < 1:
            raise BadInput(f"{self.full_name}: {payload.data_length} B at 0x{payload.address:x} cannot be moved")
        if payload.command is READ and self.carries_data:
            payload.data = bytearray(payload.data_length)
        transfer = Transfer(self, payload)
        self.transfers.append(transfer)
        self.wake(None)
        return transfer.done

    def _issue(self) -> None:
        """Launch what can go, then sleep."""
        while True:
            choice = self._choose()
            if choice is None or (self.in_flight and self.in_flight + choice.payload.data_length > self.outstanding):
                break
            self._launch(choice)
        self._asleep, self._asleep_for_credit, self._asleep_since = True, choice is not None, int(self.env._now)

    def _choose(self) -> Move | None:
        begun = self.streams.begun
        if begun is not None:
            return begun
        if self.writes:
            return self.writes[0]
        asked = self.transfers[0].head if self.transfers else None
        if asked is not None and self._users_turn:
            return asked
        return self.streams.choose() or asked

    def _launch(self, choice: Move) -> None:
        self._users_turn = not self.transfers or choice is not self.transfers[0].head
        choice.launched(self)
        self.in_flight += choice.payload.data_length
        self._at_memory += 1
        self.probe.set(BUSY)
        begun = begin_transport(self.mem.hops[0], choice.payload, 0)
        if isinstance(begun, int):
            self._lands(choice, begun)
        else:
            begun.callbacks.append(partial(self._answered, choice))

    def _lands(self, moved: Move, at_fs: int) -> None:
        """The memory will have done it then; later in this instant at the earliest."""
        call_in(self.env, at_fs - int(self.env._now), partial(self._landed, moved))

    def _answered(self, moved: Move, side: Any) -> None:
        """The memory, which had kept it waiting, returns; an error ends the run."""
        if side.ok and side.done_fs > self.env._now:
            self._lands(moved, side.done_fs)
        elif side.ok:
            self._landed(moved)

    def _landed(self, moved: Move) -> None:
        self._at_memory -= 1
        if moved.payload.is_response_error:
            moved.refused(self)
        else:
            moved.landed(self)

    def _rouse(self, reason: Cause) -> None:
        """Go on once all that happens in this instant, and was scheduled before, has happened."""
        self._full_fs, self._asleep = self.full_fs, False
        self.let_go = reason, not self._at_memory
        call_in(self.env, 0, self._issue)


def _request_bytes(outstanding: int) -> int:
    """How a user's transfer is cut by default: a power of two where `outstanding` holds one worth sending."""
    wanted = max(min(REQUEST_BYTES, outstanding // IN_FLIGHT), LEAST_REQUEST_BYTES)
    return min(1 << wanted.bit_length() - 1, outstanding)
