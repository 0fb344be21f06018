"""The front of a sweep, drawn: every point by two of its measures."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from rich.console import Console, ConsoleOptions, RenderResult

from ..sweeps.outcome import DONE, MEASURES
from ..sweeps.told import Told
from .cells import Cell, Glyphs, cut, glyphs_for, segments
from .scatter import BEST, MARKS, OTHER, Point, panel

#: How an axis calls each measure, and what of it is one there.
AXES = {
    "cycles": ("cycles", 1.0),
    "time_fs": ("time, us", 1e-9),
    "energy_j": ("energy, uJ", 1e6),
    "area_mm2": ("area, mm2", 1.0),
    "offchip_bytes": ("off-chip, KiB", 1 / 1024),
    "images_per_s": ("images/s", 1.0),
}
MORE = " (more is better)"


def front_chart(told: Told) -> FrontChart | None:
    """The points by the first two measures of the front; None where there are not two, or nothing to draw."""
    if len(told.by) < 2:
        return None
    done = [(point.number, outcome) for point, outcome in told.points if outcome and outcome.status == DONE]
    measured = [(number, [outcome.measure(name) for name in told.by[:2]]) for number, outcome in done]
    known = {number: (x, y) for number, (x, y) in measured if x is not None and y is not None}
    names = (told.by[0], told.by[1])
    if any(x <= 0 for x, _ in known.values()):  # no logarithm: nothing was moved off chip
        names, known = names[::-1], {number: (y, x) for number, (x, y) in known.items()}
    return FrontChart(names, known, frozenset(told.front)) if known else None


@attrs.frozen
class FrontChart:
    """`points`, (along, up) by number; `names` are the two measures, `front` the numbers of those that stand out."""

    names: tuple[str, str]
    points: dict[int, tuple[float, float]]
    front: frozenset[int]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(options.encoding)
        return segments(cut(line, options.max_width, glyphs.cut) for line in self.lines(options.max_width, glyphs))

    def lines(self, width: int, glyphs: Glyphs) -> Iterator[Cell]:
        """The panel between the names of its axes; the front's points have their numbers."""
        (along, per_x), (up, per_y) = (AXES[name] for name in self.names)
        along, up = (
            text + (MORE if MEASURES[name] else "") for text, name in zip((along, up), self.names, strict=True)
        )
        points = [
            Point(str(number) if number in self.front else "", x * per_x, y * per_y)
            for number, (x, y) in self.points.items()
        ]
        yield [(up, "bold")]
        yield from panel(points, {str(number) for number in self.front}, width, glyphs)
        yield [(along.rjust(width), "")]
        yield [(f"{MARKS[BEST]} on the front, {MARKS[OTHER]} not", "italic")]
