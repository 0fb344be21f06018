"""Where each layer's cycles went: a bar a layer, as long as it took, of the array's cycles and of each stall's."""

from __future__ import annotations

import string
from collections.abc import Iterable, Sequence

import attrs
from rich.console import Console, ConsoleOptions, RenderResult

from ..result import ARRAY, MARKS, REASONS, LayerResult, Result
from .cells import GAP, Cell, Glyphs, cut, fit, glyphs_for, segments, stacked
from .quantities import named, percent, printable, title

INK = "#000000"
OTHER = "bright_black"
MOST_NAME = 24


@attrs.frozen
class StallChart:
    """The chart as a rich renderable, as wide as it is asked to be; a layer no array time is known for has stalls."""

    layers: Sequence[LayerResult]
    title: str

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(options.encoding)
        return segments(cut(line, options.max_width, glyphs.cut) for line in self.lines(options.max_width, glyphs))

    def lines(self, width: int, glyphs: Glyphs) -> list[Cell]:
        """A title, a line a layer, and what the letters stand for."""
        names = [named(layer.accelerator, layer.name) for layer in self.layers]
        counts = [f"{layer.cycles:,}" for layer in self.layers]
        for_name = min(MOST_NAME, max(map(len, names), default=0))
        for_count = max(map(len, counts), default=0)
        room = max(4, width - for_name - for_count - 2)
        longest = max((layer.cycles for layer in self.layers), default=0)
        marks = marks_of(self.layers, glyphs)
        lines: list[Cell] = [[(self.title, "italic")]]
        for layer, name, count in zip(self.layers, names, counts, strict=True):
            length = max(1, round(layer.cycles / longest * room)) if layer.cycles else 0
            bar = stacked([(share, *marks[reason]) for reason, share in parts(layer)], length)
            begin = fit([(name, "bold")], for_name, glyphs.cut)
            number = fit([(count, "")], for_count, glyphs.cut, right=True)
            lines.append([*begin, (GAP, ""), *number, (GAP, ""), *bar])
        return [*lines, *legend(self.layers, marks, width)]


def stall_chart(result: Result) -> StallChart:
    """The chart of a run's layers."""
    return StallChart(result.layers, title("Cycles of each layer, and what they went to", partial=result.partial))


def parts(layer: LayerResult) -> list[tuple[str, float]]:
    """(what, share of the layer's cycles): the array, then stalls in the order of the documented list."""
    if not layer.cycles:
        return []
    order = {reason: place for place, reason in enumerate(REASONS)}
    stalls = sorted(layer.stalls.items(), key=lambda item: order.get(item[0], len(order)))
    counted = [(ARRAY, layer.compute_cycles or 0), *stalls]
    return [(what, count / layer.cycles) for what, count in counted if count]


def marks_of(layers: Iterable[LayerResult], glyphs: Glyphs) -> dict[str, tuple[str, str]]:
    """Each reason's letter and style; those without one of their own get the next that is free."""
    marks = {what: (mark.letter or glyphs.busy, f"{INK} on {mark.terminal}") for what, mark in MARKS.items()}
    marks[ARRAY] = (glyphs.busy, MARKS[ARRAY].terminal)
    taken = {letter for letter, _ in marks.values()}
    free = (letter for letter in string.ascii_lowercase + string.digits if letter not in taken)
    for reason in sorted({reason for layer in layers for reason in layer.stalls} - set(marks)):
        marks[reason] = (next(free, "?"), f"{INK} on {OTHER}")
    return marks


def legend(layers: Sequence[LayerResult], marks: dict[str, tuple[str, str]], width: int) -> list[Cell]:
    """What was found, the largest first, with its share of all cycles, in as many lines as it takes."""
    cycles: dict[str, float] = {}
    for layer in layers:
        for what, share in parts(layer):
            cycles[what] = cycles.get(what, 0) + share * layer.cycles
    whole = sum(layer.cycles for layer in layers)
    lines: list[Cell] = [[]]
    used = 0
    for what, count in sorted(cycles.items(), key=lambda item: -item[1]):
        text = f" {printable(what)} {percent(count / whole)}"
        if used and used + len(text) + 4 > width:
            lines.append([])
            used = 0
        lines[-1] += [("   " if used else "", ""), marks[what], (text, "")]
        used += len(text) + 4
    return lines
