"""What an event that is waited for says of itself: what it is, who has to act, whether work depends on it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import simpy
from simpy.events import Condition
from simpy.resources.base import Get, Put
from simpy.resources.container import ContainerGet, ContainerPut
from simpy.resources.resource import Request

from ..channels.mutex import Lock
from ..kernel.awaited import Awaited, Shared, waiters
from ..kernel.module import Answer, Module, Party
from .survey import Frame, Survey

#: Events that say nothing but are known by their type.
KNOWN = (Awaited, Put, Get, Condition, simpy.Process)


class Told(NamedTuple):
    """`what` is waited for, who of `on` has to act, `why` those; whether the waiter holds `work`, since when.

    `plain`: it is a bare event, and what it is for only the waiter could say.
    """

    what: str
    on: list[Party]
    why: str
    work: bool
    since_fs: int | None = None
    plain: bool = False


class Teller:
    """Tells of events that are waited for in a system."""

    def __init__(self, survey: Survey) -> None:
        self._survey = survey

    def tell(self, event: simpy.Event, owner: Module | None, called: Frame | None) -> Told:
        """Of an event that a process waits for; `owner` is its module, `called` another one's code that it is in."""
        if isinstance(event, Shared):
            return self._shared(event)
        if isinstance(event, Request):
            return self._request(event)
        if isinstance(event, Lock):
            return self._lock(event)
        if isinstance(event, (Put, Get)):
            return self._resource(event)
        if isinstance(event, Condition):
            return self._condition(event, owner, called)
        return self._single(event, owner, called)

    def _single(self, event: simpy.Event, owner: Module | None, called: Frame | None) -> Told:
        if isinstance(event, simpy.Process):
            return Told(f"the end of {self._survey.name(event)}", [event], "", True)
        if isinstance(event, Answer):
            return Told(event.label, [event.source], "", True, event.since_fs)
        if called is not None and called.module is not None:
            returns = f"{called.module.full_name}.{called.function} to return"
            return Told(returns, [called.module], "", True, plain=True)
        holders = self._holders(event, owner)
        why = f"{self._survey.names(holders)} has it" if holders else "nobody is known to bring it about"
        return Told("an event", holders, why, False, plain=True)

    def _shared(self, event: Shared) -> Told:
        what, (acts, acted, done) = event.what(self._survey.name_of(event.source)), event.verb
        actors = event.actors()
        alive: list[Party] = [process for process in actors if process.is_alive]
        if alive:
            return Told(what, alive, f"{self._survey.names(alive)} {acts}", event.holds_work, event.since_fs)
        ended: list[Party] = [*actors]
        others = self._others(event.source, event.idlers())
        reasons = [f"{self._survey.names(ended)}, which {acted}, has ended"] if ended else []
        reasons += [f"{self._survey.names(others)} has not {done} yet"] if others else []
        why = "; ".join(reasons) or f"nobody {acts}"
        return Told(what, others or ended, why, event.holds_work, event.since_fs)

    def _request(self, event: Request) -> Told:
        users = [(user.proc, user.usage_since) for user in event.resource.users if user.proc is not None]
        return self._held(f"resource {self._survey.name_of(event.resource)!r}", users)

    def _lock(self, event: Lock) -> Told:
        mutex = event.source
        owners = [] if mutex.owner is None else [(mutex.owner, mutex.owned_since_fs)]
        return self._held(event.what(self._survey.name_of(mutex)), owners, event.since_fs)

    def _held(self, what: str, holders: Sequence[tuple[simpy.Process, Any]], since_fs: int | None = None) -> Told:
        """Of what only those can give who hold it, since when."""
        held = ", ".join(f"{self._survey.name(holder)} since {since:,} fs" for holder, since in holders)
        ended = [f"{self._survey.name(holder)} has ended" for holder, _ in holders if not holder.is_alive]
        why = "; ".join([f"held by {held or 'nobody known'}", *ended])
        return Told(what, [holder for holder, _ in holders], why, True, since_fs)

    def _resource(self, event: Put[Any] | Get[Any]) -> Told:
        """A simpy Store or Container: these do not say who puts and gets; who has a reference may."""
        resource, puts = event.resource, isinstance(event, Put)
        kind = f"{type(resource).__name__.lower()} {self._survey.name_of(resource)!r}"
        what = f"room in {kind}" if puts else f"an item of {kind}"
        if isinstance(event, (ContainerPut, ContainerGet)):
            what = f"room for {event.amount} in {kind}" if puts else f"{event.amount} of {kind}"
            what += f" (it has {resource.level} of {resource.capacity})"
        queue = resource.put_queue if puts else resource.get_queue
        others = self._others(resource, [request.proc for request in queue if request.proc is not None])
        verb = "take from it" if puts else "put into it"
        why = f"{self._survey.names(others)} may {verb}" if others else f"nobody else has it, to {verb}"
        return Told(what, others, why, puts or isinstance(event, ContainerGet))

    def _condition(self, event: Condition, owner: Module | None, called: Frame | None) -> Told:
        missing = [part for part in event._events if not part.triggered]
        parts = [self.tell(part, owner, called) for part in missing]
        both = event._evaluate is Condition.all_events
        what = (" and " if both else " or ").join(dict.fromkeys(part.what for part in parts))
        come = len(event._events) - len(missing)
        if come:
            what += f" ({come} of {len(event._events)} events came)"
        on = dict.fromkeys(party for part in parts for party in part.on)
        why = "; ".join(dict.fromkeys(part.why for part in parts if part.why))
        times = [part.since_fs for part in parts if part.since_fs is not None]
        work = come > 0 or any(part.work for part in parts)
        return Told(what, list(on), why, work, min(times, default=None))

    def _others(self, thing: object, but: Iterable[simpy.Process]) -> list[Party]:
        """Who has a reference to `thing` and can do something: not those in `but`."""
        excluded = set(but)
        holders = self._survey.nodes(self._survey.holders(thing))
        return [party for party in holders if party not in excluded and self._survey.acts(party)]

    def _holders(self, event: simpy.Event, owner: Module | None) -> list[Party]:
        """Who has a bare event and may trigger it; of the waiter's own module, only who waits for something known."""
        others = [party for party in self._others(event, waiters(event)) if not self._waits_too(party, owner)]
        if others:
            return others
        holders = self._survey.nodes(self._survey.holders(event))
        return [party for party in holders if isinstance(party, Module) and party is not owner]

    def _waits_too(self, party: Party, owner: Module | None) -> bool:
        if isinstance(party, Module):
            return party is owner
        return self._survey.owner(party) is owner is not None and not isinstance(party.target, KNOWN)
