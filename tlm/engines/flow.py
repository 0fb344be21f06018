"""What is in flight: requests of streams into bounded buffers, and writes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Union

import simpy

from ..core import READ, CheckFailed, Party, Payload, Progress
from .region import Cut, Load, Piece

if TYPE_CHECKING:
    from .dma import Dma

#: What held something up: an earlier move whose end let it go on, or a reason by name.
Cause = Union["Move", str, None]


class Move(ABC):
    """One transaction of a DMA. It begins at `issued_fs`, and `blocker` had held it until then."""

    __slots__ = ("blocker", "issued_fs", "payload")

    latency_fs = 0
    starved = False

    def __init__(self, payload: Payload) -> None:
        self.payload = payload
        self.issued_fs = 0
        self.blocker: Cause = None

    @property
    def milestones(self) -> list[tuple[int, str]]:
        """Where its time went, from its beginning to its end."""
        return self.payload.milestones

    @abstractmethod
    def launched(self, dma: Dma) -> None:
        """It leaves for the memory now, and the place where it waited for that."""

    @abstractmethod
    def landed(self, dma: Dma) -> None:
        """The memory has done it."""

    def refused(self, dma: Dma) -> None:
        """The memory has answered with an error."""
        raise CheckFailed(f"{dma.full_name}: {self.payload} was refused by the memory")


class Request(Move):
    """One read of a load's region number `number`, from byte `begin` of that `region` on.

    It completes `values` values of its stream, which makes `upto` since the start of the simulation. `first` begins a
    run: it reserves `room` values at the destination for all of it; the run ends at `run_end` bytes of its region.
    """

    __slots__ = (
        "ahead",
        "begin",
        "first",
        "first_need",
        "is_here",
        "latency_fs",
        "load",
        "number",
        "region",
        "room",
        "run_end",
        "starved",
        "stream",
        "upto",
        "values",
    )

    def __init__(
        self, stream: ReadStream, load: Load, number: int, begin: int, piece: Piece, values: int, upto: int
    ) -> None:
        self.region = load.regions[number]
        super().__init__(Payload(READ, self.region.address_of(begin), None, piece.end - begin))
        self.stream = stream
        self.load = load
        self.number = number
        self.begin = begin
        self.values = values
        self.upto = upto
        self.first = piece.first
        self.room = piece.room
        self.run_end = piece.run_end
        self.first_need = 0
        self.is_here = False
        self.latency_fs = 0
        self.ahead = False
        self.starved = False  # the memory had nothing to do until its blocker let it go

    @property
    def end(self) -> int:
        """Where it ends, in bytes from the region's start."""
        return self.begin + self.payload.data_length

    def launched(self, dma: Dma) -> None:
        """Its room is reserved; where data are carried, they get a place."""
        self.stream.take()
        dma.streams.launched(self)
        self.issued_fs = int(dma.env._now)
        self.blocker, self.starved = dma.let_go
        if dma.carries_data:
            self.payload.data = bytearray(self.payload.data_length)

    def landed(self, dma: Dma) -> None:
        """Count it, and deliver it when its turn has come."""
        dma.moved(self.load.layer, self.region.operand).add(self.payload, self.values)
        if self.ahead:
            dma.streams.landed(self)
            dma.wake(self)
        self.stream.landed(self)

    def expanded(self, landed_fs: int, began_fs: int, done_fs: int) -> None:
        """An engine has it from `began_fs` to `done_fs`; where it took it up at once, that is mere latency."""
        self.payload.milestones.append((done_fs, "decompression"))
        self.latency_fs = done_fs - landed_fs if began_fs == landed_fs else 0


class Write(Move):
    """One write of encoded bytes, `values` more of a layer's outputs, which begins when its values are final:
    `accepted` fires when it leaves for the memory, `done` when it is there."""

    __slots__ = ("accepted", "done", "layer", "values")

    def __init__(self, env: simpy.Environment, payload: Payload, layer: int, values: int) -> None:
        super().__init__(payload)
        self.layer = layer
        self.values = values
        self.accepted = env.event()
        self.done = env.event()

    def launched(self, dma: Dma) -> None:
        """Whoever sent it may forget it."""
        dma.writes.popleft()
        if dma.now > self.milestones[-1][0]:
            self.milestones.append((dma.now, "offchip_bandwidth"))
        self.accepted.succeed()

    def landed(self, dma: Dma) -> None:
        """Count it; its credit is free."""
        dma.moved(self.layer, "outputs").add(self.payload, self.values)
        dma.release(self)
        self.done.succeed(self)


class ReadStream:
    """A buffer's input: its loads in order, cut into requests, with room reserved before each is issued.

    `capacity` and all counts are values. `arrived` counts what lies in the buffer since the start of the run;
    the consumer calls `free_to` when it is done with a prefix. `last` is the request committed last, `deliver`
    what is called with each request, in order, once its data are on the chip. `ready` says whether the first
    `end` bytes of output number `after` are in memory. `consumer` is who calls `free_to`, `producer` who writes the
    outputs, both only for a message about who waits for whom.
    """

    def __init__(
        self,
        env: simpy.Environment,
        capacity: int,
        loads: Iterator[Load],
        cut: Cut,
        full_reason: str,
        ready: Callable[[int, int], bool],
    ) -> None:
        self.env = env
        self.capacity = capacity
        self.full_reason = full_reason
        self.arrived = Progress(env)
        self.freed = 0
        self.reserved = 0
        self.served = 0
        self.last: Request | None = None
        self.deliver: Callable[[Request], None] = self.commit
        self.woken: Callable[[Cause], None] = lambda _reason: None
        self.consumer: Party | None = None
        self.producer: Party | None = None
        self.engines: Party | None = None
        self._ready = ready
        self._in_order: deque[Request] = deque()
        self._requests = self._generate(loads, cut)
        self.head: Request | None = next(self._requests, None)

    def can_issue(self) -> bool:
        """Whether the next request has room at its destination and its data lie in memory."""
        head = self.head
        if head is None or self.reserved + head.room - self.freed > self.capacity:
            return False
        after = head.load.written_by(head.number)
        return after is None or self._ready(after, head.run_end)

    def waits_for(self) -> tuple[Party | None, str] | None:
        """Whom its next request waits for, and for what: room, or data that are not written yet."""
        head = self.head
        if head is None or self.can_issue():
            return None
        if self.reserved + head.room - self.freed > self.capacity:
            return self.consumer, f"room for {head.room:,} values ({self.full_reason})"
        return self.producer, f"{head.run_end:,} bytes of the output it reads"

    @property
    def delivered(self) -> int:
        """Values that have been delivered and are not stored, where nothing else is on its way."""
        return 0 if self._in_order else self.reserved - self.arrived.count

    def take(self) -> None:
        """The head is issued: its room is reserved and the next request is the head."""
        assert self.head is not None
        self.reserved += self.head.room
        self._in_order.append(self.head)
        self.head = next(self._requests, None)

    def landed(self, request: Request) -> None:
        """The request's data are on the chip; deliver it and those that waited for it, in order."""
        request.is_here = True
        now, in_order = int(self.env._now), self._in_order
        while in_order and in_order[0].is_here:
            first = in_order.popleft()
            milestones = first.payload.milestones
            if not milestones or milestones[-1][0] < now:
                milestones.append((now, "offchip_bandwidth"))
            self.deliver(first)

    def commit(self, request: Request) -> None:
        """The request's values are in the buffer."""
        self.last = request
        self.arrived.advance_to(request.upto)

    def free_to(self, count: int) -> None:
        """The consumer is done with the first `count` values of the run."""
        if count > self.freed:
            self.freed = count
            self.woken(self.full_reason)

    def _generate(self, loads: Iterator[Load], cut: Cut) -> Iterator[Request]:
        upto = 0
        for load in loads:
            begin, values = [0] * len(load.regions), [0] * len(load.regions)
            for number, wanted_by, run in load.runs(cut):
                for piece in run:
                    fresh = piece.values - values[number]
                    upto += fresh
                    request = Request(self, load, number, begin[number], piece, fresh, upto)
                    request.first_need = wanted_by
                    yield request
                    begin[number], values[number] = piece.end, piece.values
