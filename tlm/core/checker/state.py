"""What is alive on a hop, for the protocol checker: how a transaction goes from phase to phase, and when it may."""

from __future__ import annotations

from typing import Any, NoReturn

from ..transport.binding import Hop, Socket
from ..transport.payload import INCOMPLETE, WRITE, Payload, Status
from ..transport.phases import BEGIN_REQ, BEGIN_RESP, END_REQ, END_RESP, UNINITIALIZED_PHASE, Phase
from ..transport.protocol import (
    DELAY,
    ONE_TRANSPORT,
    PAYLOAD,
    PHASE_ORDER,
    READ_ONLY,
    REQUEST_EXCLUSION,
    RESPONSE_EXCLUSION,
    RESPONSE_PATH,
    REUSE,
    STATUS,
    STRICT_TIME_ORDER,
    TIME_ORDER,
    breach,
    described,
    named,
)
from .rules import content, has_content, unready

#: What nobody may change while a transaction is alive; its data's bytes apart.
READ_ONLY_ATTRIBUTES = ("command", "data_length", "streaming_width", "byte_enable")

_BEFORE_RESPONSE = (BEGIN_REQ, END_REQ)


class LiveTransaction:
    """A transaction that is alive on one hop: how far it is, and what must not change meanwhile.

    `phase` is the base protocol's last one: UNINITIALIZED_PHASE throughout a blocking call, END_RESP once it is over.
    `time_fs` is the effective time of the last call or return, `status` what its target last set, `fixed` the bytes of
    data that nobody may change. `outer` is the same object on the hop that it came by before this one, and
    `answered` says that a hop after this one has had its response, where these are checked too.
    """

    __slots__ = (
        "address",
        "answered",
        "byte_enable",
        "command",
        "data",
        "data_length",
        "fixed",
        "outer",
        "payload",
        "phase",
        "place",
        "status",
        "streaming_width",
        "time_fs",
    )

    def __init__(self, place: HopTransactions, payload: Payload, phase: Phase, outer: LiveTransaction | None) -> None:
        self.place = place
        self.payload = payload
        self.phase = phase
        self.outer = outer
        self.time_fs = 0
        self.status: Status = INCOMPLETE
        self.answered = False
        self.address = payload.address
        self.command = payload.command
        self.data = payload.data
        self.data_length = payload.data_length
        self.streaming_width = payload.streaming_width
        self.byte_enable = payload.byte_enable
        self.fixed = content(payload) if payload.command == WRITE else None

    def __str__(self) -> str:
        return described(self.payload, self.address)


class HopTransactions:
    """The transactions that are alive on a hop. `innermost` is shared by the hops that are checked together: for each
    object where it came last.

    Each method is a step of one of them, by a call or a return, and raises a ProtocolError where it breaks a rule.
    """

    def __init__(self, hop: Hop, innermost: dict[Payload, LiveTransaction], strict: bool) -> None:
        self.hop = hop
        self.initiator, self.target = hop.initiator, hop.target
        self._env: Any = hop.env
        self._innermost = innermost
        self._requesting: LiveTransaction | None = None
        self._responding: LiveTransaction | None = None
        self._latest_fs = {self.initiator: 0, self.target: 0} if strict else None

    def find(self, payload: Payload) -> LiveTransaction | None:
        """The transaction of `payload` that is alive here."""
        alive = self._innermost.get(payload)
        while alive is not None and alive.place is not self:
            alive = alive.outer
        return alive

    def begin(self, payload: Payload, phase: Phase, delay: int) -> LiveTransaction:
        """It is sent: with BEGIN_REQ, or UNINITIALIZED_PHASE where the call blocks. What is refused was not sent."""
        outer = self._innermost.get(payload)
        if outer is not None:
            self._check_free(payload, phase, outer)
        fault = unready(payload)
        if fault is not None:
            self.fail(PAYLOAD, self.initiator, f"{described(payload)}: {fault[0]}", fault[1])
        alive = LiveTransaction(self, payload, phase, outer)
        if phase == BEGIN_REQ and self._requesting is not None:
            seen = f"BEGIN_REQ of {alive} while the request of {self._requesting} has not ended"
            self.fail(REQUEST_EXCLUSION, self.initiator, seen)
        self.on_time(alive, delay, self.initiator)
        self._innermost[payload] = alive
        return alive

    def begin_request(self, payload: Payload, delay: int) -> LiveTransaction:
        """BEGIN_REQ is sent."""
        alive = self._requesting = self.begin(payload, BEGIN_REQ, delay)
        return alive

    def end_request(self, alive: LiveTransaction, delay: int) -> None:
        """END_REQ comes."""
        if alive.phase != BEGIN_REQ:
            self._out_of_order(alive, "END_REQ", self.target)
        self.unchanged(alive, self.target)
        self.on_time(alive, delay, self.target)
        alive.phase = END_REQ
        if self._requesting is alive:
            self._requesting = None

    def begin_response(self, alive: LiveTransaction, delay: int) -> None:
        """BEGIN_RESP comes; the request is over too."""
        self.respond(alive, "BEGIN_RESP", delay)
        if self._responding is not None:
            seen = f"BEGIN_RESP of {alive} while the response of {self._responding} has not ended"
            self.fail(RESPONSE_EXCLUSION, self.target, seen)
        self._responding = alive
        alive.phase = BEGIN_RESP

    def end_response(self, alive: LiveTransaction, delay: int) -> None:
        """END_RESP is sent: it is over here."""
        if alive.phase != BEGIN_RESP:
            self._out_of_order(alive, "END_RESP", self.initiator)
        self.unchanged(alive, self.initiator)
        self.on_time(alive, delay, self.initiator)
        self._responding = None
        self.leave(alive)

    def complete(self, alive: LiveTransaction, delay: int) -> None:
        """COMPLETED comes in answer to the request: it is over here."""
        self.respond(alive, "COMPLETED", delay)
        self.leave(alive)

    def respond(self, alive: LiveTransaction, what: str, delay: int) -> None:
        """Its response comes: `what` says how. The request is over too."""
        if alive.phase not in _BEFORE_RESPONSE:
            self._out_of_order(alive, what, self.target)
        self.answer(alive)
        self.unchanged(alive, self.target)
        self.on_time(alive, delay, self.target)
        if self._requesting is alive:
            self._requesting = None

    def answer(self, alive: LiveTransaction) -> None:
        """Its status and data are there, on this hop before those that it came by."""
        before, alive.status = alive.status, alive.payload.response_status
        inner = self._innermost[alive.payload]
        if inner is not alive:
            self._check_way_back(alive, inner)
        if alive.answered:
            self._check_passed_on(alive, before)
        if alive.outer is not None:
            self._tell(alive.outer, alive.payload)

    def leave(self, alive: LiveTransaction) -> None:
        """It is over on this hop."""
        alive.phase = END_RESP
        inner = self._innermost[alive.payload]
        if inner is not alive:
            while inner.outer is not alive:
                assert inner.outer is not None, "what is alive leads to all that it came by"
                inner = inner.outer
            inner.outer = alive.outer
        elif alive.outer is None:
            del self._innermost[alive.payload]
        else:
            self._innermost[alive.payload] = alive.outer

    def on_time(self, alive: LiveTransaction, delay: int, by: Socket) -> None:
        """A call or return has `delay`: its effective time is not before that of the one before."""
        if type(delay) is not int or delay < 0:
            self.fail(DELAY, by, f"{alive}: a delay of {delay!r}; it must be a whole number of fs, 0 or more")
        time_fs = self._env._now + delay  # its property is a call more, and this is the event path
        if time_fs < alive.time_fs:
            seen = f"{alive}: effective at {time_fs} fs by a delay of {delay} fs, at {alive.time_fs} fs before that"
            self.fail(TIME_ORDER, by, seen)
        alive.time_fs = time_fs
        if self._latest_fs is not None:
            self._check_latest(alive, self._latest_fs, by)

    def unchanged(self, alive: LiveTransaction, by: Socket) -> None:
        """What nobody may change, or not now, is as it was."""
        payload = alive.payload
        if (
            payload.response_status is not alive.status
            or payload.data is not alive.data
            or payload.command is not alive.command
            or payload.data_length is not alive.data_length
            or payload.streaming_width is not alive.streaming_width
            or payload.byte_enable is not alive.byte_enable
            or (alive.fixed is not None and not has_content(payload, alive.fixed))
        ):
            self._check_changes(alive, by)

    def elsewhere(self, payload: Payload) -> str:
        """Where it is alive instead, for a message."""
        alive = self._innermost.get(payload)
        return "is not alive" if alive is None else f"is not alive here but on {alive.place.hop.full_name}"

    def fail(self, rule: str, by: Socket, seen: str, clause: str | None = None) -> NoReturn:
        """Raise: the owner of the socket `by` has broken `rule`."""
        raise breach(by.full_name, self._env, rule, f"{seen}, on {self.hop.full_name}", clause)

    def _check_free(self, payload: Payload, phase: Phase, outer: LiveTransaction) -> None:
        """An object that is alive may be sent on over another hop, until its response."""
        here = self.find(payload)
        if here is not None:
            same = (here.phase == UNINITIALIZED_PHASE) == (phase == UNINITIALIZED_PHASE)
            call = "BEGIN_REQ" if phase == BEGIN_REQ else "b_transport"
            seen = f"{call} of {described(payload)} while it is alive: {_stage(here)}"
            self.fail(REUSE if same else ONE_TRANSPORT, self.initiator, seen)
        if outer.phase == BEGIN_RESP:
            seen = f"{described(payload)} is sent while it is alive on {outer.place.hop.full_name}: {_stage(outer)}"
            self.fail(REUSE, self.initiator, seen)

    def _check_way_back(self, alive: LiveTransaction, inner: LiveTransaction | None) -> None:
        """Every hop after this one has had its response before this one has."""
        while inner is not None and inner is not alive:
            if inner.phase != BEGIN_RESP:
                seen = f"the response of {alive} comes before that on {inner.place.hop.full_name}, where it was sent on"
                self.fail(RESPONSE_PATH, self.target, seen)
            inner = inner.outer

    def _check_passed_on(self, alive: LiveTransaction, before: Status) -> None:
        """What a hop after this one has answered comes back as it was, or as another error."""
        if before <= 0 and alive.status > 0:
            self.fail(STATUS, self.target, f"{alive}: {named(before)} was turned into OK on the way back")
        self.unchanged(alive, self.target)
        if alive.command != WRITE:
            alive.fixed = None

    def _tell(self, outer: LiveTransaction | None, payload: Payload) -> None:
        """The hops before this one are to pass on the answer."""
        fixed = content(payload)
        while outer is not None:
            outer.answered = True
            outer.status = payload.response_status
            outer.fixed = fixed
            outer = outer.outer

    def _check_latest(self, alive: LiveTransaction, latest_fs: dict[Socket, int], by: Socket) -> None:
        """Strict: no effective time in this direction is before that of another transaction."""
        if alive.time_fs < latest_fs[by]:
            seen = f"{alive}: effective at {alive.time_fs} fs, another transaction already at {latest_fs[by]} fs"
            self.fail(STRICT_TIME_ORDER, by, seen)
        latest_fs[by] = alive.time_fs

    def _check_changes(self, alive: LiveTransaction, by: Socket) -> None:
        """Something is no longer the same object; it may be equal."""
        payload = alive.payload
        for name in READ_ONLY_ATTRIBUTES:
            before, after = getattr(alive, name), getattr(payload, name)
            if after != before:
                self.fail(READ_ONLY, by, f"{alive}: {name} went from {named(before)} to {named(after)} during its life")
        if payload.data is not alive.data:
            self.fail(READ_ONLY, by, f"{alive}: data was replaced by another object during its life")
        if alive.fixed is not None and not has_content(payload, alive.fixed):
            when = "on the way back" if alive.answered else "during the life of a write"
            self.fail(READ_ONLY, by, f"{alive}: bytes of data were changed {when}")
        if payload.response_status != alive.status:
            self._check_status(alive, by)

    def _check_status(self, alive: LiveTransaction, by: Socket) -> None:
        """A target may set it at any time until its response; on the way back nobody may."""
        before, status = alive.status, alive.payload.response_status
        early = alive.phase in _BEFORE_RESPONSE
        if early and by is self.target and not alive.answered:
            alive.status = status
            return
        when = "before its response" if early else "after its response began"
        self.fail(STATUS, by, f"{alive}: the status went from {named(before)} to {named(status)} {when}")

    def _out_of_order(self, alive: LiveTransaction, what: str, by: Socket) -> NoReturn:
        rule = ONE_TRANSPORT if alive.phase == UNINITIALIZED_PHASE else PHASE_ORDER
        self.fail(rule, by, f"{what} of {alive}: {_stage(alive)}")


def _stage(alive: LiveTransaction) -> str:
    """How far it is, for a message."""
    if alive.phase == UNINITIALIZED_PHASE:
        return "it is in b_transport"
    return "it is over" if alive.phase == END_RESP else f"its last phase was {alive.phase.name}"
