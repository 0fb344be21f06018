"""Non-blocking transactions on their way through an interconnect: whence, whither, and under which address."""

from __future__ import annotations

import simpy

from ..errors import ProtocolError
from ..kernel.module import Module
from ..transport.binding import Callback
from ..transport.payload import ADDRESS_ERROR, Payload
from ..transport.phases import AnyPhase, ExtendedPhase, NbResult
from ..transport.protocol import LEGAL_PHASES, REUSE, breach, described, named
from .decoder import Decoder, Route


class InFlight:
    """One transaction: from initiator `index` by `route`, until it is over.

    Whoever is called finds its own address in the payload. Between the calls it has the target's until the response
    begins, then the initiator's. `target_waits`: the target is still to be told that the response is over.
    """

    __slots__ = ("_address", "_local", "index", "payload", "route", "target_waits")

    def __init__(self, index: int, payload: Payload, route: Route) -> None:
        self.index = index
        self.payload = payload
        self.route = route
        self.target_waits = True
        self._address = payload.address
        self._local = payload.address + route.offset

    def to_target(self) -> None:
        """The target's address."""
        self.payload.address = self._local

    def to_initiator(self) -> None:
        """The initiator's address."""
        self.payload.address = self._address


class PhaseDecoder(Decoder):
    """A decoder of non-blocking transport: it knows the transactions that are on their way."""

    def __init__(self, parent: simpy.Environment | Module, name: str, b_transport: Callback | None = None) -> None:
        super().__init__(parent, name, b_transport, self.nb_transport_fw, self.nb_transport_bw)
        self._in_flight: dict[Payload, InFlight] = {}

    @property
    def in_flight(self) -> int:
        """Non-blocking transactions that are not over."""
        return len(self._in_flight)

    def nb_transport_fw(self, index: int, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """Initiator `index` goes on with a transaction."""
        raise NotImplementedError

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """A target goes on with a transaction."""
        raise NotImplementedError

    def _enter(self, index: int, payload: Payload) -> InFlight | None:
        """A transaction of initiator `index` begins; where its address is mapped nowhere, None and ADDRESS_ERROR.

        Raises ProtocolError where the payload still is in another transaction.
        """
        if payload in self._in_flight:
            raise self._broken(REUSE, f"BEGIN_REQ of {described(payload)}, which is not over")
        route = self.route(payload)
        if route is None:
            payload.response_status = ADDRESS_ERROR
            return None
        entered = self._in_flight[payload] = InFlight(index, payload, route)
        return entered

    def _leave(self, payload: Payload) -> None:
        """It is over, if it was not already."""
        self._in_flight.pop(payload, None)

    def _find(self, payload: Payload, phase: AnyPhase) -> InFlight | None:
        """The one of `payload`; where there is none, None for a phase that may be ignored, else ProtocolError."""
        found = self._in_flight.get(payload)
        if found is None and not isinstance(phase, ExtendedPhase):
            raise self._broken(LEGAL_PHASES, f"{named(phase)} of {described(payload)}, which is in no transaction")
        return found

    def _broken(self, rule: str, seen: str) -> ProtocolError:
        """Who calls has broken `rule`, now."""
        return breach(self.full_name, self.env, rule, seen)
