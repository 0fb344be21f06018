"""What interconnects share that choose the target by address: the map, the way there and back, debug and DMI."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import simpy

from ...inputs.units import whole_bytes
from ..errors import ElaborationError
from ..kernel.module import Module
from ..transport.binding import Callback, NbTransport, PlainTransport, Transport
from ..transport.dmi import Dmi
from ..transport.part import part_of, view_of
from ..transport.payload import ADDRESS_ERROR, Payload
from ..transport.sockets import InitiatorSocket, MultiTargetSocket, delay_from
from .address_map import AddressMap


class Route:
    """The way to one region: addresses `start` to `end`, `end` not included, are the target's plus `offset`."""

    __slots__ = ("end", "offset", "out", "plain_transport", "start")

    out: InitiatorSocket

    def __init__(self, start: int, end: int, offset: int) -> None:
        self.start = start
        self.end = end
        self.offset = offset
        self.plain_transport: PlainTransport | None = None  # the target's, known from elaboration on

    @property
    def target_name(self) -> str:
        """The full name of the target's socket."""
        return self.out.hops[0].target.full_name


class Decoder(Module):
    """An interconnect between the initiators bound to `port` and the targets that `map` puts at their addresses.

    A target sees addresses of its own; the initiator gets back the address that it sent. What is mapped nowhere, or
    reaches beyond the end of its region, ends at once with ADDRESS_ERROR, and no target sees it.
    """

    #: What holds a blocking transaction up on its way: `(bytes, delay)` gives the delay after it.
    _hold: Callable[[int, int], int] | None = None

    def __init__(
        self,
        parent: simpy.Environment | Module,
        name: str,
        b_transport: Callback | None = None,
        nb_transport_fw: Callback | None = None,
        nb_transport_bw: NbTransport | None = None,
    ) -> None:
        super().__init__(parent, name)
        self.port = MultiTargetSocket(
            self, "port", b_transport, self.transport_dbg, nb_transport_fw, self.get_direct_mem_ptr
        )
        self._answer = nb_transport_bw
        self._regions: AddressMap[Route] = AddressMap(self.full_name)
        self._latest: Route | None = None
        self._routes: dict[Any, list[Route]] = {}  # by the socket that is mapped

    def map(self, start: int, size: int | str, target: Any, local: int = 0) -> None:
        """Put the target behind the socket `target` at `size` bytes ("256 MiB") from `start`, its own from `local` on.

        A target may be mapped more than once. BadInput where `size` is no number of bytes; ElaborationError where it is
        not positive, where regions overlap, and after elaboration.
        """
        if self.elaborated:
            raise ElaborationError(f"{self.full_name}: {start:#x} is mapped after elaboration, at {self.now} fs")
        length = whole_bytes(size)
        route = Route(start, start + length, local - start)
        self._regions.add(start, length, route)
        routes = self._routes.setdefault(target, [])
        route.out = routes[0].out if routes else self._output(target)
        routes.append(route)

    def end_of_elaboration(self) -> None:
        """Each way is known."""
        for routes in self._routes.values():
            for route in routes:
                route.plain_transport = route.out.plain_transport

    def route(self, payload: Payload) -> Route | None:
        """The way of all the bytes that a payload touches; None where there is none."""
        address, length, width = payload.address, payload.data_length, payload.streaming_width
        touched = length if length <= width else width  # not min(): a call costs five times as much
        latest = self._latest
        if latest is not None and latest.start <= address <= latest.end - (touched or 1):
            return latest
        route = self._latest = self._regions.find(address, touched)
        return route

    def b_transport(self, _index: int, payload: Payload, delay: int) -> Transport:
        """Send `payload` on to its target; the address is as it was when it comes back, however that is."""
        route = self.route(payload)
        if route is None:
            payload.response_status = ADDRESS_ERROR
            return delay
        if self._hold is not None:
            delay = self._hold(payload.data_length, delay)
        address, plain = payload.address, route.plain_transport
        payload.address = address + route.offset
        try:
            if plain is None:
                return (yield from route.out.b_transport(payload, delay))
            left = plain(payload, delay)
            return left if left.__class__ is int else (yield from delay_from(left, route.target_name))
        finally:
            payload.address = address

    def transport_dbg(self, _index: int, payload: Payload) -> int:
        """Read or write without time as far as the map goes without a gap; returns the bytes moved."""
        route = self._regions.find(payload.address, payload.data_length)  # debug knows no streaming width
        if route is None:
            return self._debug_by_region(payload)
        with _moved(payload, route.offset):
            return route.out.transport_dbg(payload)

    def get_direct_mem_ptr(self, _index: int, payload: Payload) -> Dmi:
        """What the target lends, in the initiator's addresses and within the region."""
        route = self._regions.find(payload.address)
        if route is None:
            return Dmi(payload.address, payload.address)
        with _moved(payload, route.offset):
            dmi = route.out.get_direct_mem_ptr(payload)
        return _seen_through(route, dmi)

    def invalidate_direct_mem_ptr(self, target: Any, start: int, end: int) -> None:
        """Pass on, to all initiators, that a target's addresses `start` to `end`, both included, are lent no longer."""
        for route in self._routes[target]:
            first = max(start - route.offset, route.start)
            last = min(end - route.offset, route.end - 1)
            if first <= last:
                for hop in self.port.hops:
                    hop.invalidate_direct_mem_ptr(first, last)

    def _output(self, target: Any) -> InitiatorSocket:
        invalidate = partial(self.invalidate_direct_mem_ptr, target)
        out = InitiatorSocket(self, f"out{len(self.sockets) - 1}", self._answer, invalidate)
        out.bind(target)
        return out

    def _debug_by_region(self, payload: Payload) -> int:
        moved, end, data = 0, payload.data_length, view_of(payload)
        while moved < end:
            address = payload.address + moved
            route = self._regions.find(address)
            if route is None:
                break
            length = min(end - moved, route.end - address)
            count = route.out.transport_dbg(part_of(payload, data, moved, moved + length, address + route.offset))
            moved += count
            if count < length:
                break
        return moved


@contextmanager
def _moved(payload: Payload, offset: int) -> Iterator[None]:
    """With `payload` at the target's address."""
    address = payload.address
    payload.address = address + offset
    try:
        yield
    finally:
        payload.address = address


def _seen_through(route: Route, dmi: Dmi) -> Dmi:
    """What a target lends or refuses, as the initiator sees it through its region."""
    first = max(dmi.start - route.offset, route.start)
    last = min(dmi.end - route.offset, route.end - 1)
    if first > last:  # the target's answer is about other regions
        return Dmi(route.start, route.start)
    memory = dmi.memory
    if memory is not None:
        skipped = first + route.offset - dmi.start
        memory = memoryview(memory)[skipped : skipped + last - first + 1]  # never a copy
    return Dmi(first, last, memory, dmi.access, dmi.read_latency, dmi.write_latency)
