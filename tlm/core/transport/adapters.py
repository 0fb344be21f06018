"""Between the two kinds of transport: blocking callers of a target that does not block, and the reverse."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from operator import index
from typing import Any

import simpy

from ..errors import ProtocolError
from ..kernel.module import Answer
from ..kernel.scheduling import call_in
from .binding import BTransport, Hop, NbTransport, Socket, Transport
from .payload import Payload
from .phases import (
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
    Sync,
    ends_response,
)
from .protocol import (
    DELAY,
    LEGAL_PHASES,
    LEGAL_RETURNS,
    PHASE_ORDER,
    RESULT,
    REUSE,
    breach,
    described,
    named,
    no_result,
    wrong_answer,
)

Process = Generator[simpy.Event, Any, None]


class BlockingToNonBlocking:
    """The way of blocking callers to a target that has only `nb_transport_fw`: one request phase at a time.

    The target sees BEGIN_REQ with delay 0 once the caller's own delay is over; the caller comes back with delay 0.
    """

    def __init__(self, target: Socket, nb_transport_fw: NbTransport) -> None:
        self._target = target
        self._env = target.owner.env
        self._forward = nb_transport_fw
        self._back: NbTransport = target.unusable
        self._requesting: Payload | None = None
        self._queue: deque[Answer] = deque()
        self._responses: dict[Payload, Answer] = {}
        self._turn = f"its turn to send a request to {target.full_name}"
        self._response = f"the response of {target.full_name}"

    def b_transport(self, payload: Payload, delay: int) -> Transport:
        """Take the payload through its phases, and wait for its response."""
        if delay:
            if delay.__class__ is not int or delay < 0:
                delay = _whole(delay, self._target)
            yield self._env.timeout(delay)
        if self._requesting is not None:
            yield from self._wait_for_turn()
        response = self._begin(payload)
        yield response
        return 0

    def _wait_for_turn(self) -> Transport:
        turn = Answer(self._target.owner, self._turn)
        self._queue.append(turn)
        try:
            yield turn
        except BaseException:
            if turn in self._queue:
                self._queue.remove(turn)
            else:  # it came in this very instant
                self._next_request(_RESERVED)
            raise
        return 0

    def _begin(self, payload: Payload) -> Answer:
        """Send BEGIN_REQ; what fires when the response is here."""
        self._requesting = payload
        response = Answer(self._target.owner, self._response)
        try:
            if self._responses.setdefault(payload, response) is not response:
                raise _broken(self._target, REUSE, f"{described(payload)} is sent while it is alive")
            self._answered(payload, self._forward(payload, BEGIN_REQ, 0))
        except BaseException:
            if self._responses.get(payload) is response:
                del self._responses[payload]
            self._next_request(payload)
            raise
        return response

    def _answered(self, payload: Payload, answer: NbResult) -> None:
        """What the target returned for BEGIN_REQ."""
        try:
            sync, phase, delay = answer
        except (TypeError, ValueError):
            raise _broken(self._target, RESULT, no_result(answer)) from None
        if sync == COMPLETED:
            _after(delay, self._target, lambda: self._end(payload))
        elif sync == UPDATED and phase == END_REQ:
            self._end_request(payload, delay)
        elif sync == UPDATED and phase == BEGIN_RESP:
            _after(delay, self._target, lambda: self._end_response(payload))
        elif sync != ACCEPTED and not _ignorable(sync, phase):
            raise _broken(self._target, LEGAL_RETURNS, wrong_answer(sync, phase, BEGIN_REQ))

    def or_else(self, back: NbTransport) -> NbTransport:
        """What the target is to call back; `back` has what did not come this way."""
        self._back = back
        return self.nb_transport_bw

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """The target goes on with a transaction."""
        if payload not in self._responses:
            return self._back(payload, phase, delay)
        if phase == END_REQ:
            self._end_request(payload, delay)
        elif phase == BEGIN_RESP:
            self._end_request(payload, delay)
            _after(delay, self._target, self._responses.pop(payload).succeed)
            return COMPLETED, phase, delay
        elif not isinstance(phase, ExtendedPhase):
            raise _broken(self._target, LEGAL_PHASES, f"{named(phase)} of {described(payload)} on the backward path")
        return ACCEPTED, phase, delay

    def _end_response(self, payload: Payload) -> None:
        """A response that came on the return path has begun; it is over in this instant."""
        self._end(payload)
        self._forward(payload, END_RESP, 0)

    def _end(self, payload: Payload) -> None:
        """The response is over; none may have come by a call meanwhile."""
        self._next_request(payload)
        response = self._responses.pop(payload, None)
        if response is None:
            raise _broken(self._target, PHASE_ORDER, f"{described(payload)} has two responses, called and returned")
        response.succeed()

    def _end_request(self, payload: Payload, delay: int) -> None:
        if self._requesting is payload:
            _after(delay, self._target, lambda: self._next_request(payload))

    def _next_request(self, payload: Payload) -> None:
        """The request of `payload` is over, if it is not already: whoever waits longest is next."""
        if self._requesting is payload:
            self._requesting = None
            if self._queue:
                self._requesting = _RESERVED
                self._queue.popleft().succeed()


#: Between the end of a request and the next one's beginning, in the same instant.
_RESERVED = Payload()


class NonBlockingToBlocking:
    """A non-blocking caller's way to a target that has only `b_transport`, over one hop.

    BEGIN_REQ is accepted; after its delay the target is called, and then BEGIN_RESP comes with delay 0, one response at
    a time. END_REQ is never sent. Each transaction inside is a process of a pool that grows to what is needed.
    """

    def __init__(self, hop: Hop, b_transport: BTransport) -> None:
        self._hop = hop
        self._b_transport = b_transport
        self._idle: list[simpy.Event] = []
        self._responding: Payload | None = None
        self._sending = False
        self._queue: deque[Payload] = deque()

    def nb_transport_fw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """BEGIN_REQ and END_RESP; phases of other protocols are ignored."""
        if phase == BEGIN_REQ:
            if delay.__class__ is not int or delay < 0:
                delay = _whole(delay, self._hop.initiator)
            if self._idle:
                self._idle.pop().succeed((payload, delay))
            else:
                self._hop.env.process(self._serve(payload, delay))
            return ACCEPTED, phase, delay
        if phase == END_RESP and payload is self._responding:
            _after(delay, self._hop.initiator, self._next_response)
            return COMPLETED, phase, delay
        if not isinstance(phase, ExtendedPhase):
            seen = f"{named(phase)} of {described(payload)} on the forward path"
            raise _broken(self._hop.target, LEGAL_PHASES, seen)
        return ACCEPTED, phase, delay

    def _serve(self, payload: Payload, delay: int) -> Process:
        env = self._hop.env
        while True:
            if delay:
                yield env.timeout(delay)
            delay = yield from self._b_transport(payload, 0)
            if delay:
                if delay.__class__ is not int or delay < 0:
                    delay = _whole(delay, self._hop.target)
                yield env.timeout(delay)
            self._queue.append(payload)
            self._respond()
            idle = env.event()
            self._idle.append(idle)
            payload, delay = yield idle

    def _respond(self) -> None:
        """Send the responses that are there, until one is not over at once; END_RESP may come from within the call."""
        while self._queue and self._responding is None and not self._sending:
            self._responding, self._sending = self._queue.popleft(), True
            try:
                answer = self._hop.nb_transport_bw(self._responding, BEGIN_RESP, 0)
            finally:
                self._sending = False
            self._answered(answer)

    def _answered(self, answer: NbResult) -> None:
        """What the initiator returned for BEGIN_RESP."""
        try:
            sync, phase, delay = answer
        except (TypeError, ValueError):
            raise _broken(self._hop.initiator, RESULT, no_result(answer)) from None
        if ends_response(sync, phase):
            if delay == 0:
                self._responding = None
            else:
                _after(delay, self._hop.initiator, self._next_response)
        elif sync != ACCEPTED and not _ignorable(sync, phase):
            raise _broken(self._hop.initiator, LEGAL_RETURNS, wrong_answer(sync, phase, BEGIN_RESP))

    def _next_response(self) -> None:
        self._responding = None
        self._respond()


def _after(delay: int, by: Socket, action: Callable[[], object]) -> None:
    """Call `action` in `delay` fs, at once where that is 0; the owner of the socket `by` gave the delay."""
    if delay.__class__ is not int or delay < 0:
        delay = _whole(delay, by)
    if delay:
        call_in(by.owner.env, delay, action)
    else:
        action()


def _whole(delay: Any, by: Socket) -> int:
    """A delay that the owner of the socket `by` gave, in fs; ProtocolError where it is none."""
    try:
        whole = index(delay)
    except TypeError:
        whole = -1
    if whole < 0:
        raise _broken(by, DELAY, f"a delay of {delay!r}; it must be a whole number of fs, 0 or more")
    return whole


def _ignorable(sync: Sync, phase: AnyPhase) -> bool:
    """Whether an answer is as good as ACCEPTED: updated to a phase of another protocol."""
    return sync == UPDATED and isinstance(phase, ExtendedPhase)


def _broken(by: Socket, rule: str, seen: str) -> ProtocolError:
    """The owner of the socket `by` has broken `rule`, now."""
    return breach(by.full_name, by.owner.env, rule, seen)
