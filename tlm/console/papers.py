"""A paper's figures beside the model's: a table for each place, a chart of bars, and the same tables for a page."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import attrs
from rich import box
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from ..result import Row
from .cells import GAP, Cell, Glyphs, cut, fit, glyphs_for, segments, stacked

HEADS = ("quantity", "network", "published", "model", "ratio", "inputs")
NONE = "-"
MODEL, PUBLISHED = "green", "bright_black"
FOR_VALUE, MOST_NAME = 7, 18
MOST_NAMED = 12  # networks before a note


def paper_table(rows: Sequence[Row]) -> Table:
    """The rows of one place of a paper."""
    table = Table(title=Text(rows[0].where), box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for head in HEADS:
        table.add_column(head, justify="right" if head in ("published", "model", "ratio") else "left")
    for _, same in groupby(rows, lambda row: row.measure):
        for index, row in enumerate(same):
            table.add_row(*map(Text, ("" if index else _named(row), *_cells(row))))
    return table


def paper_notes(rows: Iterable[Row]) -> list[str]:
    """What is to be known of the rows of one place, each note once, with the networks that it is of.

    Of many networks that are not all, the quantities are named.
    """
    rows = list(rows)
    having: dict[str, list[Row]] = {}
    for row in rows:
        for note in row.notes:
            having.setdefault(note, []).append(row)
    every = {row.network for row in rows}
    return [_of_whom(of, every) + note for note, of in having.items()]


def _of_whom(rows: Sequence[Row], every: Collection[str]) -> str:
    """Before a note: nothing, where it is of all networks."""
    networks = dict.fromkeys(row.network for row in rows)
    if set(networks) == set(every):
        return ""
    names = networks if len(networks) <= MOST_NAMED else dict.fromkeys(row.measure for row in rows)
    return f"{', '.join(names)}: "


def paper_page(rows: Sequence[Row], pictures: Mapping[str, str]) -> Iterator[str]:
    """The lines of a page: a heading, a table and its notes for each place, and its picture's file, if any."""
    for where, found in groupby(rows, lambda row: row.where):
        of = list(found)
        yield from (f"## {where.capitalize()}", "", f"| {' | '.join(HEADS)} |", "|---|---|--:|--:|--:|---|")
        for _, same in groupby(of, lambda row: row.measure):
            for index, row in enumerate(same):
                yield f"| {' | '.join(('' if index else _named(row), *_cells(row)))} |"
        yield ""
        for note in paper_notes(of):
            yield f"- {note}"
        yield ""
        if where in pictures:
            yield from (f"![{where}]({pictures[where]})", "")


@attrs.frozen
class BarChart:
    """A block for each quantity, a bar for each network; behind it the published figure, where it can be read."""

    rows: Sequence[Row]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        glyphs = glyphs_for(options.encoding)
        return segments(cut(line, options.max_width, glyphs.cut) for line in self.lines(options.max_width, glyphs))

    def lines(self, width: int, glyphs: Glyphs) -> Iterator[Cell]:
        """A heading and bars, all of one unit to one scale."""
        most: dict[str, float] = {}
        for row in self.rows:
            most[row.unit] = max(most.get(row.unit, 0.0), row.model or 0.0, row.published or 0.0)
        name = min(MOST_NAME, max(len(row.network) for row in self.rows))
        room = max(1, width - name - 2 * FOR_VALUE - 4)
        for _, same in groupby(self.rows, lambda row: row.measure):
            for index, row in enumerate(same):
                if not index:
                    yield [(_named(row), "bold")]
                if row.model is not None:
                    yield _bar(row, most[row.unit] or 1, name, room, glyphs)
        yield [(f"{glyphs.busy} model  {glyphs.waiting} published, where it can be read", "italic")]


def _bar(row: Row, most: float, name: int, room: int, glyphs: Glyphs) -> Cell:
    """The model's bar; as far as the published one reaches beyond it, that one's."""
    model, published = row.model or 0.0, row.published or 0.0
    beyond = max(0.0, published - model)
    bar = stacked([(model / most, glyphs.busy, MODEL), (beyond / most, glyphs.waiting, PUBLISHED)], room)
    label = fit([(row.network, "")], name, glyphs.cut)
    told = f"{figure(row.model):>{FOR_VALUE}} {figure(row.published):>{FOR_VALUE}}"
    return [*label, (GAP, ""), (told, ""), (GAP, ""), *bar]


def _named(row: Row) -> str:
    return f"{row.measure} ({row.unit})"


def _cells(row: Row) -> tuple[str, ...]:
    return (row.network, figure(row.published), figure(row.model), figure(row.ratio), row.inputs)


def figure(value: float | None) -> str:
    """In a few digits."""
    return NONE if value is None else f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"
