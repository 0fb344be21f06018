"""The broadcast: the dispatcher announces a pass to all tiles, and it starts once all that take part are ready."""

from __future__ import annotations

import simpy

from ...core import Party
from ...engines import flow
from ..program import Pass, Program


class Job:
    """One pass handed out: its events, and the next one's announcement."""

    __slots__ = ("done", "image", "layer", "next", "program", "started", "work")

    def __init__(self, env: simpy.Environment, layer: int, image: int, program: Program, work: Pass) -> None:
        self.layer = layer
        self.image = image
        self.program = program
        self.work = work
        self.started = env.event()
        self.done = env.event()
        self.next: simpy.Event = env.event()


class Broadcast:
    """The link from the dispatcher to the tiles, and the barrier that keeps them in step."""

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.first: simpy.Event = env.event()
        self._announcement = self.first
        self._missing = 0
        self.sender: Party | None = None  # for a message about who waits for whom
        self.job: Job | None = None
        self._ready: simpy.Event | None = None
        self.late: flow.Cause = None

    def announce(self, job: Job, tiles: int) -> simpy.Event:
        """Hand `job` out; the event fires when all `tiles` that take part have their weights."""
        announcement, self._announcement = self._announcement, job.next
        self.job = job
        self._missing = tiles
        self._ready = self._env.event()
        self.late = None
        announcement.succeed(job)
        return self._ready

    def ready(self, cause: flow.Cause = None) -> None:
        """A tile has its weights; `cause` is what it waited for."""
        if cause is not None:
            self.late = cause
        self._missing -= 1
        if not self._missing:
            assert self._ready is not None
            self._ready.succeed()
