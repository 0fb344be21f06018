"""Events that know what they stand for, so that a system that has stopped can say who waits for whom."""

from __future__ import annotations

import simpy

#: So many processes are remembered before those that have ended are dropped.
MANY = 32


class Processes(dict[simpy.Process, None]):
    """Processes that did something, in order of their first time; those that ended are dropped as they get many."""

    def __init__(self) -> None:
        super().__init__()
        self._limit = MANY

    def add(self, process: simpy.Process | None) -> None:
        """Remember `process`, where there is one that is not known yet."""
        if process is None or process in self:
            return
        if len(self) >= self._limit:
            for ended in [known for known in self if not known.is_alive]:
                del self[ended]
            self._limit = max(MANY, 2 * len(self))
        self[process] = None


class Awaited(simpy.Event):
    """An event that some process has to bring about; `source` is what made it."""

    _ok = True  # once for all; fail() says otherwise

    def __init__(self, env: simpy.Environment, source: object) -> None:
        self.env = env  # as simpy's own events do: one call less for each wait
        self.callbacks = []
        self.source = source
        self._since_fs: float | None = env._now

    @property
    def holds_work(self) -> bool:
        """Whether whoever waits has work in hand: a put holds an item, a get may be a server with nothing to do."""
        return False

    @property
    def since_fs(self) -> int | None:
        """When it was asked for; None where several asked at different times."""
        return None if self._since_fs is None else int(self._since_fs)

    def what(self, name: str) -> str:
        """What is waited for, where the source is called `name`."""
        raise NotImplementedError


class Shared(Awaited):
    """What anybody may bring about who has a reference to the channel.

    `actors` did it before; `idlers` are who cannot do it, since they wait for the same or are on the other side. The
    verb comes in three forms: "takes from it", "took from it", "taken from it".
    """

    @property
    def verb(self) -> tuple[str, str, str]:
        """What they do and did, and what the others have not done yet."""
        raise NotImplementedError

    def actors(self) -> list[simpy.Process]:
        """Who did before what is waited for."""
        raise NotImplementedError

    def idlers(self) -> list[simpy.Process]:
        """Who cannot do it."""
        raise NotImplementedError


def waiters(event: simpy.Event) -> list[simpy.Process]:
    """The processes that go on when `event` happens, directly or through events that it brings about."""
    found: list[simpy.Process] = []
    for callback in event.callbacks or ():
        owner = getattr(callback, "__self__", None)
        if isinstance(owner, simpy.Process):
            found.append(owner)
        elif isinstance(owner, simpy.Event) and owner is not event:
            found += waiters(owner)
    return found
