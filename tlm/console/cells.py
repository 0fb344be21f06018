"""Cells of a row: text with a style, and a stacked bar that reads without colour too."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import attrs
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style

from ..core import BUSY, IDLE
from .quantities import level_of, percent, printable, rate_of
from .rows import Row

#: Pieces of text, each with a rich style.
Cell = list[tuple[str, str]]

GAP = " "
EMPTY: Cell = [("", "")]
STYLES = {BUSY: "green", IDLE: "bright_black"}
WAITING = "yellow"


@attrs.frozen
class Glyphs:
    """The characters of bars and marks."""

    busy: str
    waiting: str
    idle: str
    times: str
    done: str
    left: str
    cut: str

    def of(self, state: str) -> str:
        """The mark of a state."""
        return {BUSY: self.busy, IDLE: self.idle}.get(state, self.waiting)


UNICODE = Glyphs("█", "▒", "·", "×", "━", "─", "…")  # noqa: RUF001 - a times sign is meant
ASCII = Glyphs("#", "=", ".", "x", "#", "-", "~")


def glyphs_for(encoding: str) -> Glyphs:
    """The characters that a terminal of that encoding can show."""
    return UNICODE if encoding.lower().startswith("utf") else ASCII


@attrs.frozen
class Column:
    """One column: its `width`, and how far it may grow; of columns that do not all fit, the lowest `rank` stays."""

    title: str
    width: int
    rank: int
    cell: Callable[[Row, Glyphs, int], Cell]
    right: bool = False
    most: int = 0

    def drawn(self, row: Row, glyphs: Glyphs) -> Cell:
        """Its cell of `row`, as wide as the column."""
        return fit(self.cell(row, glyphs, self.width), self.width, glyphs.cut, right=self.right)


def fitted(columns: list[Column], width: int) -> list[Column]:
    """Those columns, a blank apart, that fit into `width`, grown into what is left."""
    chosen = list(columns)
    while len(chosen) > 1 and total(chosen) > width:
        chosen.remove(max(chosen, key=lambda column: column.rank))
    left = width - total(chosen)
    for index, column in enumerate(chosen):
        more = max(0, min(left, column.most - column.width))
        chosen[index] = attrs.evolve(column, width=column.width + more)
        left -= more
    return chosen


def total(columns: list[Column]) -> int:
    """The width of columns, a blank apart."""
    return sum(column.width for column in columns) + len(columns) - 1


def fit(cell: Cell, width: int, mark: str, *, right: bool = False) -> Cell:
    """`cell` in exactly `width`: padded, or cut off with `mark`; a bar is as wide as it was asked to be."""
    if len(cell) != 1:
        return cell
    text, style = printable(cell[0][0]), cell[0][1]
    blank = " " * (width - cell_len(text))
    return cut([(blank + text if right else text + blank, style)], width, mark)


def cut(line: Cell, width: int, mark: str) -> Cell:
    """`line` where it fits into `width`; else what does, and `mark`."""
    if sum(cell_len(text) for text, _ in line) <= width:
        return line
    kept: Cell = []
    left = width - cell_len(mark)
    for text, style in line:
        kept.append((set_cell_size(text, min(cell_len(text), left)), style))
        left -= cell_len(kept[-1][0])
    return [*kept, (mark, "")]


def segments(lines: Iterable[Cell]) -> Iterator[Segment]:
    """Lines as rich draws them."""
    for line in lines:
        for text, style in line:
            yield Segment(text, Style.parse(style))
        yield Segment.line()


def stacked(parts: list[tuple[float, str, str]], width: int) -> Cell:
    """A bar of (share, glyph, style) parts: each ends where the shares up to it do, so that they tile it."""
    cell, done, place = [], 0.0, 0
    for share, glyph, style in parts:
        done += share
        end = min(width, int(done * width + 0.5))
        if end > place:
            cell.append((glyph * (end - place), style))
            place = end
    return [*cell, (" " * (width - place), "")]


def shares(row: Row, glyphs: Glyphs, width: int) -> Cell:
    """Busy, waiting and idle, of all the time so far."""
    if not row.total_fs:
        return [(" " * width, "")]
    busy, waiting = row.share(BUSY), row.waiting
    return stacked(
        [
            (busy, glyphs.busy, STYLES[BUSY]),
            (waiting, glyphs.waiting, WAITING),
            (1 - busy - waiting, glyphs.idle, STYLES[IDLE]),
        ],
        width,
    )


def label(row: Row, _glyphs: Glyphs, _width: int) -> Cell:
    """The component's name."""
    return [(row.label, "bold")]


def count(row: Row, glyphs: Glyphs, _width: int) -> Cell:
    """How many there are, where they are several."""
    return [(f"{glyphs.times}{len(row.samples)}" if len(row.samples) > 1 else "", "bright_black")]


def lately(row: Row, glyphs: Glyphs, width: int) -> Cell:
    """What it was mostly doing since the frame before, and how much of that time."""
    if row.lately is None:
        return EMPTY
    state, share = row.lately
    text = f"{glyphs.of(state)} {state}"
    long = f"{text} {percent(share)}"
    return [(long if share < 1 and cell_len(long) <= width else text, STYLES.get(state, WAITING))]


def share_of(state: str) -> Callable[[Row, Glyphs, int], Cell]:
    """A column's cell: the share of its time in `state`."""
    return lambda row, _glyphs, _width: _percent(row, row.share(state), STYLES[state])


def waiting(row: Row, _glyphs: Glyphs, _width: int) -> Cell:
    """The share of its time in which it waited."""
    return _percent(row, row.waiting, WAITING)


def busiest(row: Row, _glyphs: Glyphs, _width: int) -> Cell:
    """The share of busy time of the busiest of several."""
    return _percent(row, row.busiest, STYLES[BUSY]) if len(row.samples) > 1 else EMPTY


def _percent(row: Row, share: float, style: str) -> Cell:
    return [(percent(share), style if share else STYLES[IDLE])] if row.total_fs else EMPTY


def longest_wait(row: Row, _glyphs: Glyphs, _width: int) -> Cell:
    """What it waited for most so far."""
    if row.longest_wait is None:
        return EMPTY
    reason, share = row.longest_wait
    return [(f"{reason} {percent(share)}", WAITING)]


def rate_lately(row: Row, _glyphs: Glyphs, _width: int) -> Cell:
    """How fast things went through it since the frame before."""
    if row.rate is None or row.rate_lately is None:
        return EMPTY
    return [(rate_of(row.rate_lately, float("inf"), row.rate.unit), "")]


def rate_so_far(row: Row, _glyphs: Glyphs, _width: int) -> Cell:
    """How fast from the beginning, against its peak."""
    if row.rate is None:
        return EMPTY
    return [(rate_of(row.rate_so_far, row.rate.peak_per_s, row.rate.unit), "cyan")]


def levels(row: Row, _glyphs: Glyphs, width: int) -> Cell:
    """How full its buffers are: in words where these fit, else in numbers and units."""
    found = row.levels.items()
    text = ", ".join(level_of(name, *level) for name, level in found)
    if cell_len(text) > width:
        text = ", ".join(level_of(name, *level, words=False) for name, level in found)
    return [(text, "magenta")]


def flow(row: Row, glyphs: Glyphs, width: int) -> Cell:
    """Its rate or, where it has none, how full it is."""
    return rate_so_far(row, glyphs, width) if row.rate is not None else levels(row, glyphs, width)


def columns_of(rows: list[Row], width: int, *, live: bool) -> list[Column]:
    """The columns of a table of `rows` that fit into `width`; those of the present only where it is `live`."""
    name = max([len("component"), *(cell_len(printable(row.label)) for row in rows)])
    several = max((len(str(len(row.samples))) + 1 for row in rows if len(row.samples) > 1), default=0)
    has_levels = any(row.levels for row in rows)
    columns = [
        Column("component", min(name, 24), 0, label),
        *([Column("", several, 1, count, right=True)] if several else []),
        *([Column("now mostly", 15, 2, lately, most=20)] if live else []),
        Column("so far" if live else "time", 10, 3, shares, most=32),
        Column("busy", 4, 4, share_of(BUSY), right=True),
        *([Column("max", 4, 6, busiest, right=True)] if several else []),
        Column("wait", 4, 7, waiting, right=True),
        Column("idle", 4, 9, share_of(IDLE), right=True),
        Column("waited most for", 23, 8, longest_wait),
        *([Column("rate now", 12, 10, rate_lately)] if live else []),
    ]
    rate, level = (
        Column("rate so far/peak" if live else "rate/peak", 17, 5, rate_so_far),
        Column("level", 23, 5, levels),
    )
    if not has_levels or total([*columns, rate, level]) <= width:
        return fitted([*columns, rate, *([level] if has_levels else [])], width)
    return fitted([*columns, Column("rate/peak, level", 17, 5, flow, most=24)], width)
