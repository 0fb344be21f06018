"""What components are doing, read from another thread while the simulation goes on: look, and disturb nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

import attrs

from ..core import BUSY, IDLE, Module, Rate
from ..result import Component
from ..system import rate_so_far

TRIES = 3
Value = TypeVar("Value")
Levels = dict[str, tuple[int, int]]
NONE: Levels = {}


@attrs.frozen
class Sample:
    """One component at one time: its state then, its time in each state until then (fs), its rate and levels.

    `state` is None where the run is over; `times` is empty for a mere container that has levels.
    """

    name: str
    kind: str
    at_fs: int
    state: str | None
    times: dict[str, int]
    rate: Rate | None = None
    levels: Levels = attrs.field(factory=dict)


def read_modules(modules: Iterable[Module]) -> list[Sample]:
    """A sample of every component, parents first; a container's levels are told by the component it is a part of."""
    samples: dict[str, Sample] = {}
    for module in modules:
        if module.kind:
            samples[module.full_name] = _component(module)
        elif levels := steady(module.levels, NONE):
            _add_levels(samples, module, levels)
    return list(samples.values())


def of_components(components: Iterable[Component]) -> list[Sample]:
    """The same from a result: the whole run, no state of now."""
    samples = []
    for part in components:
        times = {BUSY: part.busy_fs, **part.waiting_fs, IDLE: part.idle_fs}
        samples.append(Sample(part.name, part.kind, sum(times.values()), None, times, part.rate))
    return samples


def steady(read: Callable[[], Value], default: Value, good: Callable[[Value], bool] = lambda _value: True) -> Value:
    """What `read` gives, asked again where the simulation changed it meanwhile; `default` where it never gives any."""
    value = default
    for _ in range(TRIES):
        try:
            value = read()
        except Exception:  # a dict that grew while it was read, a user's hook that is not ready for it
            continue
        if good(value):
            break
    return value


def _component(module: Module) -> Sample:
    probe, at = module.probe, module.now
    times: dict[str, int] = {}

    def read() -> dict[str, int]:
        nonlocal at
        at = module.now
        return probe.totals(at)

    times = steady(read, times, lambda found: sum(found.values()) == at and min(found.values(), default=0) >= 0)
    return Sample(
        module.full_name,
        module.kind,
        at,
        probe.state,
        {state: time for state, time in times.items() if time > 0},
        steady(lambda: rate_so_far(module, times.get(BUSY, 0)), None),
        steady(module.levels, NONE),
    )


def _add_levels(samples: dict[str, Sample], module: Module, levels: Levels) -> None:
    owner = samples.get(module.parent.full_name) if module.parent is not None else None
    if owner is None:
        samples[module.full_name] = Sample(module.full_name, "", module.now, None, {}, None, levels)
    else:
        own = {f"{module.name} {name}": level for name, level in levels.items()}
        samples[owner.name] = attrs.evolve(owner, levels={**owner.levels, **own})
