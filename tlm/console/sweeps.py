"""The points of a sweep as tables, and lines of what failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from ..sweeps.outcome import DONE, Outcome
from ..sweeps.points import Point
from ..sweeps.told import Told
from .quantities import digits, kib, printable

FRONT = "*"

#: What a table shows of each measure: its head, and how it is written.
SHOWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "cycles": ("cycles", "{:,}".format),
    "time_fs": ("us", lambda time_fs: digits(time_fs / 1e9)),
    "energy_j": ("energy uJ", lambda joules: f"{joules * 1e6:,.1f}"),
    "area_mm2": ("mm2", "{:,.1f}".format),
    "offchip_bytes": ("off-chip KiB", kib),
    "images_per_s": ("images/s", "{:,.0f}".format),
}
ALWAYS = ("cycles", "energy_j", "offchip_bytes")


def point_tables(told: Told) -> list[Table]:
    """All points; behind them the front, in its own order, where one is asked for."""
    whole = _table("Points", told, told.points)
    if not told.by:
        return [whole]
    by_number = {point.number: (point, outcome) for point, outcome in told.points}
    return [whole, _table(f"Front of {', '.join(told.by)}", told, [by_number[number] for number in told.front])]


def point_lines(told: Told) -> list[str]:
    """What the front leaves out, and a line a point that failed."""
    lines = []
    if told.unmeasured:
        numbers = ", ".join(map(str, told.unmeasured))
        lines.append(f"not compared, for {' or '.join(told.by)} is not known: points {numbers}")
    for point, outcome in told.failed:
        lines.append(printable(f"point {point.number} failed: {outcome.status}: {outcome.message}".partition("\n")[0]))
    return lines


def _table(title: str, told: Told, rows: Iterable[tuple[Point, Outcome | None]]) -> Table:
    table = Table(title=title)
    table.add_column("point", justify="right")
    keys = _varied(told)
    for key in keys:
        table.add_column(Text(printable(key).replace(".", ".\n")), overflow="fold")
    measures = [name for name in SHOWN if name in (*ALWAYS, *told.by)]
    for name in measures:
        table.add_column(SHOWN[name][0], justify="right")
    for point, outcome in rows:
        mark = FRONT if point.number in told.front else ""
        settings = [Text(_setting(point, key)) for key in keys]
        table.add_row(f"{mark}{point.number}", *settings, *_measured(outcome, measures))
    return table


def _varied(told: Told) -> list[str]:
    """The keys that tell points apart: what all points have alike takes no column."""
    shown = {key: {_setting(point, key) for point, _ in told.points} for key in told.keys}
    return [key for key, texts in shown.items() if len(texts) > 1 or len(told.points) == 1]


def _setting(point: Point, key: str) -> str:
    return printable(point.written(key) or "")


def _measured(outcome: Outcome | None, measures: Iterable[str]) -> list[str]:
    """A cell a measure; in place of the first, where a point was not done, what became of it."""
    if outcome is None or outcome.status != DONE:
        said = "not run" if outcome is None else outcome.status
        return [said, *("" for _ in list(measures)[1:])]
    values = [(outcome.measure(name), SHOWN[name][1]) for name in measures]
    return ["?" if value is None else write(value) for value, write in values]
