"""Curves in a line each: a block for every step, as high as its figure."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
from rich.console import Console, ConsoleOptions, RenderResult

from ..result import Curves
from .cells import GAP, Cell, Glyphs, cut, fit, glyphs_for, segments
from .quantities import printable

HEIGHTS = " ▁▂▃▄▅▆▇█"
ASCII_HEIGHTS = " .:-=+*#"
FOR_FIGURE, MOST_NAME = 6, 44


@attrs.frozen
class CurveChart:
    """The chart as a rich renderable: a line a series, its first and its last figure beside it."""

    curves: Curves

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(options.encoding)
        heights = HEIGHTS if options.encoding.lower().startswith("utf") else ASCII_HEIGHTS
        return segments(cut(line, options.max_width, glyphs.cut) for line in self.lines(heights, glyphs))

    def lines(self, heights: str, glyphs: Glyphs) -> Iterator[Cell]:
        """The title, and all series to one scale."""
        series = self.curves.series
        most = max((value for values in series.values() for value in values), default=0.0) or 1.0
        name = min(MOST_NAME, max((len(one) for one in series), default=0))
        steps = max((len(values) for values in series.values()), default=0)
        yield [(f"{self.curves.title} ({self.curves.unit}): step 1, each step, the last", "italic")]
        for one, values in series.items():
            drawn = "".join(heights[round(value / most * (len(heights) - 1))] for value in values)
            first, last = (f"{value:>{FOR_FIGURE}.1f}" for value in (values[0], values[-1]))
            label = fit([(printable(one), "")], name, glyphs.cut)
            yield [*label, (f"{GAP}{first}{GAP}", ""), (f"{drawn:{steps}}", "green"), (f"{GAP}{last}", "")]
        yield [(f"{heights[-1]} {most:.1f} {self.curves.unit}", "italic")]


def curve_chart(curves: Curves) -> CurveChart:
    """The chart of these."""
    return CurveChart(curves)
