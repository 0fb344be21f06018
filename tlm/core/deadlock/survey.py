"""What can be found from some modules of a system that has stopped: its processes, who owns them, who knows what."""

from __future__ import annotations

import inspect
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

import simpy
from simpy.resources.base import BaseResource, Get, Put

from ..channels.prim_channel import PrimChannel
from ..kernel.awaited import Awaited, waiters
from ..kernel.module import Module, Party

#: So many names are listed, then how many more there are.
LISTED = 3

#: Containers are looked into where they are no longer than this.
FEW = 1024


#: What a module has whatever it is: its parts are found by other ways.
OF_EVERY_MODULE = {"parent", "children", "sockets", "prim_channels", "processes", "announced"}

#: What leads on.
FOLLOWED = (Module, PrimChannel, BaseResource, simpy.Event)


class Frame(NamedTuple):
    """One generator of a process that waits: in whose code, the function, its local variables."""

    module: Module | None
    function: str
    variables: dict[str, Any]


class Survey:
    """All that `roots` lead to: parts, processes, and from these channels, resources, and who waits for them."""

    def __init__(self, roots: Iterable[Party]) -> None:
        self.modules: dict[Module, None] = {}
        self.processes: dict[simpy.Process, None] = {}
        self._owners: dict[simpy.Process, Module] = {}
        self._known: dict[int, list[tuple[Party, str]]] = {}
        self._seen: dict[int, object] = {}
        self._names: dict[simpy.Process, str] = {}
        self._left: deque[object] = deque(roots)
        while self._left:
            self._visit(self._left.popleft())

    def owner(self, process: simpy.Process) -> Module | None:
        """The module that started the process, or whose function it runs."""
        return self._owners.get(process)

    def of(self, module: Module) -> list[simpy.Process]:
        """A module's processes that have not ended."""
        return [process for process, owner in self._owners.items() if owner is module and process.is_alive]

    def holders(self, thing: object) -> dict[Party, None]:
        """Who has a reference to `thing`: modules, and processes of which a local variable is one."""
        return {holder: None for holder, _name in self._known.get(id(thing), ())}

    def tells(self, module: Module) -> bool:
        """Whether a module tells for itself whom it waits for; else its processes do."""
        return type(module).waits_for is not Module.waits_for

    def nodes(self, parties: Iterable[Party]) -> dict[Party, None]:
        """Each as what waits: a module that tells, in place of its processes; of one that does not, its processes."""
        nodes: dict[Party, None] = {}
        for party in parties:
            owner = self.owner(party) if isinstance(party, simpy.Process) else party
            if owner is not None and self.tells(owner):
                nodes[owner] = None
            elif isinstance(party, Module):
                own: list[Party] = [*self.of(party)]
                nodes.update(dict.fromkeys(own or [party]))
            else:
                nodes[party] = None
        return nodes

    def acts(self, node: Party) -> bool:
        """Whether a node can do something: a process that has not ended, a module that tells."""
        return self.tells(node) if isinstance(node, Module) else node.is_alive

    def names(self, parties: Iterable[Party]) -> str:
        """Their names, each once; of many the first."""
        return listed(list(dict.fromkeys(map(self.name, parties))))

    def name(self, party: Party) -> str:
        """A module's full name; a process' module, with the function where that has several; else its function."""
        if isinstance(party, Module):
            return party.full_name
        owner = self.owner(party)
        if owner is not None and len(self.of(owner)) < 2:
            return owner.full_name
        if not self._names:
            self._names = dict(self._numbered())
        return self._names[party]

    def name_of(self, thing: Any) -> str:
        """What a channel or resource is called: its own name, or that of the variable it is found in."""
        own = getattr(thing, "name", "")
        if own:
            return f"{thing.parent.full_name}.{own}" if thing.parent is not None else str(own)
        for holder, name in self._known.get(id(thing), ()):
            if name:
                return f"{holder.full_name}.{name}" if isinstance(holder, Module) else name
        return type(thing).__name__.lower()

    def _numbered(self) -> Iterator[tuple[simpy.Process, str]]:
        """Each process' name, with a number from the second of the same on."""
        many: Counter[str] = Counter()
        for process in self.processes:
            owner = self.owner(process)
            name = f"{owner.full_name} ({process.name})" if owner is not None else process.name
            many[name] += 1
            yield process, name if many[name] == 1 else f"{name} {many[name]}"

    def _visit(self, thing: object) -> None:
        if id(thing) in self._seen:
            return
        self._seen[id(thing)] = thing
        if isinstance(thing, Module):
            self._visit_module(thing)
        elif isinstance(thing, simpy.Process):
            self._visit_process(thing)
        elif isinstance(thing, simpy.Event):
            self._left += [*waiters(thing), *sources(thing)]
        elif isinstance(thing, PrimChannel):
            self._left += [*thing.users(), *thing.awaited()]
        elif isinstance(thing, BaseResource):
            self._left += requesters(thing)

    def _visit_module(self, module: Module) -> None:
        self.modules[module] = None
        for process in module.processes:
            self._owners[process] = module
        self._left += [*module.children.values(), *module.processes, *module.announced]
        self._left += [hop.target.owner for socket in module.sockets for hop in socket.hops]
        for channel in module.prim_channels:
            self._add(module, "", channel)
        for name, value in vars(module).items():
            if name not in OF_EVERY_MODULE:
                self._note(module, name, value)

    def _visit_process(self, process: simpy.Process) -> None:
        self.processes[process] = None
        stack = frames(process)
        if process not in self._owners and stack and stack[0].module is not None:
            self._owners[process] = stack[0].module
        for frame in stack:
            for name, value in frame.variables.items():
                self._note(process, name, value)
        self._left += [*waiters(process), *([process.target] if process.is_alive else ())]

    def _note(self, holder: Party, name: str, value: object) -> None:
        """`holder` has `value` under `name`: a part, a container of parts, or an object that has some as attributes."""
        for place, element in _elements(value):
            if isinstance(element, FOLLOWED):
                self._add(holder, name + place, element)
            else:
                for part, inner in _attributes(element):
                    if isinstance(inner, FOLLOWED):
                        self._add(holder, f"{name}{place}.{part}", inner)

    def _add(self, holder: Party, name: str, thing: object) -> None:
        self._known.setdefault(id(thing), []).append((holder, name))
        self._left.append(thing)


def frames(process: simpy.Process) -> list[Frame]:
    """Where a process is: its generator, and those it has gone into with `yield from`; none once it has ended."""
    stack, generator = [], getattr(process, "_generator", None)
    while inspect.isgenerator(generator) and generator.gi_frame is not None:
        variables = generator.gi_frame.f_locals
        self = variables.get("self")
        stack.append(Frame(self if isinstance(self, Module) else None, generator.__name__, variables))
        generator = generator.gi_yieldfrom
    return stack


def sources(event: simpy.Event) -> list[object]:
    """What an event that is waited for belongs to: a channel, a resource, the parts of a condition."""
    if isinstance(event, Awaited):
        return [event.source]
    if isinstance(event, (Put, Get)):
        return [event.resource]
    return list(event._events) if isinstance(event, simpy.events.Condition) else []


def requesters(resource: BaseResource[Any, Any]) -> list[simpy.Process]:
    """Who holds a simpy resource, and who waits for it."""
    requests = [*getattr(resource, "users", ()), *resource.put_queue, *resource.get_queue]
    return [request.proc for request in requests if request.proc is not None]


def listed(names: Sequence[str]) -> str:
    """The names; of many the first, and how many more."""
    more = len(names) - LISTED
    return ", ".join(names) if more <= 0 else f"{', '.join(names[:LISTED])} and {more} more"


def _attributes(value: object) -> Iterator[tuple[str, object]]:
    variables = getattr(value, "__dict__", None)
    if isinstance(variables, dict):
        yield from variables.items()
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            yield name, getattr(value, name, None)


def _elements(value: object) -> Iterable[tuple[str, object]]:
    if isinstance(value, dict):
        return [(f"[{key!r}]", element) for key, element in islice(value.items(), FEW)]
    if isinstance(value, (list, tuple, deque)):
        return [(f"[{place}]", element) for place, element in enumerate(islice(value, FEW))]
    return [("", value)]
