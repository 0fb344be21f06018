"""A router: chooses the target by address and adds no time of its own."""

from __future__ import annotations

import simpy

from ..kernel.module import Module
from ..transport.payload import Payload
from ..transport.phases import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_RESP,
    UPDATED,
    AnyPhase,
    NbResult,
    ends_response,
)
from .in_flight import PhaseDecoder


class Router(PhaseDecoder):
    """Routes blocking and non-blocking transactions, debug and DMI: `router.map(0x1000, "4 KiB", ram.port, local=0)`.

    Any number are on their way at once; none waits for another. Between the calls of a non-blocking transaction the
    payload has the target's address until the response begins.
    """

    def __init__(self, parent: simpy.Environment | Module, name: str) -> None:
        super().__init__(parent, name, self.b_transport)

    def nb_transport_fw(self, index: int, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """Initiator `index` goes on with a transaction."""
        begins, address = phase == BEGIN_REQ, payload.address
        transaction = self._enter(index, payload) if begins else self._find(payload, phase)
        if transaction is None:
            return COMPLETED if begins else ACCEPTED, phase, delay
        transaction.to_target()
        try:
            result = transaction.route.out.nb_transport_fw(payload, phase, delay)
        except BaseException:
            self._leave(payload)
            transaction.to_initiator()
            raise
        if result[0] == COMPLETED or phase == END_RESP:
            self._leave(payload)
            transaction.to_initiator()
        elif result[0] == UPDATED and result[1] == BEGIN_RESP:
            transaction.to_initiator()
        elif not begins:  # else the target is at work, or has called back already
            payload.address = address
        return result

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """A target goes on with a transaction."""
        transaction, address = self._find(payload, phase), payload.address
        if transaction is None:
            return ACCEPTED, phase, delay
        transaction.to_initiator()
        try:
            result = self.port[transaction.index].nb_transport_bw(payload, phase, delay)
        except BaseException:
            self._leave(payload)
            raise
        if ends_response(result[0], result[1]):
            self._leave(payload)
        elif phase != BEGIN_RESP:  # after that it is as whoever is before this router wants it
            payload.address = address
        return result
