"""A port of an on-chip memory, and the streams that go through it bank after bank."""

from __future__ import annotations

from ..core import FS_PER_S, Clock, Module, Rate
from .onchip_spec import OnChipSpec
from .onchip_turns import Refresh, Turns

CONFLICT, REFRESH = "conflict", "refresh"


class Port(Module):
    """One direction of an on-chip memory, serving requests in the order of the calls.

    It is *busy* while any bank works for it; *conflict* is a request that waits for banks at work in the other
    direction, *refresh* what refreshes added to one (told at its beginning).
    """

    kind = "on-chip port"

    def __init__(
        self, parent: Module, name: str, spec: OnChipSpec, clock: Clock, turns: Turns, refresh: Refresh | None
    ) -> None:
        super().__init__(parent, name)
        self.bytes = self.accesses = 0
        self.conflicts = self.conflict_fs = self.refresh_wait_fs = 0
        self._peak_bytes_per_s = spec.banks * spec.width_bits / 8 * FS_PER_S / clock.period_fs
        self._banks = spec.banks
        self._period = clock.period_fs
        self._latency_fs = spec.latency_cycles * clock.period_fs
        self._turns = turns
        self._refresh = refresh
        self._told = 0  # the probe knows what was up to here

    def figures(self) -> dict[str, float | int]:
        """What it moved, and what requests waited for."""
        return {
            "bytes": self.bytes,
            "accesses": self.accesses,
            "conflicts": self.conflicts,
            "conflict_fs": self.conflict_fs,
            "refresh_wait_fs": self.refresh_wait_fs,
        }

    def rate(self) -> Rate:
        """Bytes moved, all banks working at most."""
        return Rate(self.bytes, self._peak_bytes_per_s, "B")

    def serve(self, ready_fs: int, first: int, words: int) -> int:
        """Move `words` of consecutive banks from `first` on, no earlier than `ready_fs`; returns when it is done."""
        self.accesses += words
        refresh, work = self._refresh, -(-words // self._banks) * self._period
        ready = ready_fs if refresh is None else refresh.worked(ready_fs)
        begin, end = self._turns.take(ready, first, words, work)
        if end > ready + work:
            self.conflicts += 1
            self.conflict_fs += end - ready - work
        done = end if refresh is None else refresh.time_of(end)
        refreshing = done - ready_fs - (end - ready)
        if refresh is None or not refreshing:
            self._tell(ready_fs, ready_fs + begin - ready, done, 0)
        else:
            self.refresh_wait_fs += refreshing
            begun = max(ready_fs, refresh.time_of(begin))
            self._tell(ready_fs, begun, done, done - begun - (end - begin))
        return done + self._latency_fs

    def _tell(self, ready: int, begin: int, end: int, refreshing: int) -> None:
        """Tell the probe of a request, as far as it does not know yet that the port was busy then."""
        since, span = self._told, self.probe.span
        if begin > since:
            if begin > ready:
                span(max(since, ready), begin, CONFLICT)
            since = begin
        if end <= since:
            return
        if refreshing:
            began, since = since, min(since + refreshing, end)
            span(began, since, REFRESH)
        span(since, end)
        self._told = end


class Stream:
    """One user's way through all of a memory, bank after bank, of which each word is moved once.

    A request moves the words that it begins; what is left of its last is there for the next one, so that nothing is
    rounded up from request to request. They are done in their order: one that meets nobody in its banks waits for those
    before it.
    """

    __slots__ = ("_banks", "_done", "_left", "_next", "_port", "_width")

    def __init__(self, port: Port, spec: OnChipSpec) -> None:
        self._port = port
        self._banks = spec.banks
        self._width = spec.width_bits
        self._next = 0  # the bank of the next word
        self._left = 0  # bits of the word before it that were moved and not yet asked for
        self._done = 0

    def move(self, ready_fs: int, length: int) -> int:
        """Move the stream's next `length` bytes, no earlier than `ready_fs`; returns when, in fs, they are through."""
        port, width = self._port, self._width
        port.bytes += length
        bits = 8 * length - self._left
        words = -(-bits // width)
        self._left = words * width - bits
        done = ready_fs
        if words:
            done = port.serve(ready_fs, self._next, words)
            self._next = (self._next + words) % self._banks
        self._done = max(self._done, done)
        return self._done
