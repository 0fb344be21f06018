"""Events that can be waited for again and again, with at most one notification pending, as sc_event."""

from __future__ import annotations

from collections.abc import Iterator

import simpy
from simpy.events import NORMAL, PENDING, URGENT

from ..kernel.awaited import Processes, Shared, waiters
from ..kernel.module import Module
from ..kernel.scheduling import LAST, unschedule
from .prim_channel import PrimChannel


class Notified(PrimChannel):
    """What is notified for all who wait then, and waited for again: what `Event` and `PeqWithGet` share.

    All wait for the same SimPy event, the occurrence, which a notification schedules. `notifiers` are the processes
    that have notified, for a message about who waits for whom.
    """

    #: What is waited for, in words.
    noun = ""

    def __init__(self, parent: simpy.Environment | Module, name: str = "") -> None:
        super().__init__(parent, name)
        self.notifiers = Processes()
        self._occurrence: Occurrence | None = None
        self._due_fs: float | None = None

    def wait(self, timeout: int | None = None) -> simpy.Event:
        """What fires with the next notification, also one that is pending; `|` and `&` combine it with others.

        With a `timeout` (fs) it fires then at the latest; its value is True if the notification came, else False. A
        notification at that very time counts, whichever of the two was asked for first. ValueError where `timeout` is
        negative or no whole number.
        """
        if timeout is not None:
            timeout = self.whole(timeout, "is waited for until")
        occurrence = self._occurrence
        if occurrence is None:
            occurrence = self._occurrence = Occurrence(self.env, self)
        elif occurrence._since_fs != self.env._now:
            occurrence._since_fs = None if len(occurrence.callbacks) > 1 else self.env._now  # the first is its own
        return occurrence if timeout is None else TimedWait(occurrence, timeout)

    def users(self) -> Iterator[simpy.Process]:
        """Those who have notified."""
        return iter(self.notifiers)

    def awaited(self) -> Iterator[simpy.Event]:
        """The next occurrence, where somebody asked for it."""
        return iter(() if self._occurrence is None else (self._occurrence,))

    def _notify_now(self) -> None:
        """Wake who waits already, in this instant; a pending notification is cancelled."""
        if self._occurrence is not None:
            self._cancel()
            self._occurrence._value = None
            # Ahead of what comes in this instant besides, delta notifications too: these are for the next evaluation.
            self.env.schedule(self._occurrence, URGENT)
            self._occurrence = None

    def _notify_in(self, delay: int) -> None:
        """Wake who waits then, `delay` fs from now; where one is pending, the earlier counts."""
        if delay.__class__ is not int or delay < 0:
            delay = self.whole(delay, "is notified")
        due = self.env._now + delay
        if self._due_fs is not None:
            if self._due_fs <= due:
                return
            self._cancel()
        if self._occurrence is None:
            self._occurrence = Occurrence(self.env, self)
        self._occurrence._value = None
        self._due_fs = due
        self.env.schedule(self._occurrence, NORMAL, delay)

    def _cancel(self) -> None:
        """Drop the pending notification, if any; who waits goes on waiting."""
        if self._due_fs is not None and self._occurrence is not None:
            unschedule(self._occurrence)
            self._occurrence._value = PENDING
            self._due_fs = None

    def _came(self, occurrence: simpy.Event) -> None:
        """The next to wait waits for the next notification."""
        if occurrence is self._occurrence:  # an immediate one has left already
            self._occurrence = self._due_fs = None


class Event(Notified):
    """An event that has no value and does not last: a notification that nobody waits for is lost.

    At most one is pending: an earlier one overrides a later one.
    """

    noun = "event"

    def notify(self, delay: int | None = None) -> None:
        """Wake all who wait `delay` fs from now.

        With 0 it is a delta notification: later in this instant, also for those who begin to wait until then. Without
        a delay it is immediate: for those who wait already. ValueError where it is negative or no whole number.
        """
        self.notifiers.add(self.env._active_proc)
        if delay is None:
            self._notify_now()
        else:
            self._notify_in(delay)

    def cancel(self) -> None:
        """Drop the pending notification, if any."""
        self._cancel()


class Occurrence(Shared):
    """The next time that something is notified."""

    verb = ("notifies it", "notified it", "notified it")
    source: Notified

    def __init__(self, env: simpy.Environment, source: Notified) -> None:
        super().__init__(env, source)
        self.callbacks.append(source._came)

    def what(self, name: str) -> str:
        """The event."""
        return f"{self.source.noun} {name!r}"

    def actors(self) -> list[simpy.Process]:
        """Those who have notified, and do not wait themselves."""
        idlers = self.idlers()
        return [process for process in self.source.notifiers if process not in idlers]

    def idlers(self) -> list[simpy.Process]:
        """Those who wait."""
        return waiters(self)


class TimedWait(simpy.Event):
    """Fires with True when `occurrence` comes, else with False after `timeout` fs; it is its own timer."""

    def __init__(self, occurrence: Occurrence, timeout: int) -> None:
        super().__init__(occurrence.env)
        self._occurrence = occurrence
        self._ok, self._value = True, False
        self.callbacks.append(self._over)
        occurrence.callbacks.append(self._came)
        # After all else of an instant: who waits until a time for what comes at that time does not wait in vain.
        self.env.schedule(self, LAST, timeout)  # type: ignore[arg-type]

    def _came(self, _occurrence: simpy.Event) -> None:
        unschedule(self)
        self._value = True
        self.env.schedule(self, URGENT)  # next, as those go on now that wait without a timeout

    def _over(self, _self: simpy.Event) -> None:
        if not self._value:
            self._occurrence.callbacks.remove(self._came)
