"""An interrupt from the keyboard while a run is looked at: it waits until what happens has been told whole."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any

import simpy
from simpy.events import URGENT

#: Before all else that is still to happen in the instant, as elaboration is.
NEXT = URGENT - 1


class Interrupts:
    """A context in which an interrupt that falls into an event of `env` is raised right after it, as the next one.

    In the midst of an event a probe's time may be counted and not yet be over, or half of a slice be told. A second
    interrupt does not wait. Does nothing outside of the main thread, or where somebody else handles interrupts.
    """

    def __init__(self, env: simpy.Environment) -> None:
        self._env = env
        self._due = self._handling = False

    def __enter__(self) -> None:
        in_main = threading.current_thread() is threading.main_thread()
        if in_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._handling = True
            signal.signal(signal.SIGINT, self._handle)

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if self._handling and signal.getsignal(signal.SIGINT) == self._handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if self._due and error is None:  # it fell into the last event
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._due or not _within_an_event(frame):
            signal.default_int_handler(number, frame)
        self._due = True
        event = simpy.Event(self._env)
        event._ok, event._value = True, None
        event.callbacks.append(_interrupt)
        self._env.schedule(event, priority=NEXT)  # type: ignore[arg-type]


def _interrupt(_event: Any) -> None:
    raise KeyboardInterrupt


def _within_an_event(frame: FrameType | None) -> bool:
    """Whether SimPy has called what is running, rather than being between two events or not running at all."""
    while frame is not None:
        frame = frame.f_back
        if frame is not None and frame.f_code is simpy.Environment.step.__code__:
            return True
    return False
