"""A bus of non-blocking transport: one request and one response at a time, across all initiators and targets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import simpy

from .arbiter import Arbiter, FirstCome, check_priorities, choose_in, make_arbiter
from .decoder import Decoder
from .module import Module, Party
from .passage import Passage, Passages
from .payload import Payload
from .peq import PeqWithCbAndPhase
from .phases import ACCEPTED, BEGIN_REQ, BEGIN_RESP, COMPLETED, END_REQ, END_RESP, UPDATED, AnyPhase, NbResult, Phase
from .probe import BUSY, IDLE


class Channel(Module):
    """One way over the bus, of requests or of responses: held by one transaction from `begin` until `release`.

    In order of arrival the next one begins at once; another arbiter chooses among all that have asked until the end of
    the instant. `whom(passage)` says who ends the phase.
    """

    kind = "bus channel"

    def __init__(
        self,
        bus: AtBus,
        name: str,
        arbiter: Arbiter[Passage],
        begin: Callable[[Passage], None],
        whom: Callable[[Passage], Module],
    ) -> None:
        super().__init__(bus, name)
        self.carried = 0
        self.holder: Passage | None = None
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

    def ask(self, passage: Passage) -> None:
        """Begin the phase of `passage` now or when its turn has come."""
        self._arbiter.add(passage.index, passage)
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
            choose_in(self.env, 0, self._next)

    def _next(self) -> None:
        self._choosing = False
        self.holder = self._arbiter.next()
        self.carried += 1
        self.probe.set(BUSY)
        self._begin(self.holder)


class AtBus(Decoder):
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
        arbiter = make_arbiter(arbitration, priorities)
        super().__init__(parent, name, nb_transport_fw=self.nb_transport_fw, nb_transport_bw=self.nb_transport_bw)
        self.request = Channel(self, "request", arbiter, self._begin_request, self._target)
        self.response = Channel(self, "response", FirstCome(), self._begin_response, self._initiator)
        self._priorities = priorities
        self._passages = Passages(self)
        self._peq = PeqWithCbAndPhase(self, self._due, "phases")

    @property
    def in_flight(self) -> int:
        """Transactions that are not over."""
        return len(self._passages)

    def end_of_elaboration(self) -> None:
        """Check that every initiator has its priority."""
        super().end_of_elaboration()
        check_priorities(self.full_name, self._priorities, len(self.port))

    def nb_transport_fw(self, index: int, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """Initiator `index` begins a request or ends a response."""
        if phase == BEGIN_REQ:
            passage = self._passages.enter(index, payload)
            if passage is None:
                return COMPLETED, phase, delay
            self._peq.notify(passage, BEGIN_REQ, delay)
            return ACCEPTED, phase, delay
        passage = self._passages.of(payload, phase)
        if phase == END_RESP and passage is not None and passage is self.response.holder:
            self._end_response(passage, delay)
            return COMPLETED, phase, delay
        return self._ignored(payload, phase, delay)

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """A target ends a request or begins a response."""
        passage = self._passages.of(payload, phase)
        if passage is None or phase not in (END_REQ, BEGIN_RESP):
            return self._ignored(payload, phase, delay)
        self._answered(passage, phase, delay)
        return ACCEPTED, phase, delay

    def _due(self, passage: Passage, phase: AnyPhase) -> None:
        """What was to come now: a new request, its end, a response that wants to go, its end."""
        if phase == BEGIN_REQ:
            self.request.ask(passage)
        elif phase == END_RESP:
            self.response.release()
        else:
            if phase == BEGIN_RESP:
                passage.to_initiator()
                self.response.ask(passage)
            if passage is self.request.holder:
                self.request.release()

    # --- what is sent on ---------------------------------------------------------------------------------------------

    def _begin_request(self, passage: Passage) -> None:
        passage.to_target()
        sync, phase, delay = passage.route.out.nb_transport_fw(passage.payload, BEGIN_REQ, 0)
        if sync == COMPLETED:
            passage.target_waits = False
            self._peq.notify(passage, BEGIN_RESP, delay)
        elif sync == UPDATED:
            if phase not in (END_REQ, BEGIN_RESP):
                raise self._passages.illegal("legal phases", f"UPDATED to {phase!r} in answer to BEGIN_REQ")
            self._answered(passage, phase, delay)

    def _answered(self, passage: Passage, phase: AnyPhase, delay: int) -> None:
        """The target ends the request in `delay`, or begins the response, which ends the request too."""
        if phase == END_REQ:
            address = passage.payload.address
            passage.to_initiator()
            self.port[passage.index].nb_transport_bw(passage.payload, END_REQ, delay)
            passage.payload.address = address
        self._peq.notify(passage, phase, delay)

    def _begin_response(self, passage: Passage) -> None:
        payload = passage.payload
        sync, phase, delay = self.port[passage.index].nb_transport_bw(payload, BEGIN_RESP, 0)
        if sync == UPDATED and phase != END_RESP:
            raise self._passages.illegal("legal phases", f"UPDATED to {phase!r} in answer to BEGIN_RESP")
        if sync != ACCEPTED and self._passages.get(payload) is passage:
            self._end_response(passage, delay)

    def _end_response(self, passage: Passage, delay: int) -> None:
        """It is over in `delay`: the target is told now, for from then on the initiator may use the payload again."""
        self._passages.leave(passage.payload)
        if passage.target_waits:
            address = passage.payload.address
            passage.to_target()
            try:
                passage.route.out.nb_transport_fw(passage.payload, END_RESP, delay)
            finally:
                passage.payload.address = address
        self._peq.notify(passage, END_RESP, delay)

    def _target(self, passage: Passage) -> Module:
        return passage.route.out.hops[0].target.owner

    def _initiator(self, passage: Passage) -> Module:
        return self.port[passage.index].initiator.owner

    def _ignored(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """What is no phase of the base protocol."""
        if isinstance(phase, Phase):
            raise self._passages.illegal("legal phases", f"{phase!r} of {payload}")
        return ACCEPTED, phase, delay
