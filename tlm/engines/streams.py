"""Which stream goes next: the one needed by the earliest pass, run by run, and of what is read ahead only so much."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from ..core import Party
from .flow import ReadStream, Request


class Streams:
    """The streams of a DMA, in the order it serves them.

    Among those whose next request has room at its destination, the one needed by the earliest pass goes first, of
    several the one that has waited longest, and goes on until its run is issued. Of what is read ahead, for layers to
    come, no more than `ahead` bytes are asked of the memory at once.
    """

    def __init__(self, ahead: int) -> None:
        self._streams: list[ReadStream] = []
        #: Those with something left to ask for, in the order in which they go: (needed by which pass, turn, stream).
        self._order: list[tuple[int, int, ReadStream]] = []
        self._current: ReadStream | None = None
        self._turns = 0
        self._serving = (0, 0)
        self._ahead_most = ahead
        self._ahead = 0
        #: What has come for layers that were yet to run.
        self.ahead_bytes = 0

    @property
    def begun(self) -> Request | None:
        """The next request of a run that has been begun: nothing goes before it."""
        head = None if self._current is None else self._current.head
        return None if head is None or head.first else head

    @property
    def pending(self) -> bool:
        """Whether any stream has something left to ask for."""
        return bool(self._order)

    def wait_for(self) -> Iterator[tuple[Party | None, str]]:
        """Whom they wait for: who keeps what was delivered, or has no room for more."""
        for stream in self._streams:
            waits = stream.waits_for()
            if stream.delivered:
                yield stream.engines, f"{stream.delivered:,} delivered values to be stored"
            elif waits is not None:
                yield waits

    def add(self, stream: ReadStream) -> None:
        """One more, from now on."""
        self._streams.append(stream)
        self._queue(stream)

    def serve(self, image: int, layer: int) -> None:
        """The layer that is running: what is read for any other is read ahead."""
        self._serving = (image, layer)

    def choose(self) -> Request | None:
        """The request that begins the next run, or None where no stream can go on."""
        may_read_ahead = self._ahead < self._ahead_most
        for _need, _served, stream in self._order:
            head = stream.head
            if stream.can_issue() and head is not None and (may_read_ahead or not self._is_ahead(head)):
                return head
        return None

    def launched(self, request: Request) -> None:
        """It was its stream's turn."""
        stream = self._current = request.stream
        del self._order[bisect_left(self._order, (request.first_need, stream.served))]
        self._queue(stream)
        if self._is_ahead(request):
            request.ahead = True
            self._ahead += request.payload.data_length

    def landed(self, request: Request) -> None:
        """A request that was read ahead is no longer asked of the memory."""
        self._ahead -= request.payload.data_length
        if self._is_ahead(request):
            self.ahead_bytes += request.payload.data_length

    def _is_ahead(self, request: Request) -> bool:
        return (request.load.image, request.load.layer) != self._serving

    def _queue(self, stream: ReadStream) -> None:
        """Its turn comes by who needs its next request, and by how long it has waited."""
        self._turns += 1
        stream.served = self._turns
        if stream.head is not None:
            insort(self._order, (stream.head.first_need, stream.served, stream))
