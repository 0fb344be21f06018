"""Initiator and target sockets: how modules are connected, and blocking transport between them."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from typing import Any

import simpy

from .errors import ElaborationError
from .module import Module
from .payload import Payload

Transport = Generator[simpy.Event, Any, int]
TargetCallback = Callable[[Payload, int], Any]


class TargetSocket:
    """Where a module receives transactions.

    `b_transport(payload, delay)` is a generator that returns the new delay or, where it never waits, a
    plain function; `transport_dbg(payload)` returns a byte count and takes no time. It is re-entrant:
    several callers may be inside at once.
    """

    def __init__(
        self,
        owner: Module,
        name: str,
        b_transport: TargetCallback,
        transport_dbg: Callable[[Payload], int] | None = None,
    ) -> None:
        self.owner = owner
        self.name = name
        self.b_transport = as_generator(b_transport)
        self.transport_dbg = transport_dbg or _no_debug
        owner.sockets.append(self)

    @property
    def full_name(self) -> str:
        """The owner's full name and the socket's own."""
        return f"{self.owner.full_name}.{self.name}"

    def complete_binding(self) -> None:
        """Nothing to check: a target may serve no initiator, or several."""


class InitiatorSocket:
    """Where a module sends transactions: `delay = yield from socket.b_transport(payload, delay)`.

    Bound to one target with `>>` or `bind`; the target's own function takes the socket's place at
    elaboration, so that a call costs no more than a direct one.
    """

    def __init__(self, owner: Module, name: str) -> None:
        self.owner = owner
        self.name = name
        self.target: TargetSocket | None = None
        #: Send a payload, logically at now + delay fs; returns the delay the caller still owes.
        self.b_transport: Callable[[Payload, int], Transport] = self._not_yet
        owner.sockets.append(self)

    @property
    def full_name(self) -> str:
        """The owner's full name and the socket's own."""
        return f"{self.owner.full_name}.{self.name}"

    def bind(self, target: TargetSocket) -> TargetSocket:
        """Connect to `target`, once."""
        if not isinstance(target, TargetSocket):
            raise TypeError(f"{self.full_name} binds to a TargetSocket, not to {target!r}")
        if self.target is not None:
            raise ElaborationError(
                f"{self.full_name} is bound to {self.target.full_name} already; "
                f"it cannot be bound to {target.full_name} too"
            )
        self.target = target
        return target

    __rshift__ = bind

    def transport_dbg(self, payload: Payload) -> int:
        """Read or write without time or side effects; returns the number of bytes moved."""
        if self.target is None:
            raise ElaborationError(f"{self.full_name} is not bound")
        return self.target.transport_dbg(payload)

    def _not_yet(self, _payload: Payload, _delay: int) -> Transport:
        raise ElaborationError(f"{self.full_name} is used before elaboration")

    def complete_binding(self) -> None:
        """Check that the socket is bound and route calls straight to the target."""
        if self.target is None:
            raise ElaborationError(f"{self.full_name} (initiator socket) is not bound; connect it with >>")
        self.b_transport = self.target.b_transport


def as_generator(function: TargetCallback) -> Callable[[Payload, int], Transport]:
    """`function` itself where it is a generator function, else a generator around it."""
    if inspect.isgeneratorfunction(function):
        return function

    def transport(payload: Payload, delay: int) -> Transport:
        return int(function(payload, delay))
        yield

    return transport


def _no_debug(_payload: Payload) -> int:
    return 0
