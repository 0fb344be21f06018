"""A blocking transaction beside its caller: it begins within the call, and is a process only where it waits."""

from __future__ import annotations

from typing import Any

import simpy

from .binding import Hop, Transport
from .payload import Payload
from .sockets import delay_from


class SideProcess(simpy.Process):
    """Runs `transport` up to its first wait at once; `is_alive` is false where it has not waited at all.

    `done_fs` is when it is done, the delay that it returned included, known once it has returned. What it raises before
    it waits comes to the caller, what it raises later to who waits for it, or to who runs the simulation.
    """

    def __init__(self, env: simpy.Environment, transport: Transport) -> None:
        # As simpy.Process does, but for the event that would begin it later in this instant.
        self.env = env
        self.callbacks = [self._finished]
        self._generator = transport
        self.done_fs = 0
        caller, env._active_proc = env._active_proc, self
        try:
            self._wait_for(transport.send(None))
        except StopIteration as end:
            self._ok, self._value = True, end.value
            self._finished(self)
            self.callbacks = None  # type: ignore[assignment]  # nothing is left to happen
        finally:
            env._active_proc = caller

    def _wait_for(self, event: simpy.Event) -> None:
        if event.callbacks is None:  # it has happened already
            self._resume(event)
        else:
            event.callbacks.append(self._resume)
            self._target = event

    def _finished(self, _event: simpy.Event) -> None:
        if self._ok:
            self.done_fs = int(self.env.now) + self._value


class AllDone(simpy.AllOf):
    """All of these have returned. The first that fails is what is raised; that others do too goes nowhere."""

    def _check(self, side: Any) -> None:
        if not side._ok:
            side._defused = True
        super()._check(side)

    def _remove_check_callbacks(self) -> None:
        """None: those that go on after a failure may fail too."""


def begin_transport(hop: Hop, payload: Payload, delay: int) -> SideProcess | int:
    """Send `payload` over `hop` at now + `delay`: when it is done, in fs, or what runs until then where that waits."""
    plain, env = hop.plain_transport, hop.env
    if plain is None:
        transport = hop.b_transport(payload, delay)
    else:
        left = plain(payload, delay)
        if left.__class__ is int:
            return int(env._now) + left
        transport = delay_from(left, hop.target.full_name)
    side = SideProcess(env, transport)
    return side if side.is_alive else side.done_fs
