"""A probe tiles a component's time, to the femtosecond, into busy, named kinds of waiting, and idle."""

from __future__ import annotations

from collections import deque

import simpy

BUSY = "busy"
IDLE = "idle"


class Probe:
    """What one component did over time.

    A process reports what it is in from now on with `set`; a component that is timed by arithmetic
    reports spans, which may lie in the future, with `span`. *waiting* means that work was assigned and
    cannot proceed (the state is the reason's name), *idle* that none was.
    """

    __slots__ = ("_env", "_pending", "_since", "_totals", "state")

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._since = int(env.now)
        self._totals: dict[str, int] = {}
        self._pending: deque[tuple[int, int, str]] = deque()
        self.state = IDLE

    def set(self, state: str) -> None:
        """From now on the component is in `state`."""
        if state != self.state:
            now = int(self._env.now)
            self._add(self.state, now - self._since)
            self._since = now
            self.state = state

    def span(self, start: int, end: int, state: str = BUSY) -> None:
        """The component is in `state` from `start` to `end` (fs); spans come in order of time."""
        pending = self._pending
        floor = pending[-1][1] if pending else self._since
        if not floor <= start <= end:
            raise ValueError(f"span {start}..{end} fs must follow {floor} fs")
        now = int(self._env.now)
        while pending and pending[0][1] <= now:
            self._fold(*pending.popleft())
        pending.append((start, end, state))

    def lasting(self) -> tuple[str, int]:
        """The state it is in now, spans included, and since when, in fs."""
        now, since = int(self._env.now), self._since
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
        since = self._since
        for start, end, state in self._pending:
            if start >= at:
                break
            totals[IDLE] = totals.get(IDLE, 0) + start - since
            totals[state] = totals.get(state, 0) + min(end, at) - start
            since = min(end, at)
        totals[self.state] = totals.get(self.state, 0) + at - since
        return {state: time for state, time in totals.items() if time}

    def _fold(self, start: int, end: int, state: str) -> None:
        self._add(IDLE, start - self._since)
        self._add(state, end - start)
        self._since = end

    def _add(self, state: str, time: int) -> None:
        if time:
            self._totals[state] = self._totals.get(state, 0) + time
