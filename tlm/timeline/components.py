"""A component's probe, looked at from outside: its stretches of time, and whom it waits for in each."""

from __future__ import annotations

from collections.abc import Iterable

from ..core import BUSY, IDLE, Announced, Awaited, Module, Party
from .stream import Kind, Scope, Stream


class Component:
    """Tells the stretches that a module's probe settles; neighbours that are alike are one.

    What the probe counts goes through here, so that stretches add up to its totals by construction.
    """

    def __init__(self, stream: Stream, scope: Scope, module: Module) -> None:
        self._stream = stream
        self._signal = stream.signal(scope, "state", Kind.STATE)
        self._module = module
        self._probe = probe = module.probe
        self._counts, self._sets = probe.settled, probe.set
        self._waits: tuple[str, str] = (IDLE, "")
        self._open: tuple[str, str] | None = None
        self._begin = self._end = 0
        probe.settled, probe.set = self.settled, self.set  # type: ignore[method-assign]

    def set(self, state: str) -> None:
        """In place of the probe's own: whom it waits for is asked right after it."""
        if state != self._probe.state:
            self._sets(state)
            self._stream.moved(self._module.now)
            self._waits = state, "" if state in (BUSY, IDLE) else ", ".join(_awaited(self._module, state))

    def settled(self, begin: int, end: int, state: str) -> None:
        """In place of the probe's own."""
        self._counts(begin, end, state)
        if begin < end:
            self._extend(begin, end, state)

    def close(self, end: int) -> None:
        """Tell the rest, up to now, which is `end`, and what it is in then; let go of the probe."""
        for begin, until, state in self._probe.unsettled(end):
            if begin < until:
                self._extend(begin, until, state)
        self._extend(end, end, self._probe.lasting()[0])
        self._flush()
        del self._probe.settled, self._probe.set

    def _extend(self, begin: int, end: int, state: str) -> None:
        kind = self._waits if state == self._waits[0] else (state, "")
        if kind != self._open:
            self._flush()
            self._open, self._begin = kind, begin
        self._end = end

    def _flush(self) -> None:
        if self._open is not None:
            state, on = self._open
            begin, end, state = int(self._begin), int(self._end), str.__str__(state)  # plain: they may go to disk
            for sink in self._stream.sinks:
                sink.stretch(self._signal, begin, end, state, on)


def _awaited(module: Module, state: str) -> Iterable[str]:
    """The names of those that a module waits for which has just begun to be in `state`, as far as that is known."""
    announced = [one for one in module.announced.values() if one.reason == state]
    if announced:
        return _named(announced[-1])
    try:
        found = [_name(party) for party, _what in module.waits_for() if party is not None]
    except Exception:  # a user's hook, asked at a time that it is not made for: then nothing is known
        return ()
    return dict.fromkeys(found)


def _named(announced: Announced) -> Iterable[str]:
    if announced.on is not None:
        return (_name(announced.on),)
    source = announced.event.source if isinstance(announced.event, Awaited) else None
    name = getattr(source, "full_name", None)
    return () if name is None else (str(name),)


def _name(party: Party) -> str:
    return party.full_name if isinstance(party, Module) else str(party.name)
