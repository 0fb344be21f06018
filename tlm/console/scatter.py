"""Points over a logarithmic axis, of a paper's figure or of a sweep: those that no other beats stand out."""

from __future__ import annotations

import math
from collections.abc import Container, Iterator, Sequence
from itertools import groupby

import attrs
from rich.console import Console, ConsoleOptions, RenderResult

from ..result import Row
from .cells import Cell, Glyphs, cut, glyphs_for, segments
from .papers import figure

HEIGHT, AXIS = 18, 8  # lines of a panel; columns left of it, at least
BEST, OTHER = "bold green", "bright_black"
MARKS = {BEST: "*", OTHER: "o"}
MOST_LABEL = 12  # columns kept free on the right


@attrs.frozen
class Point:
    """A point with its name, which may be empty; `x` above 0."""

    name: str
    x: float
    y: float


@attrs.frozen
class ScatterChart:
    """Two panels, the model's points and the published ones: along x the figures `xs`, less is better, along y `ys`."""

    xs: Sequence[Row]
    ys: Sequence[Row]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(options.encoding)
        return segments(cut(line, options.max_width, glyphs.cut) for line in self.lines(options.max_width, glyphs))

    def lines(self, width: int, glyphs: Glyphs) -> Iterator[Cell]:
        """The panels, one under the other."""
        for title, points in (("model", self._points("model")), ("published", self._points("published"))):
            if points:
                yield [(f"{title}: {self.ys[0].measure} ({self.ys[0].unit})", "bold")]
                yield from panel(points, frontier(points), width, glyphs)
                yield [(f"{self.xs[0].measure} ({self.xs[0].unit})".rjust(width), "")]
        text = f"{MARKS[BEST]} no other point is better in both, {MARKS[OTHER]} another is"
        yield [(text, "italic")]

    def _points(self, of: str) -> list[Point]:
        """Those that are there in both directions."""
        heights = {row.network: getattr(row, of) for row in self.ys}
        both = ((row.network, getattr(row, of), heights.get(row.network)) for row in self.xs)
        return [Point(name, x, y) for name, x, y in both if x is not None and y is not None]


def frontier(points: Sequence[Point]) -> set[str]:
    """The names of those that no other beats: none takes less and reaches as much, or as little and reaches more."""
    return {
        one.name
        for one in points
        if not any(two.x <= one.x and two.y >= one.y and (two.x, two.y) != (one.x, one.y) for two in points)
    }


def panel(points: Sequence[Point], best: Container[str], width: int, glyphs: Glyphs) -> Iterator[Cell]:
    """The points, the axes at their left and below them; those that are called as one of `best` stand out."""
    low, high = _span([point.y for point in points])
    scale = {line: figure(high - line * (high - low) / (HEIGHT - 1)) for line in range(0, HEIGHT, 4)}
    axis = max(AXIS, *(len(told) + 2 for told in scale.values()))
    room = max(2, width - axis - MOST_LABEL)
    left, right = _span([math.log10(point.x) for point in points])
    canvas: list[list[tuple[str, str]]] = [[(" ", "")] * max(room, width - axis) for _ in range(HEIGHT)]
    lines = [round((high - point.y) / (high - low) * (HEIGHT - 1)) for point in points]
    columns = [round((math.log10(point.x) - left) / (right - left) * (room - 1)) for point in points]
    places = list(zip(lines, columns, strict=True))
    styles = [BEST if point.name in best else OTHER for point in points]
    for (line, column), style in sorted(zip(places, styles, strict=True), key=lambda drawn: drawn[1] == BEST):
        canvas[line][column] = (MARKS[style], style)
    for point, (line, column), style in zip(points, places, styles, strict=True):
        _label(canvas, line, column, point.name, style)
    for line, cells in enumerate(canvas):
        yield [(f"{scale.get(line, ''):>{axis - 2}} ", ""), ("|", ""), *_joined(cells)]
    yield [(" " * axis + glyphs.left * (width - axis), "")]
    yield [(" " * axis + _ticks(left, right, room), "")]


def _joined(cells: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Neighbours of one style as one piece."""
    for style, run in groupby(cells, lambda cell: cell[1]):
        yield "".join(text for text, _ in run), style


def _label(canvas: list[list[tuple[str, str]]], line: int, column: int, name: str, style: str) -> None:
    """The name beside its mark, or on a line next to it, where nothing is yet."""
    for row in (line, line - 1, line + 1):
        for start in (column + 2, column - len(name) - 1):
            fits = 0 <= row < len(canvas) and start > 0 and start + len(name) <= len(canvas[0])
            if fits and all(text == " " for text, _ in canvas[row][start - 1 : start + len(name) + 1]):
                canvas[row][start : start + len(name)] = [(letter, style) for letter in name]
                return


def _ticks(left: float, right: float, room: int) -> str:
    """The figures under the axis: 1, 2 and 5 of each power of ten."""
    text = [" "] * (room + MOST_LABEL)
    for value in (step * 10.0**power for power in range(math.floor(left), math.ceil(right) + 1) for step in (1, 2, 5)):
        place = round((math.log10(value) - left) / (right - left) * (room - 1))
        told = f"{value:g}"
        if 0 <= place < room and all(part == " " for part in text[max(0, place - 1) : place + len(told) + 1]):
            text[place : place + len(told)] = told
    return "".join(text)


def _span(values: Sequence[float]) -> tuple[float, float]:
    """From the least to the largest; not empty."""
    low, high = min(values), max(values)
    return (low, high) if high > low else (low - 0.5, high + 0.5)
