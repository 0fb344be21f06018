"""The wait-for graph of a system: who waits for whom, for what, since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import attrs
import simpy

from ..kernel.awaited import Awaited
from ..kernel.module import Announced, Module, Party
from ..kernel.probe import BUSY, IDLE
from ..kernel.scheduling import next_event_time
from .survey import Frame, Survey, frames, listed
from .told import Teller, Told


@attrs.frozen(eq=False)
class Wait:
    """`waiter`, called `name`, waits for `what` since `since_fs` (None: not recorded) until one of `on` acts.

    `on`, called `whom`, is empty where nobody will; `why` says how those come into it. `work`: the waiter has work in
    hand, which is what makes a system that has stopped a deadlock; a server that waits for something to do has none.
    A waiter is a module that tells for itself, or else a process; what has ended, or is idle, waits for nothing
    (`what` is empty). `state` is said before the wait, where it is not what the wait makes of it.
    """

    waiter: Party
    name: str
    what: str = ""
    on: tuple[Party, ...] = ()
    whom: tuple[str, ...] = ()
    why: str = ""
    since_fs: int | None = None
    work: bool = True
    state: str = ""

    def __str__(self) -> str:
        since = "" if self.since_fs is None else f" since {self.since_fs:,} fs"
        if not self.what:
            return f"{self.name} {self.state}{since}" + (f" ({self.why})" if self.why else "")
        waits = f"{self.state}{since} and waits" if self.state else f"waits{since}"
        return f"{self.name} {waits} for {self.what} ({self.why or listed(self.whom) or 'nobody'})"

    def first(self, party: Party) -> Wait:
        """The same, with `party` named first among those it waits for."""
        pairs = sorted(zip(self.on, self.whom, strict=True), key=lambda pair: pair[0] is not party)
        return attrs.evolve(self, on=tuple(one for one, _ in pairs), whom=tuple(name for _, name in pairs))


def waits(*roots: Party) -> list[Wait]:
    """Who waits for whom in all that `roots` (modules, or processes that belong to none) lead to."""
    return WaitForGraph(roots).all


class WaitForGraph:
    """The graph: `all` its waits, and those `of` a module or process, as they are when it is made."""

    def __init__(self, roots: Iterable[Party]) -> None:
        self._survey = Survey(roots)
        self._teller = Teller(self._survey)
        found = [*self._of_modules(), *self._of_processes()]
        self.all = [self._resolved(wait) for wait in found]
        self._of: dict[Party, list[Wait]] = {}
        for wait in self.all:
            self._of.setdefault(wait.waiter, []).append(wait)

    def of(self, waiter: Party) -> list[Wait]:
        """The waits of one module or process."""
        return self._of.get(waiter, [])

    def end(self, party: Party) -> Wait:
        """For one that waits for nothing: what it is in instead."""
        name = self._survey.name(party)
        if isinstance(party, simpy.Process):
            return Wait(party, name, state="goes on" if party.is_alive else "has ended", work=False)
        state, since = party.probe.lasting()
        return Wait(party, name, state=f"is {state}", since_fs=since, work=False)

    def _resolved(self, wait: Wait) -> Wait:
        on = tuple(self._survey.nodes(wait.on))
        return attrs.evolve(wait, on=on, whom=tuple(map(self._survey.name, on)))

    # --- modules ---------------------------------------------------------------------------------------------------

    def _of_modules(self) -> Iterator[Wait]:
        for module in self._survey.modules:
            found = list(self._of_hook(module)) if self._survey.tells(module) else []
            yield from found
            if not found and module.probe.state != IDLE and self._is_stuck(module):
                yield self._stuck(module)

    def _of_hook(self, module: Module) -> Iterator[Wait]:
        """What a module tells for itself; where that is nothing, what its processes wait for that is known."""
        needs: dict[str, list[Party]] = {}
        for who, what in module.waits_for():
            needs.setdefault(what, []).extend(() if who is None else (who,))
        state, since = "is busy" if module.probe.state == BUSY else "", self._since(module)
        work = module.probe.state != IDLE
        for what, on in needs.items():
            yield Wait(module, module.full_name, what, tuple(on), since_fs=since, work=work, state=state)
        if not needs:
            for wait in map(self._of_process, _hanging(self._survey.of(module))):
                if wait.on or wait.work:
                    yield attrs.evolve(wait, waiter=module, name=module.full_name)

    def _since(self, module: Module) -> int | None:
        """Since when a module waits: its one process may know better than its probe."""
        processes = self._survey.of(module)
        event = processes[0].target if len(processes) == 1 else None
        return event.since_fs if isinstance(event, Awaited) else module.probe.lasting()[1]

    def _is_stuck(self, module: Module) -> bool:
        """Whether nothing that is known here will end a module's state."""
        if next_event_time(module.env) is not None or module.announced:
            return False
        return self._survey.tells(module) or not self._survey.of(module)

    def _stuck(self, module: Module) -> Wait:
        state, since = module.probe.lasting()
        why = "" if self._survey.of(module) else "none of its processes is left"
        if state == BUSY:
            return Wait(module, module.full_name, why=why, since_fs=since, state="is busy")
        return Wait(module, module.full_name, state, why=why, since_fs=since)

    # --- processes -------------------------------------------------------------------------------------------------

    def _of_processes(self) -> Iterator[Wait]:
        for process in _hanging(self._survey.processes):
            owner = self._survey.owner(process)
            if owner is None or not self._survey.tells(owner):
                yield self._of_process(process)

    def _of_process(self, process: simpy.Process) -> Wait:
        owner, stack = self._survey.owner(process), frames(process)
        called = stack[-1] if stack and stack[-1].module not in (None, owner) else None
        told = self._teller.tell(process.target, owner, called)
        wait = Wait(process, self._survey.name(process), _what(told, called), tuple(told.on), why=told.why)
        announced = _announced(process, [*(frame.module for frame in stack), owner])
        if announced is not None:
            return _with_reason(wait, told, announced)
        wait = attrs.evolve(wait, since_fs=told.since_fs, work=told.work or _in_transaction(stack, owner))
        if owner is None or owner.announced or owner.probe.state == IDLE:
            return wait if wait.work else attrs.evolve(wait, state="is idle")
        return _in_state(wait, told, owner)


def _hanging(processes: Iterable[simpy.Process]) -> list[simpy.Process]:
    """Those that go on only after something that has not been brought about."""
    return [process for process in processes if process.is_alive and not process.target.triggered]


def _what(told: Told, called: Frame | None) -> str:
    if called is None or called.module is None or told.plain:
        return told.what
    return f"{told.what}, in {called.module.full_name}.{called.function},"


def _with_reason(wait: Wait, told: Told, announced: Announced) -> Wait:
    """A wait whose process said what it is for."""
    what = announced.reason if told.plain else f"{announced.reason}: {wait.what}"
    on, why = (wait.on, wait.why) if announced.on is None else ((announced.on,), "")
    return attrs.evolve(wait, what=what, on=on, why=why, since_fs=announced.since_fs)


def _in_state(wait: Wait, told: Told, owner: Module) -> Wait:
    """A wait whose process says nothing: its module's state, which is not idle, does."""
    state, since = owner.probe.lasting()
    if state != BUSY:
        what = state if told.plain else f"{state}: {wait.what}"
        since = since if told.since_fs is None else told.since_fs
        return attrs.evolve(wait, what=what, since_fs=since, work=True)
    if told.since_fs is not None:
        return attrs.evolve(wait, work=True)
    return attrs.evolve(wait, since_fs=since, work=True, state="is busy")


def _announced(process: simpy.Process, modules: Iterable[Module | None]) -> Announced | None:
    """What the process said it waits for, in the module that it is in."""
    found = (module.announced.get(process) for module in modules if module is not None)
    return next((announced for announced in found if announced is not None), None)


def _in_transaction(stack: list[Frame], owner: Module | None) -> bool:
    """Whether a target of some transaction holds the process."""
    return any(
        getattr(socket.callbacks.get("b_transport"), "__name__", None) == frame.function
        for frame in stack
        if frame.module is not None and frame.module is not owner
        for socket in frame.module.sockets
    )
