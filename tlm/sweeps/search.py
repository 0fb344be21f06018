"""A search: points are chosen by what the earlier ones came to, and kept in the store as those of a grid are."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from tlm.inputs.errors import BadInput

from .axes import Draw
from .outcome import DONE, Outcome
from .points import Point, Reader, raise_faults
from .session import Advance, Phase, Run
from .spec import Settings, Sweep
from .store import Store
from .study import Study
from .worker import failure


class Search:
    """The search of `sweep`: `points` are those there are, numbered in the order in which they were tried.

    BadInput where the scenario cannot be read, or where no value of an axis is one that its key can have.
    """

    def __init__(self, sweep: Sweep) -> None:
        assert sweep.search is not None
        self.trials = sweep.search.trials
        self.points: list[Point] = []
        self._sweep = sweep
        self._reader = Reader.of(sweep)
        self.base = self._reader.base
        self._study = Study(sweep)
        self._keys: set[str] = set()
        self._settings: set[str] = set()
        raise_faults(self._wrong_axes())

    @property
    def said(self) -> str:
        """What is to be said of how many there are."""
        return f" of {self.trials:,}" if len(self.points) < self.trials else ""

    def run(self, store: Store, run: Run, retry: bool, phase: Phase, advance: Advance) -> int:
        """Go on from what is in `store`, with `retry` running again what failed there; how many points were run."""
        phase("searching", self.trials)
        again = self._resumed(store, retry, advance)
        before = len(self.points) - len(again)

        def ended(point: Point, outcome: Outcome) -> None:
            store.add(point, outcome)
            self._study.tell(point.settings, outcome)
            advance()

        def able() -> Iterator[Point]:
            for point in chain(again, self._asked()):
                if point.fault is None:
                    yield point
                else:
                    ended(point, failure(point.fault))

        for point, outcome in run(able()):
            ended(point, outcome)
        return len(self.points) - before

    def _resumed(self, store: Store, retry: bool, advance: Advance) -> list[Point]:
        """Take what `store` has of these axes, of the same scenario and files; what of it is to run again."""
        known = store.outcomes()
        again = []
        for key, settings in store.settings().items():
            point = self._known(key, settings) if len(self.points) < self.trials else None
            if point is None:
                continue
            self._add(point)
            if retry and known[key].status != DONE:
                again.append(point)
            else:
                self._study.tell(settings, known[key])
                advance()
        store.number(self.points)
        return again

    def _known(self, key: str, settings: Settings) -> Point | None:
        """The point of that key in the store, where it is one of this search."""
        if self._sweep.excludes(settings) or not self._study.fits(settings):
            return None
        point = self._reader.point(settings, len(self.points) + 1)
        return point if point.key == key else None

    def _asked(self) -> Iterator[Point]:
        while len(self.points) < self.trials:
            settings = self._study.ask(len(self.points), self._is_new)
            if settings is None:
                return
            point = self._reader.point(settings, len(self.points) + 1)
            if point.key in self._keys:  # in other words what there is
                self._study.drop(settings)
                self._settings.add(repr(settings))
                continue
            self._add(point)
            yield point

    def _is_new(self, settings: Settings) -> bool:
        return repr(settings) not in self._settings and not self._sweep.excludes(settings)

    def _add(self, point: Point) -> None:
        self.points.append(point)
        self._keys.add(point.key)
        self._settings.add(repr(point.settings))

    def _wrong_axes(self) -> Iterator[BadInput]:
        """Why an axis has no value that its key can have by itself: of the first one, for each such axis."""
        for key, axis in self._sweep.axes.items():
            faults = [self._fault(key, value) for value in (axis.ends() if isinstance(axis, Draw) else axis)]
            if faults[0] is not None and None not in faults:
                yield faults[0]

    def _fault(self, key: str, value: object) -> BadInput | None:
        try:
            self._reader.changed({key: value}, {key: value})
        except BadInput as error:
            return error
        return None
