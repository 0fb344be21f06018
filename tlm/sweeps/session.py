"""One start of a grid: what is missing is run, and each point kept as it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import attrs

from .outcome import DONE, Outcome
from .points import Point, Points
from .store import Store
from .worker import failure

#: Runs points: gives each as it ends, with what it came to.
Run = Callable[[Iterable[Point]], Iterator[tuple[Point, Outcome]]]
#: Called for a phase that begins, with its name and its steps; and for each step that is done.
Phase = Callable[[str, int], None]
Advance = Callable[[], None]


@attrs.frozen
class Grid:
    """A sweep whose points are known: those listed, drawn or of a grid."""

    found: Points

    @property
    def points(self) -> Sequence[Point]:
        """All of them."""
        return self.found.all

    @property
    def said(self) -> str:
        """What is to be said of how many there are."""
        repeated = self.found.repeated
        return f", and {repeated:,} that come to the same scenario as another" if repeated else ""

    def run(self, store: Store, run: Run, retry: bool, phase: Phase, advance: Advance) -> int:
        """Run those that are missing in `store`, with `retry` also those that failed; how many there were."""
        store.number(self.points)
        todo = missing(self.points, store.outcomes(), retry)
        phase("running the points", len(todo))
        for point in todo:
            if point.fault is not None:
                store.add(point, failure(point.fault))
                advance()
        for point, outcome in run([point for point in todo if point.fault is None]):
            store.add(point, outcome)
            advance()
        return len(todo)


def missing(points: Sequence[Point], known: Mapping[str, Outcome], retry: bool) -> list[Point]:
    """The points that nothing is known of; with `retry` also those that failed."""
    return [point for point in points if point.key not in known or (retry and known[point.key].status != DONE)]
