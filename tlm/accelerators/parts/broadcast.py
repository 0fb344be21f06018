"""The broadcast: the dispatcher hands a pass out to all tiles, and it starts once all that take part are ready."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs
import simpy

from ...core import Party, call_in
from ...engines import flow
from ..program import Pass, Program

if TYPE_CHECKING:
    from .tile import Tile


@attrs.frozen(eq=False)
class Job:
    """One pass handed out."""

    layer: int
    image: int
    program: Program
    work: Pass


class Broadcast:
    """The link from the dispatcher to the tiles, and the barrier that keeps them in step.

    Whatever happens to all of them happens with one event, after which they are called in order: `take`, `begin`,
    `finish`. `taking` are those that take part in `job`, `late` is what the last of them had waited for.
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self.tiles: list[Tile] = []
        self.sender: Party | None = None  # for a message about who waits for whom
        self.job: Job | None = None
        self.taking: list[Tile] = []
        self.late: flow.Cause = None
        self._missing = 0
        self._ready = env.event()

    def announce(self, job: Job) -> simpy.Event:
        """Hand `job` out to tiles that have filters for it; the event fires when all of these have their weights."""
        parts, filter_set = job.program.tiles, job.work.filter_set
        self.taking = [tile for tile, part in zip(self.tiles, parts, strict=True) if part.filters[filter_set]]
        self.job, self.late, self._missing = job, None, len(self.taking)
        self._ready = self._env.event()
        call_in(self._env, 0, self._hand_out)
        return self._ready

    def ready(self, cause: flow.Cause = None) -> None:
        """A tile has its weights; `cause` is what it waited for."""
        if cause is not None:
            self.late = cause
        self._missing -= 1
        if not self._missing:
            self._ready.succeed()

    def start(self, duration_fs: int) -> tuple[simpy.Event, simpy.Event]:
        """Begin the pass now: the events of its beginning and its end, which may be in the same instant."""
        started, done = (self._env.timeout(delay_fs) for delay_fs in (0, duration_fs))
        started.callbacks.append(self._begin)
        done.callbacks.append(self._finish)
        return started, done

    def _hand_out(self) -> None:
        assert self.job is not None
        for tile in self.taking:
            tile.take(self.job)

    def _begin(self, _started: simpy.Event) -> None:
        assert self.job is not None
        for tile in self.taking:
            tile.begin(self.job)

    def _finish(self, _done: simpy.Event) -> None:
        assert self.job is not None
        for tile in self.taking:
            tile.finish(self.job)
