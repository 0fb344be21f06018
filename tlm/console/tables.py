"""The tables at the end of a run: layers, components, totals, compression, predictions."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..result import Component, Compression, LayerResult, Result
from .cells import ASCII, UNICODE, Column, Glyphs, columns_of, fit
from .quantities import printable
from .reading import of_components
from .rows import Row, make_rows
from .stalls import stall_chart

KIB = 1024
NARROW = 110  # columns; below it a layer's largest stall is shown alone, and no uncompressed bytes
RAW = 4  # where these are in a row, behind the name


def show(result: Result, console: Console) -> None:
    """Print a result for people."""
    glyphs = UNICODE if console.encoding.startswith("utf") else ASCII
    narrow = console.width < NARROW
    console.print(layer_table(result, stalls=1 if narrow else 3, raw=not narrow))
    console.print(stall_chart(result))
    console.print(component_table(result.components, console.width, glyphs))
    for line in summary(result):
        console.print(line, highlight=False)


def layer_table(result: Result, stalls: int = 3, *, raw: bool = True) -> Table:
    """A row a layer: cycles, the `stalls` largest of what they went to, bytes off chip (`raw` too), the array's use."""
    images = f"{result.images} image{'s' if result.images != 1 else ''}"
    table = Table(title=f"Layers, over {images}" + (" (partial: interrupted)" if result.partial else ""))
    table.add_column("layer")
    for name in ("cycles", "array"):
        table.add_column(name, justify="right")
    table.add_column("stalled for (cycles)", ratio=1, overflow="fold")
    for name in ("off-chip\nKiB", *(["raw\nKiB"] if raw else []), "array\nbusy"):
        table.add_column(name, justify="right")
    for layer in result.layers:
        table.add_row(Text(printable(layer.name)), *_shown(_cells(layer, stalls), raw))
    table.add_section()
    table.add_row("all", *_shown(_totals(result, stalls), raw))
    return table


def component_table(components: Sequence[Component], width: int, glyphs: Glyphs = UNICODE) -> Table:
    """A row a component, numbered siblings folded: the shares of its time, what it waited for most, its rate."""
    rows = make_rows(of_components(components), {})
    table = Table(title="Components")
    columns = _boxed(rows, width)
    for column in columns:
        table.add_column(column.title, width=column.width, justify="right" if column.right else "left", no_wrap=True)
    for row in rows:
        cells = (fit(column.cell(row, glyphs, column.width), column, glyphs.cut) for column in columns)
        table.add_row(*(Text.assemble(*cell) for cell in cells))
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
    lines += [compression_line(name, part) for name, part in result.compression.items()]
    if result.predictions is not None:
        lines.append(f"predictions {' '.join(map(str, result.predictions))}")
    if result.labels is not None and result.predictions is not None:
        right = sum(a == b for a, b in zip(result.predictions, result.labels, strict=True))
        lines.append(f"labels      {' '.join(map(str, result.labels))}  ({right} of {len(result.labels)} right)")
    if result.checked and not result.partial:
        lines.append("checked: every accumulator equals the reference bit for bit, every byte arrived as sent")
    lines.append(f"simulated in {result.wall_s:.2f} s, {result.events:,} events")
    return lines


def compression_line(name: str, part: Compression) -> str:
    """What a codec made of one operand; a tensor that grew is called so."""
    limit = part.entropy_bytes / part.uncompressed_bytes if part.uncompressed_bytes else 1.0
    text = (
        f"{name}: {part.codec} {part.encoded_bytes / KIB:,.1f} of {part.uncompressed_bytes / KIB:,.1f} KiB, "
        f"ratio {part.ratio:.3f} (entropy {limit:.3f})"
    )
    return text + ("; it makes them LARGER" if part.ratio > 1 else "")


def _cells(layer: LayerResult, shown: int) -> list[str]:
    moved = sum(part.read_bytes + part.written_bytes for part in layer.traffic.values())
    raw = sum(part.uncompressed_bytes for part in layer.traffic.values())
    return [
        f"{layer.cycles:,}",
        "-" if layer.compute_cycles is None else f"{layer.compute_cycles:,}",
        _stalls(layer.stalls, shown),
        f"{moved / KIB:,.1f}",
        f"{raw / KIB:,.1f}",
        "-" if layer.utilisation is None else f"{layer.utilisation:.1%}",
    ]


def _shown(cells: list[str], raw: bool) -> list[str]:
    return cells if raw else [*cells[:RAW], *cells[RAW + 1 :]]


def _stalls(stalls: dict[str, int], shown: int) -> str:
    largest = sorted(stalls.items(), key=lambda item: -item[1])
    text = ", ".join(f"{reason} {cycles:,}" for reason, cycles in largest[:shown])
    rest = sum(cycles for _, cycles in largest[shown:])
    return text + (f", other {rest:,}" if rest else "")


def _totals(result: Result, shown: int) -> list[str]:
    stalls: dict[str, int] = {}
    for layer in result.layers:
        for reason, cycles in layer.stalls.items():
            stalls[reason] = stalls.get(reason, 0) + cycles
    parts = [part for layer in result.layers for part in layer.traffic.values()]
    compute = sum(layer.compute_cycles or 0 for layer in result.layers)
    return [
        f"{result.cycles:,}",
        f"{compute:,}",
        _stalls(stalls, shown),
        f"{sum(part.read_bytes + part.written_bytes for part in parts) / KIB:,.1f}",
        f"{sum(part.uncompressed_bytes for part in parts) / KIB:,.1f}",
        f"{compute / result.cycles:.1%}" if result.cycles else "-",
    ]
