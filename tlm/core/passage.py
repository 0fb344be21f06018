"""Non-blocking transactions on their way through an interconnect: whence, whither, and under which address."""

from __future__ import annotations

from .decoder import Decoder, Route
from .errors import ProtocolError
from .payload import ADDRESS_ERROR, Payload
from .phases import AnyPhase, Phase


class Passage:
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


class Passages(dict[Payload, Passage]):
    """All that are on their way through one interconnect, by payload."""

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self._decoder = decoder

    def enter(self, index: int, payload: Payload) -> Passage | None:
        """A transaction of initiator `index` begins; where its address is mapped nowhere, None and ADDRESS_ERROR.

        Raises ProtocolError where the payload still is in another transaction.
        """
        if payload in self:
            raise self.illegal("one transaction at a time", f"BEGIN_REQ of {payload}, which is not over")
        route = self._decoder.route(payload)
        if route is None:
            payload.response_status = ADDRESS_ERROR
            return None
        passage = self[payload] = Passage(index, payload, route)
        return passage

    def leave(self, payload: Payload) -> None:
        """It is over, if it was not already."""
        self.pop(payload, None)

    def of(self, payload: Payload, phase: AnyPhase) -> Passage | None:
        """The one of `payload`; where there is none, None for a phase that may be ignored, else ProtocolError."""
        passage = self.get(payload)
        if passage is None and isinstance(phase, Phase):
            raise self.illegal("legal phases", f"{phase!r} of {payload}, which is in no transaction")
        return passage

    def illegal(self, rule: str, seen: str) -> ProtocolError:
        """A breach of the base protocol, now."""
        return ProtocolError(self._decoder.full_name, self._decoder.now, rule, seen)
