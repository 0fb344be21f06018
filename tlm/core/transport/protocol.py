"""The base protocol's rules by name and clause, and how what broke one is told."""

from __future__ import annotations

from typing import Any

import simpy

from ..errors import ProtocolError
from .payload import Payload
from .phases import UPDATED, AnyPhase, Sync

LEGAL_PHASES = "legal phases"
LEGAL_RETURNS = "legal returns"
PHASE_ORDER = "phase order"
REQUEST_EXCLUSION = "request exclusion"
RESPONSE_EXCLUSION = "response exclusion"
TIME_ORDER = "time order"
STRICT_TIME_ORDER = "strict time order"
ONE_TRANSPORT = "one kind of transport"
REUSE = "reuse"
PAYLOAD = "payload"
READ_ONLY = "read-only"
STATUS = "status"
RESPONSE_PATH = "response path"
RESULT = "result"
DELAY = "delay"
DEBUG = "debug"
DMI = "DMI"

#: Where IEEE 1666-2011 has a rule; the others are this layer's own, or have no one clause.
CLAUSES = {
    LEGAL_PHASES: "15.2.3 c",
    LEGAL_RETURNS: "15.2.4",
    PHASE_ORDER: "15.2.4",
    REQUEST_EXCLUSION: "15.2.6 e",
    RESPONSE_EXCLUSION: "15.2.6 f",
    TIME_ORDER: "15.2.7 c",
    ONE_TRANSPORT: "15.2.10 c",
    REUSE: "14.5 x",
    READ_ONLY: "14.7",
    STATUS: "14.7",
    RESPONSE_PATH: "15.2.11 a",
    DMI: "11.2.5",
}


def named(value: Any) -> str:
    """A command, phase, status or sync by its name; anything else as Python shows it."""
    return str(getattr(value, "name", None) or repr(value))


def described(payload: Payload, address: int | None = None) -> str:
    """A transaction for a message: its command, its address, on this hop if need be, and its length."""
    return f"{named(payload.command)} 0x{payload.address if address is None else address:x} ({payload.data_length} B)"


def breach(by: str, env: simpy.Environment, rule: str, seen: str, clause: str | None = None) -> ProtocolError:
    """That `by`, a full name, has broken `rule` now; `clause` where it is another one than the rule's own."""
    process = env.active_process
    return ProtocolError(
        by, int(env.now), rule, seen, clause or CLAUSES.get(rule), None if process is None else process.name
    )


def no_result(answer: Any) -> str:
    """What was seen where a non-blocking call returned no result."""
    return f"a non-blocking call returned {answer!r}; it must not wait, and returns (sync, phase, delay)"


def wrong_answer(sync: Sync, phase: AnyPhase, answered: AnyPhase) -> str:
    """What was seen where this is no answer to the phase `answered`."""
    answer = f"UPDATED to {named(phase)}" if sync == UPDATED else named(sync)
    return f"{answer} in answer to {named(answered)}"
