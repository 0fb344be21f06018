"""A bus of non-blocking transport: one request and one response at a time, across all initiators and targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import simpy

from ..channels.peq import PeqWithCbAndPhase
from ..kernel.module import Module, Party
from ..kernel.probe import BUSY, IDLE
from ..kernel.scheduling import LAST, call_in
from ..transport.payload import Payload
from ..transport.phases import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    UPDATED,
    AnyPhase,
    ExtendedPhase,
    NbResult,
    ends_response,
)
from ..transport.protocol import LEGAL_PHASES, LEGAL_RETURNS, described, named, wrong_answer
from .arbiter import Arbiter, FirstCome, make_arbiter
from .in_flight import InFlight, PhaseDecoder


class PhaseChannel(Module):
    """One way over the bus, of requests or of responses: held by one transaction from `begin` until `release`.

    In order of arrival the next one begins at once; another arbiter chooses among all that have asked until the end of
    the instant. `whom(transaction)` says who ends the phase.
    """

    kind = "bus channel"

    def __init__(
        self,
        bus: AtBus,
        name: str,
        arbiter: Arbiter[InFlight],
        begin: Callable[[InFlight], None],
        whom: Callable[[InFlight], Module],
    ) -> None:
        super().__init__(bus, name)
        self.carried = 0
        self.holder: InFlight | None = None
        self._arbiter = arbiter
        self._begin = begin
        self._whom = whom
        self._choosing = False

    def figures(self) -> dict[str, float | int]:
        """How many it has carried."""
        return {"carried": self.carried}

    def waits_for(self) -> Iterable[tuple[Party | None, str]]:
        """Who has to end the phase that holds it."""
        if self.holder is not None:
            yield self._whom(self.holder), f"the end of the {self.name} of {self.holder.payload}"

    def ask(self, transaction: InFlight) -> None:
        """Begin the phase of `transaction` now or when its turn has come."""
        self._arbiter.add(transaction.index, transaction)
        if self.holder is None:
            self._choose()

    def release(self) -> None:
        """The phase is over: the next one's turn."""
        self.holder = None
        if self._arbiter:
            self._choose()
        else:
            self.probe.set(IDLE)

    def _choose(self) -> None:
        if isinstance(self._arbiter, FirstCome):
            self._next()
        elif not self._choosing:
            self._choosing = True
            call_in(self.env, 0, self._next, LAST)

    def _next(self) -> None:
        self._choosing = False
        self.holder = self._arbiter.next()
        self.carried += 1
        self.probe.set(BUSY)
        self._begin(self.holder)


class AtBus(PhaseDecoder):
    """Carries one request at a time, from BEGIN_REQ to END_REQ at its target, and beside it one response at a time,
    from BEGIN_RESP to END_RESP at its initiator; the phases take the time that targets and initiators give them.

    Where several initiators wait with a request, the `arbitration` chooses: "fifo", "round_robin" or "priority" (see
    `Bus`); responses go in order of arrival. END_REQ is passed on where the target tells it, as is END_RESP, with their
    delays; BEGIN_REQ and BEGIN_RESP go on when it is their turn, with delay 0. Initiators and targets that block come
    and go through their sockets' adapters.
    """

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        *,
        arbitration: str = "fifo",
        priorities: Sequence[int] | None = None,
    ) -> None:
        self._arbiter: Arbiter[InFlight] = make_arbiter(arbitration, priorities)
        super().__init__(parent, name)
        self.request = PhaseChannel(self, "request", self._arbiter, self._begin_request, self._target)
        self.response = PhaseChannel(self, "response", FirstCome(), self._begin_response, self._initiator)
        self._peq = PeqWithCbAndPhase(self, self._due, "phases")

    def end_of_elaboration(self) -> None:
        """Check that every initiator has its priority."""
        super().end_of_elaboration()
        self._arbiter.check(self.full_name, len(self.port))

    def nb_transport_fw(self, index: int, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """Initiator `index` begins a request or ends a response."""
        if phase == BEGIN_REQ:
            transaction = self._enter(index, payload)
            if transaction is None:
                return COMPLETED, phase, delay
            self._peq.notify(transaction, BEGIN_REQ, delay)
            return ACCEPTED, phase, delay
        transaction = self._find(payload, phase)
        if phase == END_RESP and transaction is not None and transaction is self.response.holder:
            self._end_response(transaction, delay)
            return COMPLETED, phase, delay
        return self._ignored(payload, phase, delay)

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """A target ends a request or begins a response."""
        transaction = self._find(payload, phase)
        if transaction is None or phase not in (END_REQ, BEGIN_RESP):
            return self._ignored(payload, phase, delay)
        self._answered(transaction, phase, delay)
        return ACCEPTED, phase, delay

    def _due(self, transaction: InFlight, phase: AnyPhase) -> None:
        """What was to come now: a new request, its end, a response that wants to go, its end."""
        if phase == BEGIN_REQ:
            self.request.ask(transaction)
        elif phase == END_RESP:
            self.response.release()
        else:
            if phase == BEGIN_RESP:
                transaction.to_initiator()
                self.response.ask(transaction)
            if transaction is self.request.holder:
                self.request.release()

    # --- what is sent on ---------------------------------------------------------------------------------------------

    def _begin_request(self, transaction: InFlight) -> None:
        transaction.to_target()
        sync, phase, delay = transaction.route.out.nb_transport_fw(transaction.payload, BEGIN_REQ, 0)
        if sync == COMPLETED:
            transaction.target_waits = False
            self._peq.notify(transaction, BEGIN_RESP, delay)
        elif sync == UPDATED:
            if phase not in (END_REQ, BEGIN_RESP):
                raise self._broken(LEGAL_RETURNS, wrong_answer(sync, phase, BEGIN_REQ))
            self._answered(transaction, phase, delay)

    def _answered(self, transaction: InFlight, phase: AnyPhase, delay: int) -> None:
        """The target ends the request in `delay`, or begins the response, which ends the request too."""
        if phase == END_REQ:
            address = transaction.payload.address
            transaction.to_initiator()
            self.port[transaction.index].nb_transport_bw(transaction.payload, END_REQ, delay)
            transaction.payload.address = address
        self._peq.notify(transaction, phase, delay)

    def _begin_response(self, transaction: InFlight) -> None:
        payload = transaction.payload
        sync, phase, delay = self.port[transaction.index].nb_transport_bw(payload, BEGIN_RESP, 0)
        if sync != ACCEPTED and not ends_response(sync, phase):
            raise self._broken(LEGAL_RETURNS, wrong_answer(sync, phase, BEGIN_RESP))
        if sync != ACCEPTED and self._in_flight.get(payload) is transaction:
            self._end_response(transaction, delay)

    def _end_response(self, transaction: InFlight, delay: int) -> None:
        """It is over in `delay`: the target is told now, for from then on the initiator may use the payload again."""
        self._leave(transaction.payload)
        if transaction.target_waits:
            address = transaction.payload.address
            transaction.to_target()
            try:
                transaction.route.out.nb_transport_fw(transaction.payload, END_RESP, delay)
            finally:
                transaction.payload.address = address
        self._peq.notify(transaction, END_RESP, delay)

    def _target(self, transaction: InFlight) -> Module:
        return transaction.route.out.hops[0].target.owner

    def _initiator(self, transaction: InFlight) -> Module:
        return self.port[transaction.index].initiator.owner

    def _ignored(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """What is no phase of the base protocol."""
        if not isinstance(phase, ExtendedPhase):
            raise self._broken(LEGAL_PHASES, f"{named(phase)} of {described(payload)}")
        return ACCEPTED, phase, delay
