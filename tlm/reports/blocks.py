"""What sections are made of: tables, charts, notes and folds, as data; templates say how they look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

#: A Plotly figure, `data` and `layout`, as JSON.
Figure = dict[str, Any]
Value = float | int | str | bool | None


@attrs.frozen
class Column:
    """A column: its `title`, what it is (`define` names a definition), its unit, and whether it is read as words."""

    title: str
    define: str | None = None
    unit: str = ""
    words: bool = False


@attrs.frozen
class Cell:
    """What a cell shows, and the `value` of the document that it is of, as it is there."""

    text: str
    value: Value = None
    long: bool = False  # broken into lines
    order: float | None = None  # by what it is sorted, where that is not its value


@attrs.frozen
class Row:
    """A line of a table, its first cell the line's head; `define` where it is the line that says what figures are."""

    cells: Sequence[Cell]
    define: str | None = None
    unit: str = ""


@attrs.frozen
class Table:
    """A table: its name, its columns and rows; all are sortable by column where `sortable`."""

    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    sortable: bool = True
    of_points: bool = False  # each row is a point of a sweep: charts of the same sweep mark it


@attrs.frozen
class Key:
    """A legend's entry: `traces` are the places in the figure's data that it shows and hides."""

    label: str
    define: str | None
    colour: str
    traces: Sequence[int] = ()
    letter: str = ""


@attrs.frozen
class Choice:
    """One way to see a chart: its label, what it changes of the layout and, of each trace, of the `data`."""

    label: str
    layout: Mapping[str, Any]
    data: Mapping[str, Sequence[Any]] | None = None


@attrs.frozen
class Chart:
    """A figure with its `title`, what it shows in a sentence, its legend, and the table of the same figures.

    `choices` are ways to see it, the first one at first. `axes` is what the script needs for other measures on them;
    `width_px` is the least it needs, else it scrolls; a `wide` one takes a line of its own.
    """

    name: str
    title: str
    says: str
    figure: Figure
    height_px: int
    keys: Sequence[Key] = ()
    choices: Sequence[Choice] = ()
    axes: Mapping[str, Any] | None = None
    width_px: int = 0
    wide: bool = False
    table: Table | None = None


@attrs.frozen
class Fact:
    """A figure to be seen first: what it is, and what it comes to."""

    title: str
    define: str
    cell: Cell


@attrs.frozen
class Facts:
    """The figures of a run to be seen first."""

    facts: Sequence[Fact]


@attrs.frozen
class Note:
    """A line of text; `kind` is "note", "warning" or "good"."""

    text: str
    kind: str = "note"


@attrs.frozen
class Fold:
    """Something behind a title, to be unfolded: text as it is, or blocks."""

    title: str
    text: str = ""
    blocks: Sequence[Block] = ()


@attrs.frozen
class Panes:
    """The same of several runs, side by side: (name of the run, its blocks)."""

    panes: Sequence[tuple[str, Sequence[Block]]]


Block = Table | Chart | Facts | Note | Fold | Panes


@attrs.frozen
class Section:
    """A part of the page, under its title."""

    name: str
    title: str
    lead: str
    blocks: Sequence[Block]
