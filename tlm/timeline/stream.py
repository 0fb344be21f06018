"""What is recorded of a run, as it is told: components' states, transactions, levels; who writes a file is a sink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from enum import Enum

import attrs

#: Names of modules, and of a socket, from the top down.
Scope = tuple[str, ...]
Value = int | float


class Kind(Enum):
    """What the values of a signal are: a component's states, whole numbers, or real ones."""

    STATE = "state"
    WHOLE = "whole"
    REAL = "real"


@attrs.frozen(eq=False)
class Signal:
    """One thing that has a value at any time; `unit` and, of a level, `capacity` are for people."""

    scope: Scope
    name: str
    kind: Kind
    unit: str = ""
    capacity: int | None = None

    @property
    def full_name(self) -> str:
        """As it is chosen by: "soc.memory.channel0.state"."""
        return ".".join((*self.scope, self.name))


@attrs.frozen(eq=False)
class Transaction:
    """One transaction on one hop from the socket `source` to `target`, as it was asked for, logically at `begin_fs`.

    `number` is its own in the run.
    """

    number: int
    source: Scope
    target: Scope
    command: str
    address: int
    length: int
    begin_fs: int


class Sink:
    """Takes what is told; what a sink does not take it does not define. Times, in fs, may lie ahead of the run's.

    `look_fs` is how often, at least, a sink wants that looked at which has to be.
    """

    look_fs: int | None = None

    def declare(self, signal: Signal) -> None:
        """There is such a signal."""

    def ready(self) -> None:
        """All that the system's structure gives has been declared; time begins to pass."""

    def stretch(self, signal: Signal, begin: int, end: int, state: str, on: str) -> None:
        """A component was in `state`, and waited for those named `on`; its stretches tile its time, in order."""

    def level(self, signal: Signal, time: int, value: Value) -> None:
        """The value from `time` on; of each signal in order of time."""

    def request(self, one: Transaction) -> None:
        """It begins."""

    def phase(self, one: Transaction, name: str, time: int) -> None:
        """It enters a phase that begins neither its request nor its response."""

    def response(self, one: Transaction, time: int, status: str) -> None:
        """It is answered."""

    def abandon(self, one: Transaction, time: int) -> None:
        """It will not be answered: who asked has gone away."""

    def close(self, begin: int, end: int) -> None:
        """All has been told of the run, which lasted from `begin` to `end`."""


class Stream:
    """Where what is told goes: to each of `sinks`, of which there is none once it is closed.

    What has to be looked at is looked at once a window, of `window_fs` or what a sink wants, in which anything is told
    at all.
    """

    def __init__(self, sinks: Sequence[Sink], window_fs: int, begin_fs: int = 0) -> None:
        self.sinks = tuple(sinks)
        self.window_fs = window_fs
        self.begin_fs = begin_fs
        self.transactions = 0
        self.each_window: list[Callable[[int], None]] = []
        self._next_window = 0
        self._names: Counter[tuple[Scope, str]] = Counter()

    def signal(self, scope: Scope, name: str, kind: Kind, unit: str = "", capacity: int | None = None) -> Signal:
        """A new signal; from the second of a name on with a number behind it."""
        before = self._names[scope, name]
        self._names[scope, name] += 1
        signal = Signal(scope, f"{name}{before or ''}", kind, unit, capacity)
        for sink in self.sinks:
            sink.declare(signal)
        return signal

    def moved(self, now: int) -> None:
        """Something is told at `now`."""
        if now >= self._next_window:
            width = min([self.window_fs, *(sink.look_fs for sink in self.sinks if sink.look_fs)])
            self._next_window = (now // width + 1) * width
            for look in self.each_window:
                look(now)

    def close(self, end: int) -> None:
        """The run is over; what is told from now on goes nowhere. Each sink is closed, also where another one fails."""
        with ExitStack() as closing:
            for sink in reversed(self.sinks):
                closing.callback(sink.close, self.begin_fs, end)
            self.sinks = ()
