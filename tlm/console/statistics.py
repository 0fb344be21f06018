"""The table of a workload's tensors: two lines a layer, its weights and its activations, and two for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from ..statistics import LayerStatistics, OperandStatistics, WorkloadStatistics
from .quantities import kib, named, printable

HEADS = ("values", "P", "widest", "zeros", "value", "16", "256", "KiB")  # then the codecs' ratios, and the limit's
NONE = "-"


def statistics_table(statistics: WorkloadStatistics, layers: Sequence[LayerStatistics]) -> Table:
    """The table of `layers`; of more than one, all of the workload follows."""
    images = f"{statistics.images} image{'s' if statistics.images != 1 else ''}"
    title = named(statistics.accelerator, f"{statistics.name}: its tensors, over {images}; widths in bits")
    table = Table(title=Text(title), box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column("layer", no_wrap=True)
    table.add_column("effectual\nMACs", justify="right")
    table.add_column("operand")
    for head in (*HEADS, *_codecs(statistics), "entropy"):
        table.add_column(printable(head), justify="right")
    for layer in layers:
        _add(table, layer)
    if len(layers) > 1:
        table.add_section()
        _add(table, statistics.all, style="bold")
    return table


def statistics_lines(statistics: WorkloadStatistics, layers: Sequence[LayerStatistics]) -> list[str]:
    """What is to be known of the table: where the tensors come from, which codecs do not take which."""
    lines = [statistics.note] if statistics.note else []
    for layer in layers:
        for operand, one in layer.operands.items():
            lines += [f"{layer.name}, {operand}: {why}" for why in one.refused.values()]
    return [named(statistics.accelerator, line) for line in lines]


def _codecs(statistics: WorkloadStatistics) -> list[str]:
    return list(statistics.all.activations.encoded_bytes)


def _add(table: Table, layer: LayerStatistics, style: str = "") -> None:
    begin: list[Text | str] = [Text(printable(layer.name)), _share(layer.effectual_share)]
    for name, one in layer.operands.items():
        table.add_row(*begin, name, *_cells(one), style=style)
        begin = [Text(""), ""]


def _cells(one: OperandStatistics) -> Iterator[str]:
    yield f"{one.values:,}"
    yield NONE if one.profile_bits is None else str(one.profile_bits)
    yield str(one.widths[0].widest)
    yield _share(one.zero_share)
    for distribution in one.widths:
        yield f"{distribution.mean:.2f}"
    yield kib(one.uncompressed_bytes)
    for codec in one.encoded_bytes:
        ratio = one.ratio(codec)
        yield NONE if ratio is None else f"{ratio:.3f}"
    yield f"{one.entropy_bytes / one.uncompressed_bytes:.3f}" if one.uncompressed_bytes else NONE


def _share(share: float | None) -> str:
    return NONE if share is None else f"{share:.1%}"
