"""Modules: named parts of a system in a tree on a plain SimPy environment, elaborated before they run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Union

import attrs
import simpy
from simpy.core import Infinity
from simpy.events import URGENT

from .awaited import Awaited, Processes
from .errors import ElaborationError
from .probe import IDLE, Probe

ProcessFunction = Callable[[], Generator[simpy.Event, Any, Any]]

#: Who waits, or is waited for.
Party = Union["Module", simpy.Process]


@attrs.frozen
class Rate:
    """What a component has moved so far, and the most it could move in a second; `unit` is "B" or "values"."""

    moved: int
    peak_per_s: float
    unit: str


@attrs.frozen
class Announced:
    """What a process said when it began to wait: `event`, the reason, since when, and for whom where it knows."""

    event: simpy.Event
    reason: str
    since_fs: int
    on: Party | None


class Answer(Awaited):
    """What a module owes who asked it: `label` says what ("a read of 64 B"); the module makes it succeed.

    To return one from a function rather than a bare event costs nothing and lets a system that has stopped say who
    waits for whom.
    """

    holds_work = True
    source: Module

    def __init__(self, module: Module, label: str) -> None:
        super().__init__(module.env, module)
        self.label = label

    def what(self, name: str) -> str:
        """The label."""
        return self.label


class Module:
    """A named component. `parent` is a `simpy.Environment` or another module, which gives the hierarchy.

    A module is whole when constructed. Sockets are checked and bound, `end_of_elaboration` runs and
    processes start at elaboration: on the environment's first event, or earlier by an explicit call of
    `elaborate` on the root.
    """

    #: What kind of component this is, for reports; "" for a mere container of others.
    kind = ""

    def __init__(self, parent: simpy.Environment | Module, name: str) -> None:
        self.name = name
        self.children: dict[str, Module] = {}
        self.sockets: list[Any] = []
        self.prim_channels: list[Any] = []  # the FIFOs and counts that are its own, as sc_prim_channel
        self.elaborated = False
        self.processes = Processes()
        self.announced: dict[simpy.Process, Announced] = {}
        self._resumes_as = IDLE
        self._functions: list[ProcessFunction] = []
        self.parent = parent if isinstance(parent, Module) else None
        self.env: simpy.Environment = parent.env if isinstance(parent, Module) else parent
        self.probe = Probe(self.env)
        if self.parent is None:
            self._schedule_elaboration()
        else:
            self.parent.adopt(self)

    @property
    def full_name(self) -> str:
        """The name with those of all its parents: "soc.dram.channel0"."""
        return self.name if self.parent is None else f"{self.parent.full_name}.{self.name}"

    @property
    def now(self) -> int:
        """Simulated time in fs."""
        return int(self.env.now)

    def adopt(self, child: Module) -> None:
        """Take `child` into the hierarchy under its name, which must be new here."""
        if self.elaborated:
            raise ElaborationError(f"{self.full_name}.{child.name}: created after elaboration")
        if child.name in self.children:
            raise ElaborationError(f"{self.full_name}.{child.name}: the name is used twice")
        self.children[child.name] = child

    def process(self, function: ProcessFunction) -> None:
        """Run `function()`, a generator, as a SimPy process from elaboration on."""
        if self.elaborated:
            self.processes.add(self.env.process(function()))
        else:
            self._functions.append(function)

    def wait(self, event: simpy.Event, reason: str, on: Party | None = None) -> Generator[simpy.Event, Any, Any]:
        """Wait for `event`: `item = yield from self.wait(self.input.get(), "input")`; gives its value.

        Meanwhile the probe says `reason`: work is in hand and cannot proceed. `on` is who has to bring the event about,
        where that is not a FIFO's, a count's or a resource's to know.
        """
        process = self.env.active_process
        assert process is not None, "only a process can wait"
        if not self.announced:
            self._resumes_as = self.probe.state
        self.announced[process] = Announced(event, reason, self.now, on)
        self.probe.set(reason)
        try:
            return (yield event)
        finally:
            del self.announced[process]
            if self.probe.state == reason:
                others = [announced.reason for announced in self.announced.values()]
                self.probe.set(others[-1] if others else self._resumes_as)

    def tree(self) -> Iterator[Module]:
        """This module and all below it, parents first, children in order of construction."""
        yield self
        for child in self.children.values():
            yield from child.tree()

    def elaborate(self) -> None:
        """Bind all sockets of the tree, check them, run the hooks, start the processes; once."""
        if self.elaborated:
            return
        modules = list(self.tree())
        for module in modules:
            for socket in module.sockets:
                socket.complete_binding()
        for module in modules:
            module.end_of_elaboration()
        for module in modules:
            module.elaborated = True
            for function in module._functions:
                module.processes.add(self.env.process(function()))

    def figures(self) -> dict[str, float | int]:
        """Hook: figures of the component's own for reports, units in their names."""
        return {}

    def rate(self) -> Rate | None:
        """Hook: how much has gone through it, where that has a limit."""
        return None

    def levels(self) -> dict[str, tuple[int, int]]:
        """Hook: how full its buffers are now, {name with unit: (level, capacity)}."""
        return {}

    def waits_for(self) -> Iterable[tuple[Party | None, str]]:
        """Hook: who has to act before it can go on, and what for; None where nobody will.

        Empty where what its processes wait for says it all.
        """
        return ()

    def end_of_elaboration(self) -> None:
        """Hook: called once all sockets of the tree are bound, before any process starts."""

    def _schedule_elaboration(self) -> None:
        start = simpy.Event(self.env)
        start._ok, start._value = True, None
        start.callbacks.append(lambda _event: self.elaborate())
        self.env.schedule(start, priority=URGENT)


def next_event_time(env: simpy.Environment) -> int | None:
    """When the next event is due, or None where nothing is left to happen."""
    time = env.peek()
    return None if time == Infinity else int(time)
