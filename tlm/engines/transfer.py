"""A user's own read or write: cut into requests, several in flight at once, whole again at its end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..core import OK, Answer, Payload
from .flow import Move

if TYPE_CHECKING:
    from .dma import Dma


class TransferError(RuntimeError):
    """The memory refused a user's read or write; raised where that is waited for."""


class Transfer:
    """A range of memory read or written as one; `done` fires, with the whole payload, when all requests have landed.

    They are cut at multiples of `dma.request` bytes; `head` is the next one to go, None where all have. Where the
    memory refuses one, those not yet issued are dropped and `done` fails once the others have landed.
    """

    def __init__(self, dma: Dma, payload: Payload) -> None:
        self.payload = payload
        self.done = Answer(dma, f"the {_what(payload)}")
        self._dma = dma
        self._in_flight = 0
        self._refused: Payload | None = None
        self.head = self._cut(0)

    def take(self) -> None:
        """The head is issued; the next request is the head."""
        assert self.head is not None
        self._in_flight += 1
        self.head = self._cut(self.head.end)

    def landed(self, part: Part) -> None:
        """One of its requests has ended; the last one ends the whole."""
        self._in_flight -= 1
        if self.head is not None or self._in_flight:
            return
        if self._refused is not None:
            self.payload.response_status = self._refused.response_status
            self.done.fail(TransferError(self._message(self._refused)))
            return
        self.payload.response_status = OK
        self.payload.milestones.extend(part.milestones)
        self.done.succeed(self.payload)

    def refuse(self, part: Payload) -> None:
        """The memory has refused `part`: nothing more is asked for, and the first one by address is told."""
        self.head = None
        if self._refused is None or part.address < self._refused.address:
            self._refused = part

    def _message(self, refused: Payload) -> str:
        whole, target = self.payload, self._dma.mem.target
        assert target is not None
        return (
            f"{self._dma.full_name}: the {_what(whole)} failed: {target.owner.full_name} refused "
            f"{refused.data_length} B at 0x{refused.address:x} ({refused.response_status.name})"
        )

    def _cut(self, begin: int) -> Part | None:
        whole, most = self.payload, self._dma.request
        if begin == whole.data_length:
            return None
        address = whole.address + begin
        end = min(whole.data_length, begin + most - address % most)
        data = None if whole.data is None else memoryview(whole.data)[begin:end]
        return Part(self, Payload(whole.command, address, data, end - begin), end)


def _what(payload: Payload) -> str:
    return f"{payload.command.name.lower()} of {payload.data_length} B at 0x{payload.address:x}"


class Part(Move):
    """One request of a transfer, which ends at its byte `end`."""

    __slots__ = ("end", "transfer")

    def __init__(self, transfer: Transfer, payload: Payload, end: int) -> None:
        super().__init__(payload)
        self.transfer = transfer
        self.end = end

    def launched(self, dma: Dma) -> None:
        """The next one is the transfer's head, or the next transfer's turn has come."""
        self.issued_fs = dma.now
        self.transfer.take()
        if self.transfer.head is None:
            dma.transfers.popleft()

    def landed(self, dma: Dma) -> None:
        """Count it; its credit is free."""
        dma.moved(None, "transfers").add(self.payload, 0)
        dma.release(self)
        self.transfer.landed(self)

    def refused(self, dma: Dma) -> None:
        """The transfer fails; its credit is free."""
        if self.transfer.head is not None:
            dma.transfers.remove(self.transfer)
        self.transfer.refuse(self.payload)
        dma.release(self)
        self.transfer.landed(self)
