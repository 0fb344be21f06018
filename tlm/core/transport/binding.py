"""How sockets are tied to each other: from initiator to target, through those of the modules around either."""

from __future__ import annotations

import inspect
from bisect import insort
from collections.abc import Callable, Generator, Iterator, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import simpy

from ..errors import ElaborationError, TransportError, when
from ..kernel.module import Module, Monitors
from .dmi import Dmi
from .payload import READ, WRITE, Payload
from .phases import AnyPhase, NbResult

if TYPE_CHECKING:
    from .adapters import BlockingToNonBlocking

Transport = Generator[simpy.Event, Any, int]
BTransport = Callable[[Payload, int], Transport]
PlainTransport = Callable[[Payload, int], int]
NbTransport = Callable[[Payload, AnyPhase, int], NbResult]
Debug = Callable[[Payload], int]
GetDmi = Callable[[Payload], Dmi]
Invalidate = Callable[[int, int], None]
Callback = Callable[..., Any]


class Hop:
    """One initiator socket's way to one target socket: the functions that each side calls of the other.

    The initiator calls `b_transport`, `nb_transport_fw`, `transport_dbg` and `get_direct_mem_ptr`, the target
    `nb_transport_bw` and `invalidate_direct_mem_ptr`. `plain_transport` is the target's own b_transport where that
    never waits: it returns the delay. A monitor is called with a hop at elaboration and puts functions around some of
    these: where there is none, a call costs no more than a direct one. One that puts a function around b_transport and
    none around plain_transport takes the latter away. `target_index` is the target's number at the initiator's socket,
    `initiator_index` the initiator's at the target's.
    """

    __slots__ = (
        "adapter",
        "b_transport",
        "env",
        "get_direct_mem_ptr",
        "initiator",
        "initiator_index",
        "invalidate_direct_mem_ptr",
        "nb_transport_bw",
        "nb_transport_fw",
        "plain_transport",
        "target",
        "target_index",
        "transport_dbg",
    )

    b_transport: BTransport
    nb_transport_fw: NbTransport
    transport_dbg: Debug
    get_direct_mem_ptr: GetDmi
    nb_transport_bw: NbTransport
    invalidate_direct_mem_ptr: Invalidate
    plain_transport: PlainTransport | None

    def __init__(self, initiator: Socket, initiator_index: int, target: Socket, target_index: int) -> None:
        self.env = initiator.owner.env
        self.initiator = initiator
        self.initiator_index = initiator_index
        self.target = target
        self.target_index = target_index
        self.adapter: BlockingToNonBlocking | None = None

    @property
    def full_name(self) -> str:
        """Both sockets' full names."""
        return f"{self.initiator.full_name} -> {self.target.full_name}"

    def read(self, address: int, length: int) -> Generator[simpy.Event, Any, bytes]:
        """Read `length` bytes and wait: `data = yield from hop.read(0x100, 64)`; TransportError on an error."""
        payload = Payload(READ, address, bytearray(length))
        yield from self._transport(payload)
        return bytes(payload.data)

    def write(self, address: int, data: Any) -> Generator[simpy.Event, Any, None]:
        """Write bytes-like data and wait until that is done; TransportError on an error."""
        yield from self._transport(Payload(WRITE, address, memoryview(data).cast("B")))

    def _transport(self, payload: Payload) -> Generator[simpy.Event, Any, None]:
        delay = yield from self.b_transport(payload, 0)
        if delay:
            yield self.env.timeout(delay)
        if payload.response_status <= 0:
            raise TransportError(f"{self.full_name}: {payload} failed {when(self.env)}")


Monitor = Callable[[Hop], None]


class Socket:
    """What all sockets share: a place in the hierarchy, and what they are bound to and by.

    `bound` is what this one was bound to, in order, `callers` what was bound to it; `hops` are its ways to the other
    side, there from elaboration on; `callbacks` are the owner's functions by name. An `optional` one may stay unbound.
    """

    kind = "socket"
    is_initiator = False
    #: How many others it may be bound to; None is any number.
    most: int | None = 1

    def __init__(self, owner: Module, name: str, optional: bool) -> None:
        if not isinstance(owner, Module):
            raise TypeError(f"socket {name!r} belongs to a module, not to {owner!r}")
        self.owner = owner
        self.name = name
        self.optional = optional
        self.bound: list[Socket] = []
        self.callers: list[Socket] = []
        self.hops: list[Hop] = []
        self.monitors = Monitors(owner, self)
        self.callbacks: dict[str, Callback] = {}
        owner.add_socket(self)

    @property
    def full_name(self) -> str:
        """The owner's full name and the socket's own."""
        return f"{self.owner.full_name}.{self.name}"

    def __repr__(self) -> str:
        return f"<{self.kind} {self.full_name}>"

    def bind(self, other: Any) -> Any:
        """Connect to `other`, before elaboration: an initiator's to a target's, or to the one of a module around it
        that passes it on; a target's to the one of a module inside that serves it.

        Gives `other`. TypeError where it is no such socket; ElaborationError where it is in another environment or
        not around or inside, where this one is bound as often as it may be, and after elaboration.
        """
        self._check(other)
        self.bound.append(other)
        other.callers.append(self)
        return other

    __rshift__ = bind

    def _register(self, name: str, function: Callback | None) -> None:
        """Take the owner's function for `name`, once and before elaboration; None is none."""
        if function is None:
            return
        if self.owner.elaborated:
            raise ElaborationError(f"{self.full_name}: {name} is registered after elaboration")
        if name in self.callbacks:
            raise ElaborationError(f"{self.full_name}: {name} is registered twice")
        if not callable(function):
            raise TypeError(f"{self.full_name}: {name} must be a function, not {function!r}")
        if name != "b_transport" and inspect.isgeneratorfunction(function):
            raise TypeError(
                f"{self.full_name}: {name} must be a plain function, which cannot wait; {function!r} yields"
            )
        self.callbacks[name] = function

    def _callback(self, name: str, _index: int) -> Callback | None:
        """The owner's function for `name`, as it is called for hop number `index`."""
        return self.callbacks.get(name)

    def lacks(self, what: str) -> Callback:
        """In place of a function that the owner never gave: ElaborationError when it is called."""

        def refuse(*_arguments: Any) -> Any:
            raise ElaborationError(f"{self.full_name} ({self.kind}): no {what} callback registered")

        return refuse

    def check_binding(self) -> None:
        """At elaboration, of every socket before any is tied: ElaborationError where it is not bound as it must be."""
        self.hops.clear()  # those of an elaboration that failed
        self._check_callbacks()
        if self.is_initiator:
            self._check_ways(len(list(_ways(self))))
        elif not (self.optional or self.bound or any(_ways_to(self))):
            raise ElaborationError(self._unbound("no initiator socket is bound to it"))

    def _check_callbacks(self) -> None:
        passed_on = self.callers if self.is_initiator else self.bound
        if passed_on and self.callbacks:
            raise ElaborationError(
                f"{self.full_name} ({self.kind}) only passes calls on {'of' if self.is_initiator else 'to'} "
                f"{passed_on[0].full_name}: its own callbacks, {', '.join(self.callbacks)}, would never be called"
            )

    def _check_ways(self, ways: int) -> None:
        if not ways and not self.optional:
            raise ElaborationError(self._unbound("connect it with >>"))
        if self.most is not None and ways > self.most:
            raise ElaborationError(self._too_many(ways))

    def tie(self) -> None:
        """At elaboration: make the hops of an initiator's socket that does not only pass calls on."""
        if self.is_initiator and not self.callers:
            ways = list(_ways(self))
            for index, way in enumerate(ways):
                self._tie(way, index, ways[:index].count(way))

    def equip(self, hop: Hop) -> None:
        """Put the owner's functions, which the other side calls, into `hop`."""
        raise NotImplementedError

    def tied(self, hop: Hop) -> None:
        """The hop is complete: from now on its functions are called."""
        insort(self.hops, hop, key=attrgetter("target_index" if self.is_initiator else "initiator_index"))

    def no_number(self, index: int) -> IndexError:
        """Why there is no hop of that number; ElaborationError where there are none yet."""
        if not self.owner.elaborated:
            self.unusable()
        return IndexError(f"{self.full_name} ({self.kind}) has no number {index}: {len(self.hops)} are bound")

    def unusable(self, *_arguments: Any) -> Any:
        """In place of a function that there is none of (yet): ElaborationError says why."""
        why = "only passes calls on" if self.callers else "is not bound"
        if not self.owner.elaborated:
            why = "is used before elaboration"
        raise ElaborationError(f"{self.full_name} ({self.kind}) {why}")

    def _tie(self, way: Way, index: int, occurrence: int) -> None:
        target = way[-1]
        places = [place for place, other in enumerate(_ways_to(target)) if other == way]
        hop = Hop(self, places[occurrence], target, index)
        target.equip(hop)
        self.equip(hop)
        watched: Sequence[Socket | Module] = (*way, self.owner, *self.owner.ancestors())
        for one in watched:
            for monitor in one.monitors:
                _put_in(monitor, hop)
        self.tied(hop)
        target.tied(hop)

    def _check(self, other: Any) -> None:
        if not isinstance(other, Socket) or (other.is_initiator and not self.is_initiator):
            what = "another socket" if self.is_initiator else "a target socket of a module inside"
            raise TypeError(f"{self.full_name} ({self.kind}) binds to {what}, not to {other!r}")
        if self.owner.elaborated:
            raise ElaborationError(f"{self.full_name} is bound to {other.full_name} after elaboration")
        if other.owner.env is not self.owner.env:
            raise ElaborationError(f"{self.full_name} is bound to {other.full_name} of another environment")
        if other.is_initiator is self.is_initiator:
            inner, outer = (self.owner, other.owner) if self.is_initiator else (other.owner, self.owner)
            if outer not in inner.ancestors():
                raise ElaborationError(
                    f"{self.full_name} cannot be bound to {other.full_name}: {inner.full_name} is not inside "
                    f"{outer.full_name}"
                )
        if self.most is not None and len(self.bound) >= self.most:
            raise ElaborationError(
                f"{self.full_name} ({self.kind}) is bound to {self.bound[0].full_name} already; with "
                f"{other.full_name} {self._count(len(self.bound) + 1)}"
            )

    def _count(self, number: int) -> str:
        return f"{number} binds exceeds maximum of {self.most} allowed"

    def _too_many(self, number: int) -> str:
        return f"complete binding failed: {self._count(number)}: {self.full_name} ({self.kind})"

    def _unbound(self, hint: str) -> str:
        return f"complete binding failed: {self.full_name} ({self.kind}) is not bound; {hint}"


def _put_in(monitor: Monitor, hop: Hop) -> None:
    """Let `monitor` look on; who does not look on at plain calls must see all as generators."""
    blocking, plain = hop.b_transport, hop.plain_transport
    monitor(hop)
    if hop.b_transport is not blocking and hop.plain_transport is plain:
        hop.plain_transport = None


#: From the initiator's socket to the target's, over those that pass calls on.
Way = tuple[Socket, ...]


def _ways(socket: Socket) -> Iterator[Way]:
    """All ways from a socket to those that serve it, in order of binding."""
    if not socket.bound and not socket.is_initiator:
        yield (socket,)
    for other in socket.bound:
        yield from ((socket, *way) for way in _ways(other))


def _ways_to(socket: Socket) -> Iterator[Way]:
    """All ways from initiators' sockets to this one, in order of binding."""
    if not socket.callers and socket.is_initiator:
        yield (socket,)
    for other in socket.callers:
        yield from ((*way, socket) for way in _ways_to(other))
