"""Temporal decoupling: an initiator runs ahead of simulated time, up to the next multiple of the quantum."""

from __future__ import annotations

from collections.abc import Generator

import simpy

from ...inputs.errors import BadInput
from ..kernel.module import Module, env_of


class QuantumKeeper:
    """How far an initiator is ahead: `local_time` fs, until its own time reaches `sync_point`.

    Sync points are the multiples of `quantum` fs; with a quantum of 0 there is always need to sync. Pass `local_time`
    as delay into b_transport and set it from what that returns. `parent` is an environment or a module. BadInput where
    `quantum` is negative.
    """

    __slots__ = ("env", "local_time", "quantum", "sync_point")

    def __init__(self, parent: simpy.Environment | Module, quantum: int) -> None:
        if quantum < 0:
            raise BadInput(f"a quantum is 0 fs or more, not {quantum}")
        self.env = env_of(parent)
        self.quantum = quantum
        self.reset()

    @property
    def current_time(self) -> int:
        """The initiator's own time: simulated time and what it is ahead of it, in fs."""
        return int(self.env._now) + self.local_time

    def inc(self, time: int) -> None:
        """Go `time` fs further ahead."""
        self.local_time += time

    def set(self, local_time: int) -> None:
        """Be `local_time` fs ahead."""
        self.local_time = local_time

    def reset(self) -> None:
        """Be at simulated time; the next sync point is the first multiple of the quantum after it."""
        now = int(self.env._now)
        self.local_time = 0
        self.sync_point = now + self.quantum - now % self.quantum if self.quantum else now

    def need_sync(self) -> bool:
        """Whether the sync point is reached."""
        return self.env._now + self.local_time >= self.sync_point

    def sync(self) -> Generator[simpy.Event, None, None]:
        """Let simulated time catch up: `yield from keeper.sync()`."""
        yield self.env.timeout(self.local_time)
        self.reset()

    def set_and_sync(self, local_time: int) -> Generator[simpy.Event, None, None]:
        """Be `local_time` fs ahead, and sync where that is needed."""
        self.local_time = local_time
        if self.need_sync():
            yield from self.sync()
