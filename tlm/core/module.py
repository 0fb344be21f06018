"""Modules: named parts of a system in a tree on a plain SimPy environment, elaborated before they run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

import attrs
import simpy
from simpy.core import Infinity
from simpy.events import URGENT

from .errors import ElaborationError
from .probe import Probe

ProcessFunction = Callable[[], Generator[simpy.Event, Any, Any]]


@attrs.frozen
class Rate:
    """What a component has moved so far, and the most it could move in a second; `unit` is "B" or "values"."""

    moved: int
    peak_per_s: float
    unit: str


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
        self.elaborated = False
        self._processes: list[ProcessFunction] = []
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
            self.env.process(function())
        else:
            self._processes.append(function)

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
            for function in module._processes:
                self.env.process(function())

    def figures(self) -> dict[str, float | int]:
        """Hook: figures of the component's own for reports, units in their names."""
        return {}

    def rate(self) -> Rate | None:
        """Hook: how much has gone through it, where that has a limit."""
        return None

    def levels(self) -> dict[str, tuple[int, int]]:
        """Hook: how full its buffers are now, {name with unit: (level, capacity)}."""
        return {}

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
