"""What is in flight: requests of streams into bounded buffers, writes, and the way from a wait to its cause."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Union

import simpy

from ..core import Payload, Progress
from .region import Cut, Load, Piece, cut_reads

#: What held something up: an earlier request or write whose end let it go on, or a reason by name.
Cause = Union["Request", "Write", str, None]

STARTUP = "startup"


class Request:
    """One read: it completes `values` values of its stream, which makes `upto` since the start of the simulation.

    `first` begins a run: it reserves `room` values at the destination for all of it; the run ends at `run_end` bytes
    of its region.
    """

    __slots__ = (
        "ahead",
        "begin",
        "blocker",
        "first",
        "first_need",
        "issued_fs",
        "landed",
        "latency_fs",
        "load",
        "payload",
        "room",
        "run_end",
        "starved",
        "stream",
        "upto",
        "values",
    )

    def __init__(self, stream: ReadStream, load: Load, begin: int, piece: Piece, values: int, upto: int) -> None:
        self.stream = stream
        self.load = load
        self.begin = begin
        self.payload = Payload(address=load.region.address + begin, data_length=piece.end - begin)
        self.values = values
        self.upto = upto
        self.first = piece.first
        self.room = piece.room
        self.run_end = piece.run_end
        self.first_need = 0
        self.issued_fs = 0
        self.landed = False
        self.latency_fs = 0
        self.ahead = False
        self.starved = False  # the memory had nothing to do until its blocker let it go
        self.blocker: Cause = None

    @property
    def end(self) -> int:
        """Where it ends, in bytes from the region's start."""
        return self.begin + self.payload.data_length

    @property
    def milestones(self) -> list[tuple[int, str]]:
        """Where its time went, from issue to commit."""
        return self.payload.milestones

    def expanded(self, landed_fs: int, began_fs: int, done_fs: int) -> None:
        """An engine has it from `began_fs` to `done_fs`; where it took it up at once, that is mere latency."""
        self.milestones.append((done_fs, "decompression"))
        self.latency_fs = done_fs - landed_fs if began_fs == landed_fs else 0


class Write:
    """One write of encoded bytes, `values` more of a layer's outputs: `accepted` fires when it leaves for the memory,
    `done` when it is there."""

    __slots__ = ("accepted", "blocker", "done", "issued_fs", "layer", "payload", "values")

    def __init__(self, env: simpy.Environment, payload: Payload, layer: int, values: int) -> None:
        self.layer = layer
        self.values = values
        self.payload = payload
        self.accepted = env.event()
        self.done = env.event()
        self.issued_fs = 0
        self.blocker: Cause = None

    @property
    def milestones(self) -> list[tuple[int, str]]:
        """Where its time went, from the moment its values were final."""
        return self.payload.milestones


class ReadStream:
    """A buffer's input: its loads in order, cut into requests, with room reserved before each is issued.

    `capacity` and all counts are values. `arrived` counts what lies in the buffer since the start of the run;
    the consumer calls `free_to` when it is done with a prefix. `last` is the request committed last, `deliver`
    what is called with each request, in order, once its data are on the chip. `ready` says whether the first
    `end` bytes of output number `after` are in memory.
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
        self._ready = ready
        self._in_order: deque[Request] = deque()
        self._requests = self._generate(loads, cut)
        self.head: Request | None = next(self._requests, None)

    def can_issue(self) -> bool:
        """Whether the next request has room at its destination and its data lie in memory."""
        head = self.head
        if head is None or self.reserved + head.room - self.freed > self.capacity:
            return False
        after = head.load.after
        return after is None or self._ready(after, head.run_end)

    @property
    def in_run(self) -> bool:
        """Whether the next request belongs to a run that has been begun, and so has its room."""
        return self.head is not None and not self.head.first

    def take(self) -> None:
        """The head is issued: its room is reserved and the next request is the head."""
        assert self.head is not None
        self.reserved += self.head.room
        self._in_order.append(self.head)
        self.head = next(self._requests, None)

    def landed(self, request: Request) -> None:
        """The request's data are on the chip; deliver it and those that waited for it, in order."""
        request.landed = True
        now = int(self.env.now)
        while self._in_order and self._in_order[0].landed:
            first = self._in_order.popleft()
            if not first.milestones or first.milestones[-1][0] < now:
                first.milestones.append((now, "offchip_bandwidth"))
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
        base = 0
        for load in loads:
            begin, before, first_need = 0, 0, 0
            for piece in cut_reads(load.region, cut):
                if piece.first:
                    first_need = load.wanted_by(before)
                request = Request(self, load, begin, piece, piece.values - before, base + piece.values)
                request.first_need = first_need
                yield request
                begin, before = piece.end, piece.values
            base += load.region.count


def walk(cause: Cause, start: int, end: int) -> list[tuple[int, str]]:
    """(duration in fs, reason) pairs that add up to `end` - `start`: back along the path that ended in `cause`.

    An engine that took the last request up at once did not limit how fast data came, it only passed them on later:
    the wait is explained by what happened so much earlier, before the engine, and by the engine only where that was
    before all requests. Where the path leads to a request that had had no room and then found the memory idle, room is
    what all of the wait was for.
    """
    room = _lack_of_room(cause, start)
    if room is not None and end > start:
        return [(end - start, room)]
    latency = cause.latency_fs if isinstance(cause, Request) else 0
    spans, rest = _path(cause, start - latency, end - latency)
    if rest:
        spans.append((rest, "decompression" if latency else STARTUP))
    return spans


def _lack_of_room(cause: Cause, start: int) -> str | None:
    """What a request of the path had no room in, where it then found the memory idle."""
    while isinstance(cause, (Request, Write)):
        if isinstance(cause, Request) and cause.starved and isinstance(cause.blocker, str):
            return cause.blocker
        if cause.issued_fs < start:
            return None
        cause = cause.blocker
    return None


def _path(cause: Cause, start: int, end: int) -> tuple[list[tuple[int, str]], int]:
    """The spans of the path, the latest first, and what lies before its beginning, in fs."""
    spans: list[tuple[int, str]] = []
    while end > start and cause is not None:
        if isinstance(cause, str):
            return [*spans, (end - start, cause)], 0
        for index in range(len(cause.milestones) - 1, -1, -1):
            begin = cause.milestones[index - 1][0] if index else cause.issued_fs
            begin = min(max(begin, start), end)
            if begin < end:
                spans.append((end - begin, cause.milestones[index][1]))
                end = begin
        cause = cause.blocker
    return spans, end - start
