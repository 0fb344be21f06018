"""What is recorded of a run in so many windows of equal width, however long it lasts: for a picture of the whole."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..core import FS_PER_NS, IDLE
from .stream import Kind, Scope, Signal, Sink, Transaction, Value

MOST = 256  # windows
NARROWEST_FS = FS_PER_NS

Bins = list[int]


@attrs.define(eq=False)
class LevelBins:
    """One signal's value by windows: `area` is value x fs, `most` the largest; what it is now, and since when."""

    area: Bins = attrs.field(factory=lambda: [0] * MOST)
    most: Bins = attrs.field(factory=lambda: [0] * MOST)
    value: int = 0
    since: int = 0


class Windows(Sink):
    """Counts in windows of `width_fs` from `begin_fs` on: time in each state, levels, bytes that arrive at sockets.

    Windows are narrow at first; where a run outlasts `MOST` of them neighbours become one. Sums are exact.
    """

    def __init__(self, begin_fs: int = 0) -> None:
        self.begin_fs = begin_fs
        self.width_fs = self.look_fs = NARROWEST_FS
        self.states: dict[Signal, dict[str, Bins]] = {}
        self.levels: dict[Signal, LevelBins] = {}
        self.moved_bytes: dict[Scope, Bins] = {}

    def declare(self, signal: Signal) -> None:
        """A component, or a counter of whole numbers."""
        if signal.kind is Kind.STATE:
            self.states[signal] = {}
        elif signal.kind is Kind.WHOLE:
            self.levels[signal] = LevelBins(since=self.begin_fs)

    def stretch(self, signal: Signal, begin: int, end: int, state: str, _on: str) -> None:
        """Its parts, window by window; idle is what is left."""
        if state != IDLE and begin < end:
            self._reach(end)
            bins = self.states[signal].setdefault(state, [0] * MOST)
            for window, part in self._parts(begin, end):
                bins[window] += part

    def level(self, signal: Signal, time: int, value: Value) -> None:
        """The last value lasted until now; a value that is replaced in its instant was none."""
        bins = self.levels.get(signal)
        if bins is not None:
            self._last(bins, time)
            bins.value, bins.since = int(value), time

    def response(self, one: Transaction, time: int, status: str) -> None:
        """Its bytes arrive."""
        if status == "OK":
            self._reach(time + 1)
            bins = self.moved_bytes.setdefault(one.target, [0] * MOST)
            bins[(time - self.begin_fs) // self.width_fs] += one.length

    def close(self, _begin: int, end: int) -> None:
        """Levels last to the end."""
        for bins in self.levels.values():
            self._last(bins, end)

    def _last(self, bins: LevelBins, end: int) -> None:
        if bins.value and bins.since < end:
            self._reach(end)
            for window, part in self._parts(bins.since, end):
                bins.area[window] += part * bins.value
                bins.most[window] = max(bins.most[window], bins.value)

    def _parts(self, begin: int, end: int) -> Iterator[tuple[int, int]]:
        """The windows between two times, and how much of each lies there."""
        width = self.width_fs
        begin, end = begin - self.begin_fs, end - self.begin_fs
        for window in range(begin // width, (end - 1) // width + 1):
            yield window, min(end, (window + 1) * width) - max(begin, window * width)

    def _reach(self, end: int) -> None:
        """Let windows be wide enough for a time."""
        while end - self.begin_fs > MOST * self.width_fs:
            self.width_fs *= 2
            self.look_fs = self.width_fs
            counts = [bins for states in self.states.values() for bins in states.values()]
            for bins in [*counts, *self.moved_bytes.values(), *(one.area for one in self.levels.values())]:
                bins[:] = [*map(sum, zip(bins[::2], bins[1::2], strict=True)), *[0] * (MOST // 2)]
            for one in self.levels.values():
                one.most[:] = [*map(max, zip(one.most[::2], one.most[1::2], strict=True)), *[0] * (MOST // 2)]
