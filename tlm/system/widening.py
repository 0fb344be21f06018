"""What should be widened? Each resource of a system doubled in turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import attrs

from ..inputs.errors import BadInput
from ..inputs.units import written
from ..memory.config import resolve
from ..memory.standards import IdealStandard, load_standard
from ..result import Result, Widening
from ..scenario import Scenario, varied
from ..workload.layer import Workload
from .run import run

Change = Callable[[Scenario], Scenario]

#: What is an accelerator's own: the resource, the part of its scenario and the field there.
_OF_A_MACHINE = (
    ("decompressors", "compression", "decompressors"),
    ("compressors", "compression", "compressors"),
    ("am", "accelerator", "am"),
    ("wm", "accelerator", "wm"),
    ("array clock", "accelerator", "clock"),
)


@attrs.frozen
class Wider:
    """A scenario with one resource doubled."""

    resource: str
    before: str
    after: str
    scenario: Scenario

    def gain(self, base: Result, wider: Result) -> Widening:
        """What it brought; its cycles are told in the clock of the run as it was."""
        cycles = round(wider.time_fs * base.cycles / base.time_fs)
        return Widening(self.resource, self.before, self.after, cycles, base.cycles - cycles)


def widened(scenario: Scenario) -> list[Wider]:
    """The scenario, unchecked, with each of its resources doubled: shared ones once, others for each accelerator.

    What is unlimited (an ideal memory), or at the most that a scenario may say, is left out.
    """
    scenario, found = varied(scenario, ["check=false"]), []
    for resource, before, unit, change in _changes(scenario):
        try:
            wider = change(scenario)
        except BadInput:  # beyond what the key may be
            continue
        found.append(Wider(resource, _text(before, unit), _text(2 * before, unit), wider))
    return found


def widen(options: Sequence[Wider], base: Result, workloads: Sequence[Workload] | None = None) -> Iterator[Widening]:
    """Run one after the other and tell what each gains over `base`; an interrupt is the end."""
    for option in options:
        result = run(option.scenario, workloads)
        if result.partial:
            return
        yield option.gain(base, result)


def ranked(result: Result) -> Result:
    """`result` with what gains most first."""
    return attrs.evolve(result, widen=sorted(result.widen, key=lambda one: -one.gained))


def _changes(scenario: Scenario) -> Iterator[tuple[str, Any, str | None, Change]]:
    """(resource, its value, its unit, how to double it) for everything that has a width."""
    yield from _of_memory(scenario)
    for number, one in enumerate(scenario.machines):
        prefix = f"{one.name}." if one.name else ""
        for resource, part, field in _OF_A_MACHINE:
            spec = getattr(one, part)
            yield prefix + resource, getattr(spec, field), _unit(spec, field), _doubling(number, part, field)


def _of_memory(scenario: Scenario) -> Iterator[tuple[str, Any, str | None, Change]]:
    memory = scenario.memory
    if not _is_ideal(scenario):
        channels = resolve(memory).organisation.channels
        yield "channels", channels, None, lambda whole: _with_memory(whole, channels=2 * channels)
    before, unit = memory.outstanding, _unit(memory, "outstanding")
    yield "outstanding", before, unit, lambda whole: _with_memory(whole, outstanding=2 * before)


def _is_ideal(scenario: Scenario) -> bool:
    return isinstance(load_standard(scenario.memory.standard), IdealStandard)


def _with_memory(scenario: Scenario, **fields: Any) -> Scenario:
    machines = [attrs.evolve(one, memory=attrs.evolve(one.memory, **fields)) for one in scenario.machines]
    if not _is_ideal(machines[0]):
        resolve(machines[0].memory)
    return attrs.evolve(machines[0], others=tuple(machines[1:]))


def _doubling(number: int, part: str, field: str) -> Change:
    """Double a field of one accelerator's part; the array's clock leaves the engines theirs."""

    def change(scenario: Scenario) -> Scenario:
        machines = list(scenario.machines)
        one = machines[number]
        spec = getattr(one, part)
        if field == "clock":
            engines = one.compression.clock or spec.clock
            one = attrs.evolve(one, compression=attrs.evolve(one.compression, clock=engines))
        machines[number] = attrs.evolve(one, **{part: attrs.evolve(spec, **{field: 2 * getattr(spec, field)})})
        return attrs.evolve(machines[0], others=tuple(machines[1:]))

    return change


def _unit(spec: Any, field: str) -> str | None:
    unit: str | None = attrs.fields_dict(type(spec))[field].metadata.get("unit")
    return unit


def _text(value: Any, unit: str | None) -> str:
    return written(value, unit) if unit else str(value)
