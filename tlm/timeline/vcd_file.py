"""A VCD file: states as strings and levels as numbers, for GTKWave; written at the end, when all can be sorted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import IO, cast

from .. import __version__
from ..core import IDLE, BadInput
from .spool import Spool
from .stream import Kind, Signal, Sink, Value
from .whole_file import WholeFile

#: Of each kind of signal: the variable's type, its bits, and what it is before anything is told.
VARIABLES: dict[Kind, tuple[str, int | None, Value | str]] = {
    Kind.STATE: ("string", None, IDLE),
    Kind.WHOLE: ("integer", 64, 0),
    Kind.REAL: ("real", 64, 0.0),
}


class VcdFile(Sink):
    """Writes the signals whose full names match one of `patterns`, such as "soc.memory.*", into `file`; none: all.

    Changes are sorted on disk, since a stretch is told when it is over, and may be told late. BadInput, before time
    passes, where a pattern matches nothing.
    """

    def __init__(self, file: WholeFile, patterns: Sequence[str] = ()) -> None:
        self._file = file
        self._patterns = patterns
        self._names: list[str] = []
        self._numbers: dict[Signal, int] = {}
        self._spool = Spool()

    def declare(self, signal: Signal) -> None:
        """One of its variables, where it is chosen."""
        name = signal.full_name
        self._names.append(name)
        if not self._patterns or any(fnmatchcase(name, pattern) for pattern in self._patterns):
            self._numbers[signal] = len(self._numbers)

    def ready(self) -> None:
        """Whether every pattern chooses something can be said now."""
        for pattern in self._patterns:
            if not any(fnmatchcase(name, pattern) for name in self._names):
                raise BadInput(f"no signal matches {pattern!r}", given=pattern, allowed=self._names)

    def stretch(self, signal: Signal, begin: int, _end: int, state: str, _on: str) -> None:
        """The state, which lasts until the next one."""
        self.level(signal, begin, state)

    def level(self, signal: Signal, time: int, value: Value | str) -> None:
        """One change."""
        number = self._numbers.get(signal)
        if number is not None:
            self._spool.add(time, number, value)

    def close(self, _begin: int, end: int) -> None:
        """Write it all, in order of time."""
        try:
            self._write(end)
            self._file.keep()
        finally:
            self._spool.close()

    def _write(self, end: int) -> None:
        from vcd import VCDWriter

        writer = VCDWriter(cast(IO[str], self._file), timescale="1 fs", date="", version=f"tlm {__version__}")
        variables = []
        for signal, (scope, name) in zip(self._numbers, _places(self._numbers), strict=True):
            kind, size, init = VARIABLES[signal.kind]
            variables.append(writer.register_var(scope, name, kind, size, init))
        last = end
        for time, values in _instants(self._spool):
            for number, value in values.items():
                writer.change(variables[number], time, value)
            last = max(last, time)
        writer.close(last)


def _instants(spool: Spool) -> Iterator[tuple[int, dict[int, Value | str]]]:
    """Each time at which something changes, and what each signal is from then on: of several values the last."""
    time, values = 0, dict[int, Value | str]()
    for at, _count, number, value in spool.merged():
        if at != time:
            yield time, values
            time, values = at, {}
        values[number] = value
    yield time, values


def _places(signals: Sequence[Signal] | dict[Signal, int]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Where each signal stands, in words: the format ends a name at the first blank."""
    taken = set()
    for signal in signals:
        scope, name = tuple(map(_word, signal.scope)), _word(signal.name)
        while (scope, name) in taken:
            name += "_"
        taken.add((scope, name))
        yield scope, name


def _word(name: str) -> str:
    return "_".join(name.split()) or "_"
