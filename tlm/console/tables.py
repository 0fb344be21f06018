"""What is printed at the end of a run: tables, and lines of totals, compression, predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..result import AcceleratorResult, Component, Compression, Result, total
from .cells import UNICODE, Column, Glyphs, columns_of, glyphs_for
from .layers import layer_table, reason
from .orders import order_table
from .quantities import kib, named, percent, printable
from .reading import of_components
from .repeated import compare_table, widen_table
from .rows import Row, make_rows
from .stalls import stall_chart

MOST_CLASSES = 24  # predictions that are printed; all of them are in the result document


def show(result: Result, console: Console) -> None:
    """Print a result for people."""
    glyphs = glyphs_for(console.encoding)
    console.print(layer_table(result, console.width))
    orders = order_table(result)
    if orders:
        console.print(orders)
    console.print(stall_chart(result))
    console.print(component_table(result.components, console.width, glyphs))
    if result.compare:
        console.print(compare_table(result))
    if result.widen:
        console.print(widen_table(result))
    for line in summary(result):
        console.print(line, highlight=False, soft_wrap=True)


def component_table(components: Sequence[Component], width: int, glyphs: Glyphs = UNICODE) -> Table:
    """A row a component, numbered siblings folded: the shares of its time, what it waited for most, its rate."""
    rows = make_rows(of_components(components), {})
    table = Table(title="Components")
    columns = _boxed(rows, width)
    for column in columns:
        table.add_column(column.title, width=column.width, justify="right" if column.right else "left", no_wrap=True)
    for row in rows:
        table.add_row(*(Text.assemble(*column.drawn(row, glyphs)) for column in columns))
    return table


def _boxed(rows: list[Row], width: int) -> list[Column]:
    """The most columns that fit into `width`, with a table's lines and blanks around each."""
    most = len(columns_of(rows, width, live=False))
    fits = (columns_of(rows, width - 2 * count - 2, live=False) for count in range(most, 0, -1))
    return next(columns for columns in fits if sum(c.width + 3 for c in columns) + 1 <= width or len(columns) == 1)


def summary(result: Result) -> list[str]:
    """Totals, compression and predictions, a line each."""
    lines = [
        f"{result.cycles:,} cycles, {result.time_fs / 1e9:,.1f} us for {result.images} image(s): "
        f"{result.images_per_s:,.0f} images/s, {result.macs_per_cycle:,.0f} MACs/cycle"
    ]
    for one in result.accelerators:
        lines += [named(one.name, line) for line in accelerator_lines(result, one)]
    if result.memory_energy_j and result.offchip_bytes:
        lines.append(offchip_energy_line(result.memory_energy_j, result.offchip_bytes))
    lines += energy_lines(result)
    lines += [printable(note) for note in result.notes]
    lines += [printable(note) for one in result.compare for note in one.notes if note not in result.notes]
    if result.checked and not result.partial:
        lines.append("checked: every accumulator equals the reference bit for bit, every byte arrived as sent")
    if result.partial:
        lines.append("interrupted: this is what had been done by then, not all that was asked for")
    lines.append(f"simulated in {result.wall_s:.2f} s, {result.events:,} events")
    return lines


def offchip_energy_line(parts: dict[str, float], moved_bytes: int) -> str:
    """What the off-chip memory took, for each bit it moved, and what for."""
    joules = sum(parts.values())
    return f"off-chip energy: {joules * 1e6:,.1f} uJ, {joules * 1e12 / (8 * moved_bytes):.1f} pJ/bit ({_shares(parts)})"


def energy_lines(result: Result) -> list[str]:
    """What everything took, by component, and its area: a line each where they are known."""
    lines = []
    if result.energy_j and result.tops_per_w is not None:
        parts = total({row.component: row.joules} for row in result.energy)
        lines.append(f"energy: {result.energy_j * 1e6:,.1f} uJ, {result.tops_per_w:.3g} TOPS/W ({_shares(parts)})")
    if result.area_mm2:
        parts = total({row.component: row.mm2} for row in result.area)
        lines.append(f"area: {result.area_mm2:,.1f} mm2 ({_shares(parts)})")
    return lines


def _shares(parts: Mapping[str, float]) -> str:
    """Each part's share of the whole, the largest first."""
    ranked = sorted(parts.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {percent(part / sum(parts.values()))}" for name, part in ranked)


def accelerator_lines(result: Result, one: AcceleratorResult) -> list[str]:
    """What binds one accelerator, its compression and predictions, a line each."""
    lines = [reason(result, one)]
    lines += [compression_line(name, part) for name, part in one.compression.items()]
    if one.predictions is not None:
        lines.append(f"predictions {_first(one.predictions)}")
    if one.labels is not None and one.predictions is not None:
        right = sum(a == b for a, b in zip(one.predictions, one.labels, strict=True))
        lines.append(f"labels      {_first(one.labels)}  ({right} of {len(one.labels)} right)")
    return lines


def _first(classes: Sequence[int]) -> str:
    return " ".join(map(str, classes[:MOST_CLASSES])) + (" ..." if len(classes) > MOST_CLASSES else "")


def compression_line(name: str, part: Compression) -> str:
    """What a codec made of one operand; a tensor that grew is called so."""
    limit = part.entropy_bytes / part.uncompressed_bytes if part.uncompressed_bytes else 1.0
    text = (
        f"{name}: {part.codec} {kib(part.encoded_bytes)} of {kib(part.uncompressed_bytes)} KiB, "
        f"ratio {part.ratio:.3f} (entropy {limit:.3f})"
    )
    return text + ("; it makes them LARGER" if part.ratio > 1 else "")
