"""Initiators' and targets' sockets, for one other side or for many; calls go straight to the other side's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator
from functools import cached_property, partial
from operator import index
from typing import Any, cast

import simpy

from ..errors import ElaborationError
from ..kernel.module import Module
from .adapters import BlockingToNonBlocking, NonBlockingToBlocking
from .binding import (
    BTransport,
    Callback,
    Debug,
    GetDmi,
    Hop,
    Invalidate,
    NbTransport,
    PlainTransport,
    Socket,
    Transport,
)
from .dmi import Dmi
from .payload import Payload
from .phases import AnyPhase, NbResult


class Numbered(Socket):
    """Many sockets in one: the owner's functions have the number of the other side first, `socket[i]` is the hop."""

    most = None

    def __len__(self) -> int:
        return len(self.hops)

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, index: int) -> Hop:
        try:
            return self.hops[index]
        except IndexError:
            raise self.no_number(index) from None

    def _callback(self, name: str, index: int) -> Callback | None:
        function = super()._callback(name, index)
        return None if function is None else partial(function, index)


class BaseInitiatorSocket(Socket):
    """What initiators' sockets share: the functions that targets call back."""

    kind = "initiator socket"
    is_initiator = True

    def __init__(
        self,
        owner: Module,
        name: str,
        nb_transport_bw: Callback | None = None,
        invalidate_direct_mem_ptr: Callback | None = None,
        *,
        optional: bool = False,
    ) -> None:
        super().__init__(owner, name, optional)
        self._register("nb_transport_bw", nb_transport_bw)
        self._register("invalidate_direct_mem_ptr", invalidate_direct_mem_ptr)

    def register_nb_transport_bw(self, function: Callback) -> None:
        """Have targets call `function` back."""
        self._register("nb_transport_bw", function)

    def register_invalidate_direct_mem_ptr(self, function: Callback) -> None:
        """Have targets call `function` with the first and the last address of what they lend no longer."""
        self._register("invalidate_direct_mem_ptr", function)

    def equip(self, hop: Hop) -> None:
        """The functions that the target calls back."""
        number = hop.target_index
        hop.nb_transport_bw = self._callback("nb_transport_bw", number) or self.lacks("nb_transport_bw")
        hop.invalidate_direct_mem_ptr = self._callback("invalidate_direct_mem_ptr", number) or _ignore


class InitiatorSocket(BaseInitiatorSocket):
    """Where a module sends transactions: `delay = yield from socket.b_transport(payload, delay)`.

    `b_transport` is logically at now + delay and returns the delay that the caller still owes.
    `nb_transport_fw(payload, phase, delay)` returns (sync, phase, delay); `nb_transport_bw(payload, phase, delay)`,
    given here, is what the target calls back. `transport_dbg(payload)` moves bytes without time and returns how many;
    `get_direct_mem_ptr(payload)` gives a Dmi. Bound with `>>` or `bind`, to a target's socket or to the one of a module
    around its owner that passes it on: from elaboration on these functions are the target's own.
    """

    def __init__(
        self,
        owner: Module,
        name: str,
        nb_transport_bw: NbTransport | None = None,
        invalidate_direct_mem_ptr: Invalidate | None = None,
        *,
        optional: bool = False,
    ) -> None:
        super().__init__(owner, name, nb_transport_bw, invalidate_direct_mem_ptr, optional=optional)
        self.b_transport: BTransport = self.unusable
        self.nb_transport_fw: NbTransport = self.unusable
        self.transport_dbg: Debug = self.unusable
        self.get_direct_mem_ptr: GetDmi = self.unusable
        #: The target's b_transport as a plain function, which returns the delay; None where the target may wait.
        self.plain_transport: PlainTransport | None = None

    @property
    def target(self) -> Socket | None:
        """The target's socket it leads to or, before elaboration, what it is bound to."""
        return self.hops[0].target if self.hops else next(iter(self.bound), None)

    def read(self, address: int, length: int) -> Generator[simpy.Event, Any, bytes]:
        """Read `length` bytes and wait: `data = yield from socket.read(0x100, 64)`; TransportError on an error."""
        return self._hop.read(address, length)

    def write(self, address: int, data: Any) -> Generator[simpy.Event, Any, None]:
        """Write bytes-like data and wait: `yield from socket.write(0x100, data)`; TransportError on an error."""
        return self._hop.write(address, data)

    def tied(self, hop: Hop) -> None:
        """From now on calls go straight through."""
        super().tied(hop)
        self.b_transport = hop.b_transport
        self.plain_transport = hop.plain_transport
        self.nb_transport_fw = hop.nb_transport_fw
        self.transport_dbg = hop.transport_dbg
        self.get_direct_mem_ptr = hop.get_direct_mem_ptr

    @property
    def _hop(self) -> Hop:
        return self.hops[0] if self.hops else self.unusable()


class MultiInitiatorSocket(Numbered, BaseInitiatorSocket):
    """Many initiator sockets in one: `socket[i].b_transport(payload, delay)` goes to the target bound as number i.

    The owner's `nb_transport_bw(i, payload, phase, delay)` and `invalidate_direct_mem_ptr(i, start, end)` have the
    number first. `len(socket)` is how many there are, known from elaboration on.
    """


class BaseTargetSocket(Socket):
    """What targets' sockets share: the functions that initiators call, and adapters for those there are not."""

    kind = "target socket"

    def __init__(
        self,
        owner: Module,
        name: str,
        b_transport: Callback | None = None,
        transport_dbg: Callback | None = None,
        nb_transport_fw: Callback | None = None,
        get_direct_mem_ptr: Callback | None = None,
        *,
        optional: bool = True,
    ) -> None:
        super().__init__(owner, name, optional)
        self._register("b_transport", b_transport)
        self._register("transport_dbg", transport_dbg)
        self._register("nb_transport_fw", nb_transport_fw)
        self._register("get_direct_mem_ptr", get_direct_mem_ptr)

    def register_b_transport(self, function: Callback) -> None:
        """Serve blocking transactions with `function`."""
        self._register("b_transport", function)

    def register_nb_transport_fw(self, function: Callback) -> None:
        """Serve non-blocking transactions with `function`."""
        self._register("nb_transport_fw", function)

    def register_transport_dbg(self, function: Callback) -> None:
        """Serve debug accesses with `function`."""
        self._register("transport_dbg", function)

    def register_get_direct_mem_ptr(self, function: Callback) -> None:
        """Answer who asks for direct memory access with `function`."""
        self._register("get_direct_mem_ptr", function)

    def equip(self, hop: Hop) -> None:
        """The functions that the initiator calls; an adapter's where the owner has only the other kind of transport."""
        number = hop.initiator_index
        blocking, non_blocking = (self._callback(name, number) for name in ("b_transport", "nb_transport_fw"))
        hop.plain_transport = None
        hop.b_transport = hop.nb_transport_fw = self.lacks("blocking or non-blocking transport")
        if blocking:
            waits = inspect.isgeneratorfunction(blocking)
            hop.b_transport = blocking if waits else as_generator(blocking, self.full_name)
            hop.plain_transport = None if waits else blocking
            hop.nb_transport_fw = NonBlockingToBlocking(hop, hop.b_transport).nb_transport_fw
        if non_blocking:
            hop.nb_transport_fw = non_blocking
        if non_blocking and not blocking:
            hop.adapter = self.adapter(non_blocking)
            hop.b_transport = hop.adapter.b_transport
        hop.transport_dbg = self._callback("transport_dbg", number) or _no_debug
        hop.get_direct_mem_ptr = self._callback("get_direct_mem_ptr", number) or _no_dmi

    def adapter(self, nb_transport_fw: NbTransport) -> BlockingToNonBlocking:
        """The way of a blocking initiator to an owner that does not block."""
        return BlockingToNonBlocking(self, nb_transport_fw)


class TargetSocket(BaseTargetSocket):
    """Where a module receives transactions; any number of initiators may be bound to it.

    `b_transport(payload, delay)` is a generator function that returns the new delay or, where it never waits, a plain
    function; it is re-entrant: several callers may be inside at once. `nb_transport_fw(payload, phase, delay)` returns
    (sync, phase, delay), and the owner answers with `socket.nb_transport_bw(payload, phase, delay)`. Where only one of
    the two is given, an adapter stands for the other. `transport_dbg(payload)` returns a byte count and takes no time,
    `get_direct_mem_ptr(payload)` gives a Dmi.
    """

    def __init__(
        self,
        owner: Module,
        name: str,
        b_transport: Callback | None = None,
        transport_dbg: Debug | None = None,
        nb_transport_fw: NbTransport | None = None,
        get_direct_mem_ptr: GetDmi | None = None,
        *,
        optional: bool = True,
    ) -> None:
        super().__init__(
            owner, name, b_transport, transport_dbg, nb_transport_fw, get_direct_mem_ptr, optional=optional
        )
        #: Call the initiator back; with several of them only a MultiTargetSocket can tell whom.
        self.nb_transport_bw: NbTransport = self.unusable
        self._adapter: BlockingToNonBlocking | None = None

    @cached_property
    def b_transport(self) -> BTransport:
        """For a process that has no socket of its own: as an initiator's, but no monitor looks on.

        So it is not checked and not traced; its hop is one from this socket to itself.
        """
        if self.bound:
            return cast(TargetSocket, self.bound[0]).b_transport
        hop = Hop(self, 0, self, 0)
        self.equip(hop)
        if hop.adapter is not None and not self.hops:
            self.nb_transport_bw = hop.adapter.or_else(self.nb_transport_bw)
        return hop.b_transport

    def adapter(self, nb_transport_fw: NbTransport) -> BlockingToNonBlocking:
        """One for all initiators."""
        self._adapter = self._adapter or super().adapter(nb_transport_fw)
        return self._adapter

    def invalidate_direct_mem_ptr(self, start: int, end: int) -> None:
        """Tell all initiators that addresses `start` to `end`, both included, are no longer lent."""
        for hop in self.hops:
            hop.invalidate_direct_mem_ptr(start, end)

    def tied(self, hop: Hop) -> None:
        """From now on calls back go straight through."""
        super().tied(hop)
        self.nb_transport_bw = hop.nb_transport_bw if len(self.hops) == 1 else self._ambiguous
        if hop.adapter is not None:
            self.nb_transport_bw = hop.adapter.or_else(self.nb_transport_bw)

    def _ambiguous(self, payload: Payload, _phase: AnyPhase, _delay: int) -> NbResult:
        raise ElaborationError(
            f"{self.full_name} ({self.kind}) has {len(self.hops)} initiators and cannot tell whose {payload} is; "
            "a MultiTargetSocket can"
        )


class MultiTargetSocket(Numbered, BaseTargetSocket):
    """Many target sockets in one: the owner's functions have the initiator's number, in order of binding, first.

    They are `b_transport(i, payload, delay)` and so on; `socket[i].nb_transport_bw(payload, phase, delay)` and
    `socket[i].invalidate_direct_mem_ptr(start, end)` go back to initiator i. `len(socket)` is how many there are, known
    from elaboration on.
    """

    def tied(self, hop: Hop) -> None:
        """From now on calls back go straight through, or to what stands for a blocking initiator."""
        super().tied(hop)
        if hop.adapter is not None:
            hop.nb_transport_bw = hop.adapter.or_else(hop.nb_transport_bw)


def as_generator(function: Callable[[Payload, int], Any], name: str) -> BTransport:
    """A generator function around one that never waits, or that hands on what another generator function gave.

    `name` is the socket's, for a TypeError where it gives neither a delay nor a generator.
    """

    def transport(payload: Payload, delay: int) -> Transport:
        result = function(payload, delay)
        return result if result.__class__ is int else (yield from delay_from(result, name))

    return transport


def delay_from(result: Any, name: str) -> Transport:
    """The delay that the b_transport of the socket `name` gave, where it gave no plain int: a generator is run.

    Raises TypeError where it comes to no delay.
    """
    if isinstance(result, Generator):
        result = yield from result
    try:
        return index(result)
    except TypeError:
        raise TypeError(f"{name}: b_transport returned {result!r} and not a delay") from None


def _ignore(_start: int, _end: int) -> None:
    """An initiator that never asks for direct memory access."""


def _no_debug(_payload: Payload) -> int:
    return 0


def _no_dmi(_payload: Payload) -> Dmi:
    return Dmi()
