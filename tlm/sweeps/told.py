"""What is told of a sweep: its points with what they came to, and the front of what is compared; as CSV and JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from .outcome import DONE, MEASURES, Outcome
from .pareto import front
from .points import Point

SCHEMA = "tlm-sweep/1"
NUMBERS = (*MEASURES, "wall_s")


@attrs.frozen
class Told:
    """The points, each with its outcome or, where it was not reached, None; the `front` of the measures `by`.

    `keys` are those that any point sets. `unmeasured` are done, but with one of `by` not known.
    """

    keys: tuple[str, ...]
    points: tuple[tuple[Point, Outcome | None], ...]
    by: tuple[str, ...] = ()
    front: tuple[int, ...] = ()
    unmeasured: tuple[int, ...] = ()

    @property
    def failed(self) -> list[tuple[Point, Outcome]]:
        """The points that ended otherwise than done."""
        return [(point, outcome) for point, outcome in self.points if outcome and outcome.status != DONE]

    def as_csv(self) -> str:
        """A header, and a line a point."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["point", *self.keys, "status", "message", *NUMBERS, *(["front"] if self.by else [])])
        for point, outcome in self.points:
            settings = [point.written(key) or "" for key in self.keys]
            row = [point.number, *settings, *_of(outcome).values()]
            writer.writerow([*row, *([str(point.number in self.front).lower()] if self.by else [])])
        return text.getvalue()

    def as_json(self) -> dict[str, Any]:
        """The document, as docs/sweep.md has it."""
        return {
            "schema": SCHEMA,
            "pareto": list(self.by),
            "front": list(self.front),
            "points": [
                {"point": point.number, "key": point.key, "settings": point.settings, **_of(outcome)}
                for point, outcome in self.points
            ],
        }


def told(keys: Sequence[str], points: Sequence[Point], known: Mapping[str, Outcome], by: Sequence[str]) -> Told:
    """What `known` says of `points`, by their keys."""
    pairs = tuple((point, known.get(point.key)) for point in points)
    if not by:
        return Told(tuple(keys), pairs)
    done = {point.number: outcome for point, outcome in pairs if outcome and outcome.status == DONE}
    measured = {number: costs for number, outcome in done.items() if (costs := outcome.costs(by)) is not None}
    unmeasured = tuple(number for number in done if number not in measured)
    return Told(tuple(keys), pairs, tuple(by), tuple(front(measured)), unmeasured)


def _of(outcome: Outcome | None) -> dict[str, Any]:
    return {name: getattr(outcome, name, None) for name in ("status", "message", *NUMBERS)}
