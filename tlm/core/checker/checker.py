"""The base protocol checker: looks on at the calls of a hop, and raises where one breaks a rule."""

from __future__ import annotations

from typing import Any, NoReturn

from ..errors import ElaborationError
from ..kernel.module import Module
from ..transport.binding import Hop, Socket, Transport
from ..transport.dmi import Dmi
from ..transport.payload import Payload
from ..transport.phases import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    UNINITIALIZED_PHASE,
    UPDATED,
    AnyPhase,
    ExtendedPhase,
    NbResult,
    Sync,
    ends_response,
)
from ..transport.protocol import (
    DEBUG,
    DELAY,
    DMI,
    LEGAL_PHASES,
    LEGAL_RETURNS,
    PAYLOAD,
    PHASE_ORDER,
    RESPONSE_PATH,
    RESULT,
    described,
    named,
    no_result,
    wrong_answer,
)
from .rules import malformed, unready_for_debug
from .state import HopTransactions, LiveTransaction


def check_protocol(*sockets_or_modules: Socket | Module, strict: bool = False) -> None:
    """Have every call of these sockets checked, before elaboration; of a module, all initiator sockets in its tree.

    The call that breaks a rule of the base protocol raises a ProtocolError. Over hops that are checked together each
    transaction is followed: its response takes the request's way back, and nobody there turns an error into OK or
    touches data. `strict` also asks that the effective times of different transactions never decrease, on each hop and
    in each direction, as some models expect. After elaboration it is too late: ElaborationError.
    """
    check = _Check(strict)
    for one in sockets_or_modules:
        if (one if isinstance(one, Module) else one.owner).elaborated:
            raise ElaborationError(f"{one.full_name}: check_protocol is called after elaboration")
        one.monitors.append(check)


class _Check:
    """A monitor of hops that are checked together."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._innermost: dict[Payload, LiveTransaction] = {}
        self._hops: set[Hop] = set()

    def __call__(self, hop: Hop) -> None:
        """Look on at `hop`, once, whichever of its sockets and the modules around them were given."""
        if hop not in self._hops:
            self._hops.add(hop)
            HopChecker(hop, HopTransactions(hop, self._innermost, self._strict))


class HopChecker:
    """Stands in place of a hop's functions: looks at what is given, calls the hop's own, looks at what it returns."""

    def __init__(self, hop: Hop, state: HopTransactions) -> None:
        self._env = hop.env
        self._state = state
        self._blocking, hop.b_transport = hop.b_transport, self.b_transport
        self._forward, hop.nb_transport_fw = hop.nb_transport_fw, self.nb_transport_fw
        self._backward, hop.nb_transport_bw = hop.nb_transport_bw, self.nb_transport_bw
        self._debug, hop.transport_dbg = hop.transport_dbg, self.transport_dbg
        self._get_dmi, hop.get_direct_mem_ptr = hop.get_direct_mem_ptr, self.get_direct_mem_ptr
        self._invalidate, hop.invalidate_direct_mem_ptr = hop.invalidate_direct_mem_ptr, self.invalidate_direct_mem_ptr

    def b_transport(self, payload: Payload, delay: int) -> Transport:
        """One call is the transaction's whole life."""
        state = self._state
        alive = state.begin(payload, UNINITIALIZED_PHASE, delay)
        try:
            left = yield from self._blocking(payload, delay)
            self._check_left(alive, left)
            state.answer(alive)
            state.unchanged(alive, state.target)
        finally:
            state.leave(alive)
        return left

    def nb_transport_fw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """BEGIN_REQ or END_RESP, or a phase of another protocol."""
        alive: LiveTransaction | None
        if phase == BEGIN_REQ:
            alive = self._state.begin_request(payload, delay)
        elif phase == END_RESP:
            alive = self._end_response(payload, delay)
        else:
            alive = self._extended(payload, phase, delay, self._state.initiator)
        answer = self._forward(payload, phase, delay)
        try:
            sync, next_phase, next_delay = answer
        except (TypeError, ValueError):
            self._state.fail(RESULT, self._state.target, no_result(answer))
        if sync != ACCEPTED:
            self._forward_answer(alive, phase, sync, next_phase, next_delay)
        elif alive is not None and alive.phase == phase == BEGIN_REQ:
            self._state.unchanged(alive, self._state.target)
        return answer

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """END_REQ or BEGIN_RESP, or a phase of another protocol."""
        alive: LiveTransaction | None
        if phase == END_REQ:
            alive = self._sent(payload, phase)
            self._state.end_request(alive, delay)
        elif phase == BEGIN_RESP:
            alive = self._sent(payload, phase)
            self._state.begin_response(alive, delay)
        else:
            alive = self._extended(payload, phase, delay, self._state.target)
        answer = self._backward(payload, phase, delay)
        try:
            sync, next_phase, next_delay = answer
        except (TypeError, ValueError):
            self._state.fail(RESULT, self._state.initiator, no_result(answer))
        if sync != ACCEPTED:
            self._backward_answer(alive, phase, sync, next_phase, next_delay)
        elif alive is not None and alive.phase == phase == END_REQ:
            self._state.unchanged(alive, self._state.initiator)
        return answer

    def transport_dbg(self, payload: Payload) -> int:
        """No more bytes than were asked for."""
        state = self._state
        fault = unready_for_debug(payload)
        if fault is not None:
            state.fail(PAYLOAD, state.initiator, f"{described(payload)}: {fault[0]}", fault[1])
        count = self._debug(payload)
        if type(count) is not int or not 0 <= count <= payload.data_length:
            state.fail(DEBUG, state.target, f"{described(payload)}: transport_dbg returned {count!r}", "11.3.4 s")
        return count

    def get_direct_mem_ptr(self, payload: Payload) -> Dmi:
        """A well-formed answer."""
        dmi = self._get_dmi(payload)
        fault = malformed(dmi)
        if fault is not None:
            self._state.fail(DMI, self._state.target, f"{described(payload)}: {fault}")
        return dmi

    def invalidate_direct_mem_ptr(self, start: int, end: int) -> None:
        """A range that is one."""
        if not 0 <= start <= end:
            self._state.fail(DMI, self._state.target, f"invalidate_direct_mem_ptr of 0x{start:x} to 0x{end:x}")
        self._invalidate(start, end)

    def _check_left(self, alive: LiveTransaction, left: Any) -> None:
        """The caller is left with what remains of its own delay, or more."""
        state = self._state
        if type(left) is not int or left < 0:
            state.fail(DELAY, state.target, f"{alive}: b_transport returned {left!r}, which is no delay in fs")
        remains = alive.time_fs - int(self._env.now)
        if left < remains:
            seen = f"{alive}: b_transport returned a delay of {left} fs, where {remains} fs remain of the one given"
            state.fail(DELAY, state.target, seen)

    def _end_response(self, payload: Payload, delay: int) -> LiveTransaction:
        state = self._state
        alive = state.find(payload)
        if alive is None:
            seen = f"END_RESP of {described(payload)}, which {state.elsewhere(payload)}"
            state.fail(PHASE_ORDER, state.initiator, seen)
        state.end_response(alive, delay)
        return alive

    def _sent(self, payload: Payload, phase: AnyPhase) -> LiveTransaction:
        """What the target calls back for; its request came this way."""
        state = self._state
        alive = state.find(payload)
        if alive is None:
            seen = f"{named(phase)} of {described(payload)}, which {state.elsewhere(payload)}"
            state.fail(RESPONSE_PATH, state.target, seen)
        return alive

    def _extended(self, payload: Payload, phase: AnyPhase, delay: int, by: Socket) -> LiveTransaction | None:
        """A call with none of the phases that this side may send: it is ignorable, or illegal."""
        if not isinstance(phase, ExtendedPhase):
            way = "forward" if by is self._state.initiator else "backward"
            self._state.fail(LEGAL_PHASES, by, f"{named(phase)} of {described(payload)} on the {way} path")
        alive = self._state.find(payload)
        if alive is not None:
            self._state.on_time(alive, delay, by)
        return alive

    def _forward_answer(
        self, alive: LiveTransaction | None, phase: AnyPhase, sync: Sync, next_phase: AnyPhase, delay: int
    ) -> None:
        """UPDATED or COMPLETED from the target."""
        state = self._state
        if sync == UPDATED and isinstance(next_phase, ExtendedPhase) and phase != END_RESP:
            return
        if alive is None or (sync != COMPLETED and phase == END_RESP):
            self._wrong_answer(phase, sync, next_phase, state.target)
        if phase == END_RESP:
            state.on_time(alive, delay, state.target)
        elif sync == COMPLETED:
            state.complete(alive, delay)
        elif sync == UPDATED and next_phase == END_REQ:
            state.end_request(alive, delay)
        elif sync == UPDATED and next_phase == BEGIN_RESP:
            state.begin_response(alive, delay)
        else:
            self._wrong_answer(phase, sync, next_phase, state.target)

    def _backward_answer(
        self, alive: LiveTransaction | None, phase: AnyPhase, sync: Sync, next_phase: AnyPhase, delay: int
    ) -> None:
        """UPDATED or COMPLETED from the initiator."""
        if ends_response(sync, next_phase) and alive is not None and phase != END_REQ:
            self._state.end_response(alive, delay)
        elif sync != UPDATED or not isinstance(next_phase, ExtendedPhase):
            self._wrong_answer(phase, sync, next_phase, self._state.initiator)

    def _wrong_answer(self, phase: AnyPhase, sync: Sync, next_phase: AnyPhase, by: Socket) -> NoReturn:
        self._state.fail(LEGAL_RETURNS, by, wrong_answer(sync, next_phase, phase))
