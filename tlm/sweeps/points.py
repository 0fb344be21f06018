"""The points of a sweep as scenarios: each loaded, checked and known by a key of its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
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


@attrs.frozen
class Points:
    """The points of a sweep, numbered from 1; `repeated` is how many come to a scenario that another has too."""

    all: tuple[Point, ...]
    repeated: int


def points_of(sweep: Sweep, loaded: Callable[[], None] = lambda: None) -> Points:
    """Every point of `sweep`, their workloads captured; `loaded` is called after each.

    What only some combinations make impossible is its points' fault. A value that is wrong by itself, and in every
    point that has it, is the sweep file's: BadInput.
    """
    base, contents = _base(sweep), Contents()
    found: dict[str, Point] = {}
    tried = []
    for settings in sweep.points:
        tried.append(_point(sweep, base, contents, settings, len(found) + 1))
        found.setdefault(tried[-1].key, tried[-1])
        loaded()
    wrong = {str(fault): fault for fault in _wrong_by_themselves(sweep, base, tried)}
    if wrong:
        raise Faults(wrong.values())
    return Points(tuple(found.values()), sweep.repeated + len(tried) - len(found))


def _base(sweep: Sweep) -> Scenario:
    try:
        file = scenario_file(sweep.scenario, sweep.file.parent)
    except BadInput as error:
        raise located(error, ("scenario",), sweep.tree.place_of(("scenario",))) from None
    return load(str(file))


def _point(sweep: Sweep, base: Scenario, contents: Contents, settings: Settings, number: int) -> Point:
    try:
        scenario = _changed(sweep, base, settings, settings)
    except BadInput as fault:
        return Point(number, _key({"scenario": resolved(base), "set": settings}), settings, fault=fault)
    document = {"scenario": resolved(scenario)}
    try:
        found = contents.of(scenario)
    except Exception as fault:  # whatever a library or a user's code raises while the workload is captured
        return Point(number, _key(document), settings, scenario, fault=fault)
    return Point(number, _key({**document, "contents": found}), settings, scenario, found)


def _changed(sweep: Sweep, base: Scenario, settings: Settings, within: Settings) -> Scenario:
    """`base` with `settings`, some of the point `within`, laid over it as `--set` does, in order."""
    sets = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in settings.items()]
    return varied(base, sets, [sweep.place(within, key) for key in settings])


def _key(document: dict[str, Any]) -> str:
    text = json.dumps({"version": __version__, **document}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _wrong_by_themselves(sweep: Sweep, base: Scenario, points: Sequence[Point]) -> Iterator[BadInput]:
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
            _changed(sweep, base, {key: first[key]}, first)
        except BadInput as error:
            yield from error.faults if isinstance(error, Faults) else [error]
