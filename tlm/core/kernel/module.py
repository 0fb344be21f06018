"""Modules: named parts of a system in a tree on a plain SimPy environment, elaborated before they run."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, Union

import attrs
import simpy

from ..errors import ElaborationError
from .awaited import Awaited, Processes
from .elaboration import design_of
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


class Monitors(list[Callable[[Any], None]]):
    """What looks on at the hops of `place`, a socket of `module` or the module itself: put there before elaboration."""

    def __init__(self, module: Module, place: Any) -> None:
        super().__init__()
        self._module = module
        self._place = place

    def append(self, monitor: Callable[[Any], None]) -> None:
        """One more; ElaborationError where it would never be called."""
        if self._module.elaborated:
            raise ElaborationError(f"{self._place.full_name}: a monitor is appended after elaboration")
        if not callable(monitor):
            raise TypeError(f"{self._place.full_name}: a monitor is a function, not {monitor!r}")
        super().append(monitor)


class Module:
    """A named component. `parent` is a `simpy.Environment` or another module, which gives the hierarchy.

    A module is whole when constructed. At elaboration, on the environment's first event or earlier by an explicit call
    of `elaborate`, all modules of the environment are taken together: `before_end_of_elaboration`, which may make and
    bind more of them; sockets are checked and bound; `end_of_elaboration`; `start_of_simulation`; processes start. Each
    step is over the whole tree, parents before children, before the next one begins; `end_of_simulation` is the last.
    """

    #: What kind of component this is, for reports; "" for a mere container of others.
    kind = ""

    def __init__(self, parent: simpy.Environment | Module, name: str) -> None:
        if not isinstance(parent, (Module, simpy.Environment)):
            raise TypeError(f"module {name!r} belongs to an environment or another module, not to {parent!r}")
        self.name = name
        self.children: dict[str, Module] = {}
        self.sockets: list[Any] = []
        self.prim_channels: list[Any] = []  # the FIFOs and counts that are its own, as sc_prim_channel
        self.monitors = Monitors(self, self)  # for each hop from an initiator's socket here or inside
        self.elaborated = False
        self.processes = Processes()
        self.announced: dict[simpy.Process, Announced] = {}
        self._resumes_as = IDLE
        self._functions: list[ProcessFunction] | None = []  # None once they run
        self.parent = parent if isinstance(parent, Module) else None
        self.env = env_of(parent)
        self.probe = Probe(self.env)
        if self.parent is None:
            check_name(name)
            design_of(self.env).add(self)
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

    def ancestors(self) -> Iterator[Module]:
        """The modules around this one, the nearest first."""
        module = self.parent
        while module is not None:
            yield module
            module = module.parent

    def adopt(self, child: Module) -> None:
        """Take `child` into the hierarchy under its name, which must be new here."""
        self._name_is_free(child.name)
        self.children[child.name] = child

    def add_socket(self, socket: Any) -> None:
        """Take `socket` into the hierarchy under its name, which must be new here."""
        self._name_is_free(socket.name)
        self.sockets.append(socket)

    def add_prim_channel(self, channel: Any) -> None:
        """Take `channel` into the hierarchy under its name, where it has one, which must be new here."""
        if channel.name:
            check_name(channel.name, self.full_name)
            self._name_is_new(channel.name)
        self.prim_channels.append(channel)

    def _name_is_free(self, name: str) -> None:
        check_name(name, self.full_name)
        if self.elaborated:
            raise ElaborationError(f"{self.full_name}.{name}: created after elaboration, at {self.now} fs")
        self._name_is_new(name)

    def _name_is_new(self, name: str) -> None:
        if name in self.children or any(part.name == name for part in (*self.sockets, *self.prim_channels)):
            raise ElaborationError(f"{self.full_name}.{name}: the name is used twice")

    def process(self, function: ProcessFunction) -> None:
        """Run `function()`, a generator, as a SimPy process from elaboration on."""
        if not callable(function):
            raise TypeError(f"{self.full_name}: a process is a generator function, not {function!r}")
        if self._functions is None:
            self.processes.add(self.env.process(_generator(self, function)))
        else:
            self._functions.append(function)

    def wait(self, event: simpy.Event, reason: str, on: Party | None = None) -> Generator[simpy.Event, Any, Any]:
        """Wait for `event`: `item = yield from self.wait(self.input.get(), "input")`; gives its value.

        Meanwhile the probe says `reason`: work is in hand and cannot proceed. `on` is who has to bring the event about,
        where that is not a FIFO's, a count's or a resource's to know.
        """
        process = self.env.active_process
        if process is None:
            raise RuntimeError(f"{self.full_name}: wait is only allowed in a process, at {self.now} fs")
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
        """Elaborate all modules of the environment that are not yet; they run from here on."""
        design_of(self.env).elaborate()

    def start(self) -> None:
        """Start the processes that were given so far, the last step of elaboration."""
        functions, self._functions = self._functions or [], None
        for function in functions:
            self.process(function)

    def stop(self) -> None:
        """End the simulation, as sc_stop: `env.run()` returns once what is due in this instant has happened."""
        design_of(self.env).stop()

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

    def before_end_of_elaboration(self) -> None:
        """Hook: the last occasion to make modules and bind sockets."""

    def end_of_elaboration(self) -> None:
        """Hook: called once all sockets of the environment are bound, before any process starts."""

    def start_of_simulation(self) -> None:
        """Hook: called after the last of these, just before processes start."""

    def end_of_simulation(self) -> None:
        """Hook: called once, by `stop` or where `simulate` finds nothing left to happen."""


def _generator(module: Module, function: ProcessFunction) -> Generator[simpy.Event, Any, Any]:
    """What a process of `module` runs; TypeError where the function gives none."""
    generator = function()
    if not isinstance(generator, Generator):
        raise TypeError(f"{module.full_name}: a process is a generator function, not {function!r}")
    return generator


def env_of(parent: simpy.Environment | Module) -> simpy.Environment:
    """The environment of what is put into `parent`."""
    return parent.env if isinstance(parent, Module) else parent


def check_name(name: str, within: str = "") -> None:
    """Refuse a name that would make two full names alike, of a part of the module of that full name."""
    if not name or "." in name:
        raise ElaborationError(f"{name!r} cannot be a name{within and f' in {within}'}: it is empty or has a dot in it")
