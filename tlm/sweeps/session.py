"""One start of a sweep: what is missing is run, and each point kept as it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from .outcome import DONE, Outcome
from .points import Point
from .store import Store
from .worker import failure

#: Runs points: gives each as it ends, with what it came to.
Run = Callable[[Iterable[Point]], Iterator[tuple[Point, Outcome]]]
#: Called for each point that is there.
Advance = Callable[[], None]


def missing(points: Sequence[Point], known: Mapping[str, Outcome], retry: bool) -> list[Point]:
    """The points that nothing is known of; with `retry` also those that failed."""
    return [point for point in points if point.key not in known or (retry and known[point.key].status != DONE)]


def run_missing(points: Sequence[Point], store: Store, run: Run, advance: Advance) -> None:
    """Run `points` by `run`; each is in `store` once it has ended."""
    for point in points:
        if point.fault is not None:
            store.add(point, failure(point.fault))
            advance()
    for point, outcome in run([point for point in points if point.fault is None]):
        store.add(point, outcome)
        advance()
