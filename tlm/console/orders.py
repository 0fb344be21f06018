"""The table of layers of which not all stays on the chip: what was kept, and what was loaded again."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from ..result import Result
from .quantities import kib, named


def order_table(result: Result) -> Table | None:
    """A line for each layer that loads something again; None where none does."""
    table = Table(title="Layers that do not fit on the chip: the order that moves least")
    table.add_column("layer", no_wrap=True)
    table.add_column("order")
    for title in ("bands", "weights\nloaded", "KiB", "inputs\nloaded", "KiB", "re-entry\npoints"):
        table.add_column(title, justify="right")
    for layer in result.layers:
        order = layer.order
        if order is None or not order.reentries:
            continue
        loaded = [(order.weight_loads, layer.traffic["weights"]), (order.input_loads, layer.traffic["inputs"])]
        cells = [cell for times, moved in loaded for cell in (f"{times:,} x", kib(moved.read_bytes))]
        points = sum(len(one.addresses) for one in order.reentries.values())
        name = Text(named(layer.accelerator, layer.name))
        table.add_row(name, order.name, f"{order.bands:,}", *cells, f"{points:,}")
    return table if table.row_count else None
