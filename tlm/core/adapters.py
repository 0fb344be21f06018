"""Between the two kinds of transport: blocking callers of a target that does not block, and the reverse."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator
from typing import Any, cast

import simpy

from .binding import BTransport, Hop, NbTransport, Socket, Transport
from .errors import ProtocolError
from .module import Answer
from .payload import Payload
from .phases import ACCEPTED, BEGIN_REQ, BEGIN_RESP, COMPLETED, END_REQ, END_RESP, UPDATED, AnyPhase, NbResult, Phase

Process = Generator[simpy.Event, Any, None]


class BlockingCallers:
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
        response = self._responses[payload] = Answer(self._target.owner, self._response)
        try:
            sync, phase, delay = self._forward(payload, BEGIN_REQ, 0)
        except BaseException:
            del self._responses[payload]
            self._next_request(payload)
            raise
        if sync == COMPLETED:
            _after(self._env, delay, lambda: self._end(payload))
        elif sync == UPDATED and phase == END_REQ:
            self._end_request(payload, delay)
        elif sync == UPDATED and phase == BEGIN_RESP:
            _after(self._env, delay, lambda: self._end_response(payload))
        elif sync != ACCEPTED:
            raise self._illegal("UPDATED to", phase)
        return response

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
            _after(self._env, delay, self._responses.pop(payload).succeed)
            return COMPLETED, phase, delay
        elif isinstance(phase, Phase):
            raise self._illegal("a call back with", phase)
        return ACCEPTED, phase, delay

    def _end_response(self, payload: Payload) -> None:
        """A response that came on the return path has begun; it is over in this instant."""
        self._end(payload)
        self._forward(payload, END_RESP, 0)

    def _end(self, payload: Payload) -> None:
        self._next_request(payload)
        self._responses.pop(payload).succeed()

    def _end_request(self, payload: Payload, delay: int) -> None:
        if self._requesting is payload:
            _after(self._env, delay, lambda: self._next_request(payload))

    def _next_request(self, payload: Payload) -> None:
        """The request of `payload` is over, if it is not already: whoever waits longest is next."""
        if self._requesting is payload:
            self._requesting = None
            if self._queue:
                self._requesting = _RESERVED
                self._queue.popleft().succeed()

    def _illegal(self, what: str, phase: AnyPhase) -> ProtocolError:
        return ProtocolError(self._target.full_name, int(self._env.now), "legal phases", f"{what} {phase!r}")


#: Between the end of a request and the next one's beginning, in the same instant.
_RESERVED = Payload()


class NonBlockingCaller:
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
            if self._idle:
                self._idle.pop().succeed((payload, delay))
            else:
                self._hop.env.process(self._serve(payload, delay))
            return ACCEPTED, phase, delay
        if phase == END_RESP and payload is self._responding:
            _after(self._hop.env, delay, self._next_response)
            return COMPLETED, phase, delay
        if isinstance(phase, Phase):
            raise self._illegal(f"{phase!r} of {payload}")
        return ACCEPTED, phase, delay

    def _serve(self, payload: Payload, delay: int) -> Process:
        env = self._hop.env
        while True:
            if delay:
                yield env.timeout(delay)
            delay = yield from self._b_transport(payload, 0)
            if delay:
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
                sync, phase, delay = self._hop.nb_transport_bw(self._responding, BEGIN_RESP, 0)
            finally:
                self._sending = False
            if sync == COMPLETED or (sync == UPDATED and phase == END_RESP):
                if delay:
                    _after(self._hop.env, delay, self._next_response)
                else:
                    self._responding = None
            elif sync != ACCEPTED:
                raise self._illegal(f"UPDATED to {phase!r} in answer to BEGIN_RESP")

    def _next_response(self) -> None:
        self._responding = None
        self._respond()

    def _illegal(self, what: str) -> ProtocolError:
        return ProtocolError(self._hop.target.full_name, int(self._hop.env.now), "legal phases", what)


def _after(env: simpy.Environment, delay: int, action: Callable[[], object]) -> None:
    """Call `action` in `delay` fs, at once where that is 0."""
    if delay:
        env.timeout(delay).callbacks.append(lambda _event: cast(None, action()))
    else:
        action()
