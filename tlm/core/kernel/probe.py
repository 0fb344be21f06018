"""A probe tiles a component's time, to the femtosecond, into busy, named kinds of waiting, and idle."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import simpy

BUSY = "busy"
IDLE = "idle"

#: So many spans are kept before those that are over are settled, all at once.
MANY = 64


class Probe:
    """What one component did over time.

    A process reports what it is in from now on with `set`; a component that is timed by arithmetic
    reports spans, which may lie in the future, with `span`. *waiting* means that work was assigned and
    cannot proceed (the state is the reason's name), *idle* that none was. Outside of spans what was set last holds.
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._since_fs = int(env.now)
        self._totals: dict[str, int] = {}
        self._pending: deque[tuple[int, int, str]] = deque()
        self.state = IDLE

    def set(self, state: str) -> None:
        """From now on the component is in `state`."""
        if state != self.state:
            now = int(self._env._now)  # its property is a call more, and this is the event path
            if self._pending:
                self._settle_spans(now)
                self._cut_span(now)
            self.settled(self._since_fs, now, self.state)
            self._since_fs = now
            self.state = state

    def span(self, start: int, end: int, state: str = BUSY) -> None:
        """The component is in `state` from `start` to `end` (fs); spans come in order of time, or ValueError.

        One that continues the last is one with it.
        """
        pending = self._pending
        begin, floor, before = pending[-1] if pending else (0, self._since_fs, None)
        if not floor <= start <= end:
            raise ValueError(f"span {start}..{end} fs must follow {floor} fs")
        if start == floor and state == before:
            pending[-1] = begin, end, state
            return
        pending.append((start, end, state))
        if len(pending) > MANY:
            self._settle_spans(int(self._env._now))

    def lasting(self) -> tuple[str, int]:
        """The state it is in now, spans included, and since when, in fs."""
        now, since = int(self._env.now), self._since_fs
        for start, end, state in self._pending:
            if start > now:
                break
            if now < end:
                return state, start
            since = end
        return self.state, since

    def totals(self, at: int) -> dict[str, int]:
        """Femtoseconds in each state from the probe's birth to `at`; they sum to that time exactly."""
        totals = dict(self._totals)
        for begin, end, state in self.unsettled(at):
            totals[state] = totals.get(state, 0) + end - begin
        return {state: time for state, time in totals.items() if time}

    def settled(self, begin: int, end: int, state: str) -> None:
        """Count that the component was in `state` from `begin` to `end` (fs), which nothing can change any more.

        All its time goes through here once, in order. Who looks on puts a function around it, on one probe.
        """
        if begin < end:
            self._totals[state] = self._totals.get(state, 0) + end - begin

    def unsettled(self, at: int) -> Iterator[tuple[int, int, str]]:
        """What follows on what is settled, up to `at`, as things stand: (begin, end, state) without a gap."""
        since = self._since_fs
        for start, end, state in self._pending:
            if start >= at:
                break
            yield since, start, self.state
            since = min(end, at)
            yield start, since, state
        yield since, at, self.state

    def _settle_spans(self, now: int) -> None:
        """All spans that are over by `now`."""
        pending, settled, since, between = self._pending, self.settled, self._since_fs, self.state
        while pending and pending[0][1] <= now:
            start, end, state = pending.popleft()
            if since < start:
                settled(since, start, between)
            settled(start, end, state)
            since = end
        self._since_fs = since

    def _cut_span(self, now: int) -> None:
        """Of one that goes on, settle what is over."""
        start, end, state = self._pending[0] if self._pending else (now, now, self.state)
        if start < now:
            self.settled(self._since_fs, start, self.state)
            self.settled(start, now, state)
            self._since_fs, self._pending[0] = now, (now, end, state)
