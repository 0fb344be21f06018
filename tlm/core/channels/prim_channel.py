"""What FIFOs, counts, locks and events have in common: a place in the hierarchy, and who uses them."""

from __future__ import annotations

from collections.abc import Iterable
from operator import index
from typing import Any

import simpy

from ..errors import when
from ..kernel.module import Module, check_name, env_of


class PrimChannel:
    """A channel that processes share, as sc_prim_channel; `parent` is an environment or the module it belongs to.

    ElaborationError where its name has a dot, or is that of another part of the module; it may have none.
    """

    def __init__(self, parent: simpy.Environment | Module, name: str = "") -> None:
        self.parent = parent if isinstance(parent, Module) else None
        self.env = env_of(parent)
        self.name = name
        if self.parent is not None:
            self.parent.add_prim_channel(self)
        elif name:
            check_name(name)

    @property
    def full_name(self) -> str:
        """The name after the module's it belongs to; of one without a name, what it is."""
        name = self.name or type(self).__name__.lower()
        return name if self.parent is None else f"{self.parent.full_name}.{name}"

    def refused(self, what: str) -> str:
        """The message of an error: `what` about the channel, when, and in which process."""
        return f"{self.full_name} {what}, {when(self.env)}"

    def whole(self, delay: Any, what: str) -> int:
        """`delay` in fs, for which `what` happens; ValueError where it is negative or no whole number."""
        try:
            whole = index(delay)
        except TypeError:
            raise ValueError(self.refused(f"{what} {delay!r} fs from now, which is no whole number")) from None
        if whole < 0:
            raise ValueError(self.refused(f"{what} {-whole} fs before now"))
        return whole

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
