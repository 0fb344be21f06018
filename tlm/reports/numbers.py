"""Figures as cells: rounded for reading, and the document's own value beside it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .blocks import Cell, Value

NONE = Cell("–")  # noqa: RUF001 - what is not known
PREFIXES = (
    (1e15, "P"),
    (1e12, "T"),
    (1e9, "G"),
    (1e6, "M"),
    (1e3, "k"),
    (1, ""),
    (1e-3, "m"),
    (1e-6, "µ"),
    (1e-9, "n"),
)
KIB = 1024


def words(text: object) -> Cell:
    """A name, or whatever is not a figure."""
    return NONE if text is None else Cell(str(text), str(text))


def whole(value: float | None) -> Cell:
    """A count, with commas."""
    return NONE if value is None else Cell(f"{value:,}" if isinstance(value, int) else f"{value:,.1f}", value)


def figure(value: float | None, digits: int = 4) -> Cell:
    """A number of so many digits, never an exponent where it is of ordinary size."""
    return NONE if value is None else Cell(rounded(value, digits), value)


def scaled(value: float | None, by: float = 1, places: int = 1) -> Cell:
    """A figure in a unit of the column's, `by` of the value's, so that a column compares by its digits."""
    return NONE if value is None else Cell(f"{value / by:,.{places}f}", value)


def share(part: float | None, of: float | None, value: Value = None) -> Cell:
    """A share in percent; its value is the share."""
    if part is None or not of:
        return NONE
    return Cell(f"{100 * part / of:,.1f} %", part / of if value is None else value)


def times(value: float | None, of: float | None) -> Cell:
    """How many times `of` a value is."""
    if value is None or not of:
        return NONE
    return Cell(f"{value / of:,.3g}×", value / of)  # noqa: RUF001


def rounded(value: float, digits: int = 4) -> str:
    """`value` in so many digits."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = digits - 1 - math.floor(math.log10(abs(value)))
    if places > 9 or abs(value) >= 1e15:
        return f"{value:.{digits - 1}e}"
    return f"{round(value, places):,.{max(0, min(places, 9))}f}"


def prefixed(value: float | None, unit: str, digits: int = 3) -> Cell:
    """A figure with its unit, in the prefix that suits it."""
    if value is None:
        return NONE
    size, name = next(
        ((size, name) for size, name in PREFIXES if abs(value) >= size), (1, "") if not value else PREFIXES[-1]
    )
    return Cell(f"{rounded(value / size, digits)} {name}{unit}", value)


def cut(text: str, most: int = 22) -> str:
    """A name for a chart's axis: of a long one its beginning and its end, which are what tells names apart."""
    return text if len(text) <= most else f"{text[: most // 2]}…{text[-(most - most // 2 - 1) :]}"


def plain(text: str) -> str:
    """Text for Plotly, which reads tags and entities in what it draws: here it shows them."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unlike(names: Sequence[str]) -> list[str]:
    """The names, those that occur again numbered, so that each tells one."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
