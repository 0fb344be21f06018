"""The points of a sweep as scenarios: each loaded, checked and known by a key of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs

from tlm import __version__
from tlm.inputs.errors import BadInput
from tlm.inputs.located import Faults, located
from tlm.scenario import Scenario, load, resolved, scenario_file, varied
from tlm.scenario.contents import Contents, Digests

from .spec import Settings, Sweep


@attrs.frozen
class Point:
    """One point: what it sets, and the scenario that comes to; `fault` is what keeps it from being run.

    `contents` is what the files say that the scenario names. `key` is the same for the same resolved scenario, the same
    contents and the same version of this program.
    """

    number: int
    key: str
    settings: Settings
    scenario: Scenario | None = None
    contents: Digests = attrs.field(factory=dict)
    fault: Exception | None = None

    def written(self, key: str) -> str | None:
        """A setting as it is written in a sweep; None where the point does not set it."""
        if key not in self.settings:
            return None
        value = self.settings[key]
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@attrs.frozen
class Points:
    """The points of a sweep, numbered from 1; `repeated` is how many come to a scenario that another has too."""

    all: tuple[Point, ...]
    repeated: int


@attrs.frozen
class Reader:
    """Reads the points of `sweep`: each its scenario changed, as far as that can be."""

    sweep: Sweep
    base: Scenario
    contents: Contents = attrs.field(factory=Contents)

    @classmethod
    def of(cls, sweep: Sweep) -> Reader:
        """BadInput where the scenario itself cannot be read."""
        try:
            file = scenario_file(sweep.scenario, sweep.file.parent)
        except BadInput as error:
            raise located(error, ("scenario",), sweep.tree.place_of(("scenario",))) from None
        return cls(sweep, load(str(file)))

    def point(self, settings: Settings, number: int) -> Point:
        """The point that sets these, its workload captured."""
        try:
            scenario = self.changed(settings, settings)
        except BadInput as fault:
            return Point(number, _key({"scenario": resolved(self.base), "set": settings}), settings, fault=fault)
        document = {"scenario": resolved(scenario)}
        try:
            found = self.contents.of(scenario)
        except Exception as fault:  # whatever a library or a user's code raises while the workload is captured
            return Point(number, _key(document), settings, scenario, fault=fault)
        return Point(number, _key({**document, "contents": found}), settings, scenario, found)

    def changed(self, settings: Settings, within: Settings) -> Scenario:
        """The scenario with `settings`, some of the point `within`, laid over it as `--set` does, in order."""
        sets = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
        return varied(self.base, sets, [self.sweep.place(within, key) for key in settings])


def points_of(sweep: Sweep, loaded: Callable[[], None] = lambda: None) -> Points:
    """Every point of `sweep`, their workloads captured; `loaded` is called after each.

    What only some combinations make impossible is its points' fault. A value that is wrong by itself, and in every
    point that has it, is the sweep file's: BadInput.
    """
    reader = Reader.of(sweep)
    found: dict[str, Point] = {}
    tried = []
    for settings in sweep.points:
        tried.append(reader.point(settings, len(found) + 1))
        found.setdefault(tried[-1].key, tried[-1])
        loaded()
    raise_faults(_wrong_by_themselves(reader, tried))
    return Points(tuple(found.values()), sweep.repeated + len(tried) - len(found))


def raise_faults(found: Iterable[BadInput]) -> None:
    """All of them as one, each once; nothing where there are none."""
    wrong = {str(fault): fault for error in found for fault in (error.faults if isinstance(error, Faults) else [error])}
    if wrong:
        raise Faults(wrong.values())


def _key(document: dict[str, Any]) -> str:
    text = json.dumps({"version": __version__, **document}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _wrong_by_themselves(reader: Reader, points: Sequence[Point]) -> Iterator[BadInput]:
    """The faults of single values that no point can have."""
    seen: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        for key, value in point.settings.items():
            seen.setdefault((key, repr(value)), []).append(point)
    for (key, _), having in seen.items():
        if any(point.scenario is not None for point in having):
            continue
        first = having[0].settings
        try:
            reader.changed({key: first[key]}, first)
        except BadInput as error:
            yield error
