"""A router: chooses the target by address and adds no time of its own."""

from __future__ import annotations

import simpy

from .decoder import Decoder
from .module import Module
from .passage import Passages
from .payload import Payload
from .phases import ACCEPTED, BEGIN_REQ, BEGIN_RESP, COMPLETED, END_RESP, UPDATED, AnyPhase, NbResult


class Router(Decoder):
    """Routes blocking and non-blocking transactions, debug and DMI: `router.map(0x1000, "4 KiB", ram.port, local=0)`.

    Any number are on their way at once; none waits for another. Between the calls of a non-blocking transaction the
    payload has the target's address until the response begins.
    """

    def __init__(self, parent: simpy.Environment | Module, name: str) -> None:
        super().__init__(parent, name, self.b_transport, self.nb_transport_fw, self.nb_transport_bw)
        self._passages = Passages(self)

    @property
    def in_flight(self) -> int:
        """Non-blocking transactions that are not over."""
        return len(self._passages)

    def nb_transport_fw(self, index: int, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """Initiator `index` goes on with a transaction."""
        begins, address = phase == BEGIN_REQ, payload.address
        passage = self._passages.enter(index, payload) if begins else self._passages.of(payload, phase)
        if passage is None:
            return COMPLETED if begins else ACCEPTED, phase, delay
        passage.to_target()
        try:
            result = passage.route.out.nb_transport_fw(payload, phase, delay)
        except BaseException:
            self._passages.leave(payload)
            passage.to_initiator()
            raise
        if result[0] == COMPLETED or phase == END_RESP:
            self._passages.leave(payload)
            passage.to_initiator()
        elif result[0] == UPDATED and result[1] == BEGIN_RESP:
            passage.to_initiator()
        elif not begins:  # else the target is at work, or has called back already
            payload.address = address
        return result

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """A target goes on with a transaction."""
        passage, address = self._passages.of(payload, phase), payload.address
        if passage is None:
            return ACCEPTED, phase, delay
        passage.to_initiator()
        try:
            result = self.port[passage.index].nb_transport_bw(payload, phase, delay)
        except BaseException:
            self._passages.leave(payload)
            raise
        if result[0] == COMPLETED or (result[0] == UPDATED and result[1] == END_RESP):
            self._passages.leave(payload)
        elif phase != BEGIN_RESP:  # after that it is as whoever is before this router wants it
            payload.address = address
        return result
