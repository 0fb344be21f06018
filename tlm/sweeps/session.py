"""One start of a sweep: what is missing is run, and each point kept as it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence

from tlm.scenario import resolved
from tlm.scenario.captured import workload_of

from .outcome import DONE, Outcome
from .points import Point
from .store import Store
from .worker import failure, run_points

#: Called for a phase that begins, with its name and its steps; and for each step that is done.
Phase = Callable[[str, int], None]
Advance = Callable[[], None]


def missing(points: Sequence[Point], known: Mapping[str, Outcome], retry: bool) -> list[Point]:
    """The points that nothing is known of; with `retry` also those that failed."""
    return [point for point in points if point.key not in known or (retry and known[point.key].status != DONE)]


def run_missing(points: Sequence[Point], store: Store, jobs: int, phase: Phase, advance: Advance) -> None:
    """Run `points`, `jobs` at once; each is in `store` once it has ended."""
    able = []
    for point in points:
        if point.fault is None:
            able.append(point)
        else:
            store.add(point, failure(point.fault))
    groups = _by_workload(able)
    phase("reading the workloads", len(groups))
    ready: set[str] = set()
    for group in groups:
        for point, outcome in _captured(group):
            if outcome is None:
                ready.add(point.key)
            else:
                store.add(point, outcome)
        advance()
    able = [point for point in able if point.key in ready]
    phase("running the points", len(able))
    for point, outcome in run_points(able, jobs):
        store.add(point, outcome)
        advance()


def _by_workload(points: Sequence[Point]) -> list[list[Point]]:
    """The points that run the same workloads together."""
    groups: dict[str, list[Point]] = {}
    for point in points:
        assert point.scenario is not None
        document = resolved(point.scenario)
        accelerators = document["accelerator"] if point.scenario.name is not None else [document]
        name = json.dumps([one["workload"] for one in accelerators])
        groups.setdefault(name, []).append(point)
    return list(groups.values())


def _captured(group: Sequence[Point]) -> Iterator[tuple[Point, Outcome | None]]:
    """Capture what all of `group` run, once, into the cache from where their processes take it; what fails, for all."""
    failed = None
    assert group[0].scenario is not None
    try:
        for one in group[0].scenario.machines:
            workload_of(one)
    except Exception as error:
        failed = failure(error)
    yield from ((point, failed) for point in group)
