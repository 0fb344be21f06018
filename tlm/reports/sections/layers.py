"""A table of everything else that is told of a layer."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from ...result import LayerResult
from .. import bars
from ..blocks import Cell, Column, Panes, Row, Section, Table
from ..definitions import Definitions
from ..numbers import NONE, figure, prefixed, share, whole, words
from ..reading import Results, Run


@attrs.frozen
class Field:
    """A column, and its cell of a layer."""

    column: Column
    cell: Callable[[LayerResult], Cell]


def moved(layer: LayerResult) -> int:
    """What crossed the pins for a layer, in bytes."""
    return sum(part.read_bytes + part.written_bytes for part in layer.traffic.values())


def _times_roofline(layer: LayerResult) -> Cell:
    return figure(layer.cycles / layer.roofline_cycles, 3) if layer.roofline_cycles else NONE


def _energy(layer: LayerResult) -> Cell:
    return NONE if layer.energy_j is None else prefixed(sum(layer.energy_j.values()), "J", 4)


FIELDS = (
    Field(Column("kind", "Layers.kind", words=True), lambda layer: words(layer.kind)),
    Field(Column("MACs", "Layers.macs"), lambda layer: whole(layer.macs)),
    Field(Column("multiplications", "Layers.multiplications"), lambda layer: whole(layer.multiplications)),
    Field(Column("cycles", "Layers.cycles", "cycles"), lambda layer: whole(layer.cycles)),
    Field(Column("array", "Layers.compute_cycles", "cycles"), lambda layer: whole(layer.compute_cycles)),
    Field(Column("utilisation", "Layers.utilisation"), lambda layer: share(layer.utilisation, 1)),
    Field(Column("bound by", "Layers.bound_by", words=True), lambda layer: words(layer.bound_by)),
    Field(Column("roofline", "Layers.roofline_cycles", "cycles"), lambda layer: whole(layer.roofline_cycles)),
    Field(Column("times roofline", "Report.times_roofline"), _times_roofline),
    Field(Column("off-chip", "Report.offchip_bytes", "B"), lambda layer: whole(moved(layer))),
    Field(Column("energy", "Report.layer_energy", "J"), _energy),
    Field(Column("order", "Layers.order", words=True), lambda layer: words(layer.order.name if layer.order else None)),
)


def section(results: Results, _definitions: Definitions) -> Section | None:
    """A table a run."""
    if not results.runs:
        return None
    lead = "Each layer, over all images. A click on a head sorts by it."
    return Section("layers", "Layers", lead, [Panes([(run.name, [_table(run)]) for run in results.runs])])


def _table(run: Run) -> Table:
    layers = run.result.layers
    fields = [field for field in FIELDS if any(field.cell(layer) != NONE for layer in layers)]
    rows = [
        Row([words(name), *(field.cell(layer) for field in fields)])
        for name, layer in zip(bars.layer_names(layers), layers, strict=True)
    ]
    columns = [Column("layer", "Layers.name", words=True), *(field.column for field in fields)]
    return Table(f"Layers of {run.name}", columns, rows)
