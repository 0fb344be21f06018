"""Transactions, looked at on their hop: when each is asked for and answered, and how many bytes that moves."""

from __future__ import annotations

from ..core import (
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_RESP,
    IGNORE,
    UPDATED,
    AnyPhase,
    Command,
    Hop,
    Module,
    NbResult,
    Payload,
    Phase,
    Socket,
    Status,
    Transport,
)
from ..core.transport.payload import name_of
from .levels import NEVER, Bandwidth, Pending
from .stream import Scope, Stream, Transaction


class Traffic:
    """All hops' transactions, and the counters of their sockets; `watch` is a monitor."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._hops: set[Hop] = set()
        self._in_flight: dict[Socket, Pending] = {}
        self._queues: dict[Socket, Pending] = {}
        self._bandwidth: dict[Socket, Bandwidth] = {}
        stream.each_window.append(self.until)

    def watch(self, hop: Hop) -> None:
        """Look on at `hop`, once, whichever of the sockets on the way brought it here."""
        if hop in self._hops:
            return
        self._hops.add(hop)
        source, target = hop.initiator, hop.target
        if source not in self._in_flight:
            self._in_flight[source] = Pending(self._stream, _scope(source), "in_flight_bytes", "B")
        if target not in self._bandwidth:
            self._bandwidth[target] = Bandwidth(self._stream, _scope(target))
            self._queues[target] = Pending(self._stream, _scope(target), "queue_depth", "transactions")
        Watch(self._stream, hop, self._in_flight[source], self._queues[target], self._bandwidth[target])

    def until(self, now: int) -> None:
        """Tell what is over by `now`."""
        for counters in (self._in_flight, self._queues, self._bandwidth):
            for counter in counters.values():
                counter.until(now)

    def close(self) -> None:
        """Tell the rest, what lies ahead too: it was known."""
        self.until(NEVER)


class Watch:
    """Stands in place of a hop's functions of transport, both ways, and tells what goes through."""

    def __init__(self, stream: Stream, hop: Hop, in_flight: Pending, queue: Pending, bandwidth: Bandwidth) -> None:
        self._stream = stream
        self._env = hop.env
        self._source, self._target = _scope(hop.initiator), _scope(hop.target)
        self._in_flight, self._queue, self._bandwidth = in_flight, queue, bandwidth
        self._requested: dict[Payload, Transaction] = {}
        self._responding: dict[Payload, Transaction] = {}
        self._blocking, hop.b_transport = hop.b_transport, self.b_transport
        self._plain = hop.plain_transport
        if self._plain is not None:
            hop.plain_transport = self.plain_transport
        self._forward, hop.nb_transport_fw = hop.nb_transport_fw, self.nb_transport_fw
        self._backward, hop.nb_transport_bw = hop.nb_transport_bw, self.nb_transport_bw

    def b_transport(self, payload: Payload, delay: int) -> Transport:
        """From the call, with its delay, to the return with what delay there is then."""
        one = self._request(payload, delay)
        try:
            delay = yield from self._blocking(payload, delay)
        except BaseException:
            self._abandon(one)
            raise
        self._response(one, payload, delay)
        return delay

    def plain_transport(self, payload: Payload, delay: int) -> int:
        """As b_transport, where the target never waits: so that who calls it may go on doing so."""
        assert self._plain is not None
        one = self._request(payload, delay)
        try:
            delay = self._plain(payload, delay)
        except BaseException:
            self._abandon(one)
            raise
        self._response(one, payload, delay)
        return delay

    def nb_transport_fw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """BEGIN_REQ is the request; what comes back may be the response."""
        if phase == BEGIN_REQ:
            if payload in self._requested:
                self._abandon(self._requested[payload])
            self._requested[payload] = self._request(payload, delay)
        else:
            self._enters(payload, phase, delay)
        return self._returned(payload, self._forward(payload, phase, delay))

    def nb_transport_bw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """BEGIN_RESP is the response."""
        self._enters(payload, phase, delay)
        return self._returned(payload, self._backward(payload, phase, delay))

    def _returned(self, payload: Payload, result: NbResult) -> NbResult:
        sync, phase, delay = result
        if sync == UPDATED:
            self._enters(payload, phase, delay)
        elif sync == COMPLETED:
            self._answered(payload, delay)
            self._responding.pop(payload, None)
        return result

    def _enters(self, payload: Payload, phase: AnyPhase, delay: int) -> None:
        """A phase of a transaction, if there is such a one: an adapter's come this way too."""
        if phase == BEGIN_RESP:
            self._answered(payload, delay)
            return
        one = self._requested.get(payload) or self._responding.get(payload)
        if one is None:
            return
        if phase == END_RESP:
            self._responding.pop(payload, None)
        for sink in self._stream.sinks:
            sink.phase(one, name_of(Phase, phase), int(self._env.now + delay))

    def _answered(self, payload: Payload, delay: int) -> None:
        one = self._requested.pop(payload, None)
        if one is not None:
            self._responding[payload] = one
            self._response(one, payload, delay)

    def _request(self, payload: Payload, delay: int) -> Transaction:
        now, stream = int(self._env.now), self._stream
        stream.moved(now)
        stream.transactions += 1
        one = Transaction(
            number=stream.transactions,
            source=self._source,
            target=self._target,
            command=name_of(Command, payload.command),
            address=int(payload.address),
            length=int(payload.data_length),
            begin_fs=int(now + delay),
        )
        self._count(now, one.begin_fs, one.length, 1)
        for sink in stream.sinks:
            sink.request(one)
        return one

    def _response(self, one: Transaction, payload: Payload, delay: int) -> None:
        now = int(self._env.now)
        self._stream.moved(now)
        end = int(now + delay)
        self._count(now, end, -one.length, -1)
        if payload.response_status > 0 and one.command != IGNORE.name:
            self._bandwidth.add(end, one.length)
        status = name_of(Status, payload.response_status)
        for sink in self._stream.sinks:
            sink.response(one, end, status)

    def _abandon(self, one: Transaction) -> None:
        now = int(self._env.now)
        end = max(now, one.begin_fs)
        self._count(now, end, -one.length, -1)
        for sink in self._stream.sinks:
            sink.abandon(one, end)

    def _count(self, now: int, time: int, length: int, transactions: int) -> None:
        self._in_flight.add(time, length)
        self._in_flight.until(now)
        self._queue.add(time, transactions)
        self._queue.until(now)


def scope_of(module: Module) -> Scope:
    """A module's place: its name behind those of all its parents."""
    return (*(one.name for one in reversed(list(module.ancestors()))), module.name)


def _scope(socket: Socket) -> Scope:
    return (*scope_of(socket.owner), socket.name)
