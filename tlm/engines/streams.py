"""Which stream goes next: the one needed by the earliest pass, run by run, and of what is read ahead only so much."""

from __future__ import annotations

from collections.abc import Iterator

from .flow import ReadStream, Request


class Streams:
    """The streams of a DMA, in the order it serves them.

    Among those whose next request has room at its destination, the one needed by the earliest pass goes first, of
    several the one that has waited longest, and goes on until its run is issued. Of what is read ahead, for layers to
    come, no more than `ahead` bytes are asked of the memory at once.
    """

    def __init__(self, ahead: int) -> None:
        self._streams: list[ReadStream] = []
        self._current: ReadStream | None = None
        self._served = 0
        self._serving = (0, 0)
        self._ahead_most = ahead
        self._ahead = 0
        #: What has come for layers that were yet to run.
        self.ahead_bytes = 0

    def __iter__(self) -> Iterator[ReadStream]:
        return iter(self._streams)

    @property
    def begun(self) -> Request | None:
        """The next request of a run that has been begun: nothing goes before it."""
        head = None if self._current is None else self._current.head
        return None if head is None or head.first else head

    @property
    def pending(self) -> bool:
        """Whether any stream has something left to ask for."""
        return any(stream.head is not None for stream in self._streams)

    def add(self, stream: ReadStream) -> None:
        """One more, from now on."""
        self._streams.append(stream)

    def serve(self, image: int, layer: int) -> None:
        """The layer that is running: what is read for any other is read ahead."""
        self._serving = (image, layer)

    def choose(self) -> Request | None:
        """The request that begins the next run, or None where no stream can go on."""
        best: Request | None = None
        least = (0, 0)
        for stream in self._streams:
            head = stream.head
            if head is None:
                continue
            urgency = (head.first_need, stream.served)  # what goes first is least; cheap to ask, so asked first
            if best is not None and urgency >= least:
                continue
            if (self._ahead < self._ahead_most or not self._is_ahead(head)) and stream.can_issue():
                best, least = head, urgency
        return best

    def launched(self, request: Request) -> None:
        """It was its stream's turn."""
        self._current = request.stream
        self._served += 1
        request.stream.served = self._served
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
