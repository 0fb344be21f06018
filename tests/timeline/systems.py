"""Small systems to look into; times are fs unless they say otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import simpy
from decoding import Perfetto, read_vcd

from tlm.core import OK, InitiatorSocket, Module, TargetSocket, simulate
from tlm.timeline import Trace


class Seen:
    """What was written of a system: the decoded trace, and the VCD's signals and last time."""

    def __init__(self, folder: Path) -> None:
        self.perfetto = Perfetto(folder / "run.pftrace")
        self.signals, self.end = read_vcd(folder / "run.vcd")


def look(folder: Path, *roots: Module, run: Callable[..., Any] = simulate, **options: Any) -> Seen:
    """Run a system and decode what both files say of it."""
    with Trace(*roots, perfetto=folder / "run.pftrace", vcd=folder / "run.vcd", **options):
        run(*roots)
    return Seen(folder)


class Part(Module):
    """A component whose process is given as a generator function of it."""

    kind = "part"

    def __init__(self, parent, name, run=None):
        super().__init__(parent, name)
        if run is not None:
            self.process(lambda: run(self))


class Target(Module):
    """Answers OK after `latency`; where it `waits` it is the target that waits, else the caller."""

    kind = "target"

    def __init__(self, parent, name, latency, waits=False):
        super().__init__(parent, name)
        self.latency = latency
        self.port = TargetSocket(self, "port", self.waiting if waits else self.annotating)

    def annotating(self, payload, delay):
        payload.response_status = OK
        return delay + self.latency

    def waiting(self, payload, delay):
        yield self.env.timeout(delay + self.latency)
        payload.response_status = OK
        return 0


class Initiator(Part):
    """A component with a socket."""

    def __init__(self, parent, name, run):
        super().__init__(parent, name, run)
        self.mem = InitiatorSocket(self, "mem")


def soc():
    return Module(simpy.Environment(), "soc")


def states(seen: Seen, name: str) -> list[tuple[int, int | None, str]]:
    """The slices of a component: (begin, end, state)."""
    return [(one.begin, one.end, one.name) for one in seen.perfetto.slices() if one.track == name]
