"""A module that is made of functions, and a call at a time to come, for tests of several areas."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import simpy

from tlm.core import Module

Run = Generator[simpy.Event, Any, Any]


class Part(Module):
    """One process for each function given, its ports as attributes."""

    def __init__(self, parent: Module, name: str, *runs: Callable[[Any], Run], **ports: Any) -> None:
        super().__init__(parent, name)
        vars(self).update(ports)
        for run in runs:
            self.process(lambda run=run: run(self))


def later(env: simpy.Environment, delay_fs: int, function: Callable[..., object], *arguments: Any) -> None:
    """Call `function(*arguments)` in `delay_fs`: as a PEQ does it, but without any of the code under test."""
    env.timeout(delay_fs).callbacks.append(lambda _event: function(*arguments))
