"""The tables of runs that were repeated: with another accelerator or codec, or with one resource doubled."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from ..result import Result
from .quantities import kib, printable


def compare_table(result: Result) -> Table:
    """A row for the run as it is, and one for each that was repeated with another in its place."""
    table = Table(title="Compared: the run with another in place of its own")
    table.add_column("with")
    for title in ("cycles", "time us", "off-chip KiB", "energy uJ", "times"):
        table.add_column(title, justify="right")
    rows = [("(as it is)", result.cycles, result.time_fs, result.offchip_bytes, result.energy_j)]
    rows += [(one.name, one.cycles, one.time_fs, one.offchip_bytes, one.energy_j) for one in result.compare]
    for name, cycles, time_fs, moved, joules in rows:
        energy = "-" if joules is None else f"{joules * 1e6:,.1f}"
        times = f"{time_fs / result.time_fs:.2f}" if result.time_fs else "-"
        table.add_row(Text(printable(name)), f"{cycles:,}", f"{time_fs / 1e9:,.1f}", kib(moved), energy, times)
    return table


def widen_table(result: Result) -> Table:
    """What doubling each resource gains, the most first."""
    table = Table(title="What to widen: each resource doubled by itself")
    for title in ("resource", "from", "to"):
        table.add_column(title)
    for title in ("cycles", "gained", ""):
        table.add_column(title, justify="right")
    for one in result.widen:
        share = f"{one.gained / result.cycles:.1%}" if result.cycles else "-"
        table.add_row(Text(printable(one.resource)), one.before, one.after, f"{one.cycles:,}", f"{one.gained:,}", share)
    return table
