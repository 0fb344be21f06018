"""Quantities as people read them: three digits and a unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

DECIMAL = (1000, ("", "k", "M", "G", "T", "P"))
BINARY = (1024, ("", "Ki", "Mi", "Gi", "Ti"))
TIMES = ((10**15, "s"), (10**12, "ms"), (10**9, "us"), (10**6, "ns"), (10**3, "ps"))

#: Units that are written shorter where there is little room.
SHORT = {"values": "val"}


def digits(value: float) -> str:
    """Three significant digits, never an exponent."""
    if value < 0.005:
        return "<0.01" if value else "0"
    return f"{value:,.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f}"


def percent(share: float) -> str:
    """A share in at most four characters; what is not quite nothing or all does not look like it."""
    if 0 < share < 0.005:
        return "<1%"
    if 0.995 <= share < 1:
        return ">99%"
    return f"{share:.0%}"


def duration(time_fs: float) -> str:
    """A simulated time in its own unit."""
    for size, unit in TIMES:
        if time_fs >= size:
            return f"{digits(time_fs / size)} {unit}"
    return f"{time_fs:.0f} fs"


def size(count: float) -> str:
    """Bytes, in the binary unit they are a few of."""
    return scaled((count,), "B", BINARY)


def kib(count: float) -> str:
    """Bytes in KiB, for columns and sums that are to be compared."""
    return f"{count / BINARY[0]:,.1f}"


def rate_of(moved_per_s: float, peak_per_s: float, unit: str) -> str:
    """What goes through against what could, "58.5/128 GB/s"; alone where there is no limit."""
    values = (moved_per_s, peak_per_s) if math.isfinite(peak_per_s) else (moved_per_s,)
    return scaled(values, f"{SHORT.get(unit, unit)}/s", DECIMAL)


def level_of(name: str, level: int, capacity: int, *, words: bool = True) -> str:
    """How full something is, "in flight 7.12/64.0 KiB", its unit the last word of its name; or without the others."""
    *what, unit = name.replace("_", " ").split(" ")
    prefixes, short = (BINARY, "B") if unit == "bytes" else (DECIMAL, SHORT.get(unit, unit))
    return " ".join([*(what if words else ()), scaled((level, capacity), short, prefixes)])


def scaled(values: Sequence[float], unit: str, prefixes: tuple[int, Sequence[str]]) -> str:
    """Values that share a unit and its prefix, the one that fits the largest."""
    base, names = prefixes
    power = 0
    while power + 1 < len(names) and max(values) >= base ** (power + 1):
        power += 1
    numbers = "/".join(digits(value / base**power) if power or value % 1 else f"{value:,.0f}" for value in values)
    return f"{numbers} {names[power]}{unit}"


def clock(seconds: float | None) -> str:
    """Wall time as on a clock, "0:41" or "1:02:03"; "-:--" where it is unknown."""
    if seconds is None:
        return "-:--"
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def named(owner: str | None, text: str) -> str:
    """`text`, a name or a line, of the accelerator `owner` where it is one of several; printable."""
    return printable(f"{owner}: {text}" if owner else text)


def title(text: str, *, partial: bool) -> str:
    """The title of what is told of a run."""
    return f"{text} (partial: interrupted)" if partial else text


def printable(text: str) -> str:
    """`text` without what would move a terminal's cursor: names may come from anybody's files."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)
