"""Four phases over a memory that is asked once and tells when: END_REQ when it has taken a request, then BEGIN_RESP."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Protocol

from ..core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    INCOMPLETE,
    OK,
    UPDATED,
    AnyPhase,
    Module,
    NbResult,
    Payload,
    PeqWithCbAndPhase,
    TargetSocket,
)


class Starts(Protocol):
    """How a request begins: it is told when, in fs, it will be complete and accepted, ahead or just then."""

    def __call__(
        self, payload: Payload, at_fs: int, done: Callable[[int], object], accepted: Callable[[int], object]
    ) -> None:
        """Serve `payload`, that comes at `at_fs`."""


class FourPhases:
    """The non-blocking side of `port`: `takes` judges a payload and moves its bytes, `start` serves it.

    Requests are answered in the order they are complete, one response at a time. What takes no time, as an error, is
    completed at once.
    """

    def __init__(self, memory: Module, port: TargetSocket, takes: Callable[[Payload], bool], start: Starts) -> None:
        self._port = port
        self._takes = takes
        self._start = start
        self._env = memory.env
        self._peq = PeqWithCbAndPhase(memory, self._step)
        self._complete: deque[Payload] = deque()
        self._responding = False
        port.register_nb_transport_fw(self.nb_transport_fw)

    def nb_transport_fw(self, payload: Payload, phase: AnyPhase, delay: int) -> NbResult:
        """Take a request or the end of a response; phases that are not known change nothing."""
        if phase is BEGIN_REQ:
            if not self._takes(payload):
                return COMPLETED, phase, delay
            payload.response_status = INCOMPLETE  # until its response
            at, notify = int(self._env._now) + delay, self._notify
            self._start(
                payload, at, lambda fs: notify(payload, BEGIN_RESP, fs), lambda fs: notify(payload, END_REQ, fs)
            )
        elif phase is END_RESP:
            self._peq.notify(payload, END_RESP, delay)
            return COMPLETED, phase, delay
        return ACCEPTED, phase, delay

    def _notify(self, payload: Payload, phase: AnyPhase, at_fs: int) -> None:
        self._peq.notify(payload, phase, max(0, at_fs - int(self._env._now)))

    def _step(self, payload: Payload, phase: AnyPhase) -> None:
        if phase is END_REQ:
            self._port.nb_transport_bw(payload, END_REQ, 0)
            return
        if phase is BEGIN_RESP:
            self._complete.append(payload)
        else:
            self._responding = False
        if self._complete and not self._responding:
            self._respond(self._complete.popleft())

    def _respond(self, payload: Payload) -> None:
        self._responding = True
        payload.response_status = OK
        sync, phase, delay = self._port.nb_transport_bw(payload, BEGIN_RESP, 0)
        if sync is COMPLETED or (sync is UPDATED and phase is END_RESP):
            self._peq.notify(payload, END_RESP, delay)
