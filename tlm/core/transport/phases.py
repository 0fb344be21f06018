"""The base protocol's phases and what a non-blocking call returns, with TLM-2.0's names and values."""

from __future__ import annotations

from enum import IntEnum


class Phase(IntEnum):
    """Where a transaction is on one hop."""

    UNINITIALIZED_PHASE = 0
    BEGIN_REQ = 1
    END_REQ = 2
    BEGIN_RESP = 3
    END_RESP = 4


class ExtendedPhase:
    """A phase of a protocol of one's own; whoever does not know it answers ACCEPTED and goes on."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"ExtendedPhase({self.name!r})"


class Sync(IntEnum):
    """What a non-blocking call came to.

    ACCEPTED: the other arguments are untouched, further phases come by calls. UPDATED: the phase and the delay that are
    returned are the next ones. COMPLETED: the transaction is over on this hop, once the delay has passed.
    """

    ACCEPTED = 0
    UPDATED = 1
    COMPLETED = 2


# Module constants too: attribute access on an enum class is slow in the event path.
UNINITIALIZED_PHASE, BEGIN_REQ, END_REQ, BEGIN_RESP, END_RESP = Phase
ACCEPTED, UPDATED, COMPLETED = Sync

AnyPhase = Phase | ExtendedPhase

#: What `nb_transport_fw` and `nb_transport_bw` return: how it was taken, the phase, and the delay in fs.
NbResult = tuple[Sync, AnyPhase, int]


def ends_response(sync: Sync, phase: AnyPhase) -> bool:
    """Whether this answer to a response ends it."""
    return sync == COMPLETED or (sync == UPDATED and phase == END_RESP)
