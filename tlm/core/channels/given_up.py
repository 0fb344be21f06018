"""Who waits for an event and who does so no longer: after an interrupt, or since another event came first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import simpy
from simpy.events import Condition


class Waiters(list[Callable[[Any], None]]):
    """An event's callbacks; `left` says that one has been taken out, as SimPy does where a process waits no longer."""

    left = False

    def remove(self, callback: Callable[[Any], None]) -> None:
        """Take `callback` out."""
        super().remove(callback)
        self.left = True


def given_up(event: simpy.Event) -> bool:
    """Whether nobody waits any more for `event`, whose callbacks are Waiters; false where nobody has waited yet."""
    waiters: Any = event.callbacks
    if not waiters:
        return bool(waiters.left)
    for waiter in waiters:
        owner = getattr(waiter, "__self__", None)
        if not (isinstance(owner, Condition) and owner.triggered):  # else its process goes on in this instant without
            return False
    return True
