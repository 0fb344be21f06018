"""The tables of a workload's tensors, how wide and how large: a line an operand of each layer, and two for all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from ..statistics import LayerStatistics, OperandStatistics, WorkloadStatistics
from .quantities import kib, named, printable

WIDTHS = ("values", "P", "widest", "zeros", "value", "16", "256")
NONE = "-"
LARGER = "red"

Cell = str | Text


def width_table(statistics: WorkloadStatistics, layers: Sequence[LayerStatistics]) -> Table:
    """How wide, and how often zero, the tensors of `layers` are; of more than one, all of the workload follows."""
    images = f"{statistics.images} image{'s' if statistics.images != 1 else ''}"
    title = f"its tensors, over {images}; widths in bits"
    table = _table(statistics, title, ("layer", "effectual\nMACs", "operand", *WIDTHS))
    return _filled(table, statistics, layers, lambda one: [_name(one), _share(one.effectual_share)], _widths)


def size_table(statistics: WorkloadStatistics, layers: Sequence[LayerStatistics]) -> Table:
    """What each codec makes of the tensors of `layers`; of more than one, all of the workload follows."""
    heads = ("layer", "operand", "KiB", *map(printable, _codecs(statistics)), "entropy")
    table = _table(statistics, "its tensors encoded, over uncompressed", heads)
    return _filled(table, statistics, layers, lambda one: [_name(one)], _sizes)


def statistics_lines(statistics: WorkloadStatistics, layers: Sequence[LayerStatistics]) -> list[str]:
    """What is to be known of the tables: where the tensors come from, which codecs make them larger or refuse them."""
    lines = [statistics.note] if statistics.note else []
    tensors = [(f"{layer.name}, {name}", one) for layer in layers for name, one in layer.operands.items()]
    for codec in _codecs(statistics):
        larger = sum((one.ratio(codec) or 0) > 1 for _, one in tensors)
        if larger:
            lines.append(f"{codec} makes {larger} of {len(tensors)} tensors LARGER")
        refused = [f"{name}: {one.refused[codec]}" for name, one in tensors if codec in one.refused]
        if refused:
            lines.append(f"{codec} does not store {len(refused)} of {len(tensors)} tensors, such as {refused[0]}")
    return [named(statistics.accelerator, line) for line in lines]


def _codecs(statistics: WorkloadStatistics) -> list[str]:
    return list(statistics.all.activations.encoded_bytes)


def _table(statistics: WorkloadStatistics, title: str, heads: Iterable[str]) -> Table:
    text = Text(named(statistics.accelerator, f"{statistics.name}: {title}"))
    table = Table(title=text, box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for head in heads:
        table.add_column(head, justify="left" if head in ("layer", "operand") else "right", no_wrap=head == "layer")
    return table


def _filled(
    table: Table,
    statistics: WorkloadStatistics,
    layers: Sequence[LayerStatistics],
    begin: Callable[[LayerStatistics], list[Cell]],
    cells: Callable[[OperandStatistics], Iterable[Cell]],
) -> Table:
    """`table` with the `cells` of every operand, behind what its layer's first line is to `begin` with."""
    for layer in layers:
        _add(table, begin(layer), layer, cells)
    if len(layers) > 1:
        table.add_section()
        _add(table, begin(statistics.all), statistics.all, cells, style="bold")
    return table


def _add(
    table: Table,
    begin: list[Cell],
    layer: LayerStatistics,
    cells: Callable[[OperandStatistics], Iterable[Cell]],
    style: str = "",
) -> None:
    for name, one in layer.operands.items():
        table.add_row(*begin, name, *cells(one), style=style)
        begin = [""] * len(begin)


def _name(layer: LayerStatistics) -> Text:
    return Text(printable(layer.name))


def _widths(one: OperandStatistics) -> Iterator[str]:
    yield f"{one.values:,}"
    yield NONE if one.profile_bits is None else str(one.profile_bits)
    yield str(one.widths[0].widest)
    yield _share(one.zero_share)
    for distribution in one.widths:
        yield f"{distribution.mean:.2f}"


def _sizes(one: OperandStatistics) -> Iterator[Cell]:
    yield kib(one.uncompressed_bytes)
    for codec in one.encoded_bytes:
        ratio = one.ratio(codec)
        yield NONE if ratio is None else Text(f"{ratio:.3f}", style=LARGER if ratio > 1 else "")
    yield f"{one.entropy_bytes / one.uncompressed_bytes:.3f}" if one.uncompressed_bytes else NONE


def _share(share: float | None) -> str:
    return NONE if share is None else f"{share:.1%}"
