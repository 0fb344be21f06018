"""Counters: how full FIFOs and modules' buffers are, what is pending at a socket, bandwidth through one."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any

from ..core import FS_PER_S, Fifo, Module
from .stream import Kind, Scope, Signal, Stream, Value

BYTES_PER_MB = 10**6
NEVER = 1 << 80  # fs

FIFO_FUNCTIONS = ("put", "get", "nb_put", "nb_get")


class Level:
    """A signal that is told where it changes."""

    def __init__(self, stream: Stream, signal: Signal) -> None:
        self._stream = stream
        self._signal = signal
        self._last: Value | None = None

    def told(self, time: int, value: Value) -> None:
        """It is `value` from `time` on."""
        if value != self._last:
            self._last = value
            for sink in self._stream.sinks:
                sink.level(self._signal, time, value)


class Pending:
    """What has been asked for at a socket and not been answered; a change that lies ahead waits for its time."""

    def __init__(self, stream: Stream, socket: Scope, name: str, unit: str) -> None:
        self._level = Level(stream, stream.signal(socket, name, Kind.WHOLE, unit))
        self._ahead: list[tuple[int, int]] = []
        self._sum = 0

    def add(self, time: int, amount: int) -> None:
        """So many more from `time` on."""
        heapq.heappush(self._ahead, (time, amount))

    def until(self, now: int) -> None:
        """Tell what was before `now`, where nothing more can come."""
        ahead = self._ahead
        while ahead and ahead[0][0] < now:
            time = ahead[0][0]
            while ahead and ahead[0][0] == time:
                self._sum += heapq.heappop(ahead)[1]
            self._level.told(time, self._sum)


class Bandwidth:
    """Bytes completed at a socket, by windows."""

    def __init__(self, stream: Stream, socket: Scope) -> None:
        self._level = Level(stream, stream.signal(socket, "bandwidth_mb_per_s", Kind.REAL, "MB/s"))
        self._width = stream.window_fs
        self._bytes: dict[int, int] = {}
        self._next = stream.begin_fs // self._width

    def add(self, time: int, amount: int) -> None:
        """So many at `time`."""
        window = time // self._width
        self._bytes[window] = self._bytes.get(window, 0) + amount

    def until(self, now: int) -> None:
        """Tell of the windows that are over by `now`, where nothing more can come."""
        over = now // self._width
        for window in sorted(window for window in self._bytes if window < over):
            if self._next < window:
                self._tell(self._next, 0)
            self._tell(window, self._bytes.pop(window))
            self._next = window + 1
        if self._next < over:
            self._tell(self._next, 0)

    def _tell(self, window: int, amount: int) -> None:
        self._level.told(window * self._width, amount * FS_PER_S / (self._width * BYTES_PER_MB))


class Buffers:
    """What a module's hook `levels` says, looked at once a window."""

    def __init__(self, stream: Stream, scope: Scope, module: Module) -> None:
        self._stream = stream
        self._scope = scope
        self._module = module
        self._levels: dict[str, Level] = {}

    def look(self, now: int) -> None:
        """Tell what has changed."""
        try:
            found = {name: (int(value), int(capacity)) for name, (value, capacity) in self._module.levels().items()}
        except Exception:  # a user's hook, asked at a time that it is not made for: then nothing is known
            return
        for name, (value, capacity) in found.items():
            if name not in self._levels:
                signal = self._stream.signal(self._scope, name, Kind.WHOLE, capacity=capacity)
                self._levels[name] = Level(self._stream, signal)
            self._levels[name].told(now, value)


class FifoLevel:
    """How many items are in a FIFO, told after every call of a function that may change it."""

    def __init__(self, stream: Stream, scope: Scope, name: str, fifo: Fifo[Any]) -> None:
        self._stream = stream
        self._fifo = fifo
        self._level = Level(stream, stream.signal(scope, name, Kind.WHOLE, "items", fifo.capacity))
        for function in FIFO_FUNCTIONS:
            setattr(fifo, function, self._telling(getattr(fifo, function)))
        self.look(int(fifo.env.now))

    def look(self, now: int) -> None:
        """Tell it."""
        self._level.told(now, len(self._fifo))

    def close(self) -> None:
        """Let go of the FIFO."""
        for function in FIFO_FUNCTIONS:
            delattr(self._fifo, function)

    def _telling(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            found = function(*arguments)
            now = int(self._fifo.env.now)
            self._stream.moved(now)
            self.look(now)
            return found

        return call
