"""What FIFOs, counts, locks and events have in common: a place in the hierarchy, and who uses them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import simpy

from .module import Module


class PrimChannel:
    """A channel that processes share, as sc_prim_channel; `parent` is an environment or the module it belongs to."""

    def __init__(self, parent: simpy.Environment | Module, name: str = "") -> None:
        self.parent = parent if isinstance(parent, Module) else None
        self.env: simpy.Environment = parent.env if isinstance(parent, Module) else parent
        self.name = name
        if self.parent is not None:
            self.parent.prim_channels.append(self)

    @property
    def full_name(self) -> str:
        """The name after the module's it belongs to; of one without a name, what it is."""
        name = self.name or type(self).__name__.lower()
        return name if self.parent is None else f"{self.parent.full_name}.{name}"

    def refused(self, what: str) -> str:
        """The message of an error: `what` about the channel, when, and in which process."""
        process = self.env.active_process
        running = "" if process is None else f", in process {process.name}"
        return f"{self.full_name} {what}, at {self.env.now} fs{running}"

    def users(self) -> Iterable[simpy.Process]:
        """The processes that did something with it, for a message about who waits for whom."""
        return ()

    def awaited(self) -> Iterable[simpy.Event]:
        """What is waited for, and has not come."""
        return ()


class Done(simpy.Event):
    """An event that has happened already, with `value`: who waits for it goes on at once, and nothing is scheduled."""

    callbacks = None  # type: ignore[assignment]  # as SimPy leaves an event that it has processed
    _ok = True

    def __init__(self, env: simpy.Environment, value: Any = None) -> None:
        self.env = env
        self._value = value
