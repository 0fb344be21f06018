"""What it took: by component and counted event, by layer, and the area it is made on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...result import AreaRow, EnergyRow, Result, total
from .. import bars, colours
from ..blocks import Block, Chart, Choice, Column, Note, Panes, Row, Section, Table
from ..definitions import Definitions, of_event
from ..numbers import cut, figure, plain, prefixed, share, whole, words
from ..reading import Results, Run

CHOICES = (
    Choice("joules", {"barnorm": "", "xaxis.ticksuffix": "J", "xaxis.title.text": "energy"}),
    Choice("share", {"barnorm": "percent", "xaxis.ticksuffix": " %", "xaxis.title.text": "share of the energy"}),
)


def section(results: Results, definitions: Definitions) -> Section | None:
    """Each run's counts times costs."""
    if not results.runs:
        return None
    lead = "Energy is counts times cited costs: every joule is a row of the table. Areas are parts times mm²."
    panes = [(run.name, list(_blocks(run, number, definitions))) for number, run in enumerate(results.runs)]
    return Section("energy", "Energy and area", lead, [Panes(panes)])


def _blocks(run: Run, number: int, definitions: Definitions) -> Iterator[Block]:
    if run.result.energy_j is None:
        yield Note("Not all of the energy is known: a machine has no table, or the memory's standard has no costs.")
    if any(row.joules for row in run.result.energy):
        yield _components(run, number)
    if any(layer.energy_j for layer in run.result.layers):
        yield _layers(run, number, definitions)
    if run.result.area:
        yield _area(run.result)


def _components(run: Run, number: int) -> Chart:
    """A bar a component, of its events."""
    rows = run.result.energy
    owners = list(dict.fromkeys(_owner(row) for row in rows))
    colour = colours.of_components([row.component for row in rows])
    data, labels = [], [cut(owner) for owner in owners]
    for row in rows:
        if row.joules:
            part = bars.Part(row.event, of_event(row.event), colour[row.component], [])
            data.append(_event(row, owners.index(_owner(row)), part))
    figure_ = bars.stacked(labels, [], "energy", "J")
    figure_["data"] = data
    return Chart(
        name=f"energy-components-{number}",
        title="By component and event",
        says=f"Bars of the energy of each component of {run.name}, stacked by counted event.",
        figure=figure_,
        height_px=bars.height_px(len(owners)),
        choices=(),
        table=_table(rows, run.result.energy_j),
    )


def _event(row: EnergyRow, place: int, part: bars.Part) -> dict[str, object]:
    return {
        "type": "bar",
        "orientation": "h",
        "y": [place],
        "x": [row.joules],
        "marker": {"color": part.colour, "line": {"width": 1, "color": "rgba(255,255,255,.55)"}},
        "hovertemplate": (
            f"<b>{plain(_owner(row))}</b><br>{plain(row.event)}: %{{x:.4s}}J"
            f"<br>{row.count:,.6g} × {row.cost_pj:.4g} pJ, {plain(row.status)}<extra></extra>"  # noqa: RUF001
        ),
    }


def _owner(row: EnergyRow | AreaRow) -> str:
    return f"{row.accelerator}: {row.component}" if row.accelerator else row.component


def _table(rows: Sequence[EnergyRow], whole_j: float | None) -> Table:
    columns = [
        Column("component", "Energy rows.component", words=True),
        Column("event", "Energy rows.event", words=True),
        Column("count", "Energy rows.count"),
        Column("cost", "Energy rows.cost_pj", "pJ"),
        Column("energy", "Energy rows.joules", "J"),
        Column("share", "Report.energy_share"),
        Column("table", "Energy rows.table", words=True),
        Column("status", "Energy rows.status", words=True),
    ]
    sum_j = sum(row.joules for row in rows) if whole_j is None else whole_j
    cells = [
        Row(
            [
                words(_owner(row)),
                words(row.event),
                whole(row.count),
                figure(row.cost_pj),
                prefixed(row.joules, "J", 4),
                share(row.joules, sum_j),
                words(row.table),
                words(row.status),
            ],
            define=of_event(row.event),
        )
        for row in rows
    ]
    return Table("Counts and costs", columns, cells)


def _layers(run: Run, number: int, definitions: Definitions) -> Chart:
    layers, names = run.result.layers, bars.layer_names(run.result.layers)
    sums = total(layer.energy_j or {} for layer in layers)
    ranked = sorted(sums, key=lambda name: -sums[name])
    colour = colours.of_components(ranked)
    parts = [
        bars.Part(name, "Layers.energy_j", colour[name], [(layer.energy_j or {}).get(name, 0.0) for layer in layers])
        for name in ranked
        if sums[name]
    ]
    return Chart(
        name=f"energy-layers-{number}",
        title="By layer",
        says=f"Bars of the energy of {len(layers)} layers of {run.name}, stacked by component.",
        figure=bars.stacked(names, parts, "energy", "J", definitions.all),
        height_px=bars.height_px(len(layers)),
        keys=bars.keys(parts),
        choices=CHOICES,
        table=_layer_table(names, parts),
    )


def _layer_table(names: Sequence[str], parts: Sequence[bars.Part]) -> Table:
    columns = [Column("layer", "Layers.name", words=True), *(Column(part.label, part.define, "J") for part in parts)]
    rows = [
        Row([words(name), *(prefixed(part.amounts[place], "J", 4) for part in parts)])
        for place, name in enumerate(names)
    ]
    return Table("Energy of each layer", columns, rows)


def _area(run: Result) -> Table:
    columns = [
        Column("component", "Area rows.component", words=True),
        Column("part", "Area rows.part", words=True),
        Column("count", "Area rows.count"),
        Column("each", "Area rows.each_mm2", "mm²"),
        Column("area", "Area rows.mm2", "mm²"),
        Column("share", "Report.area_share"),
        Column("status", "Area rows.status", words=True),
    ]
    sum_mm2 = sum(row.mm2 for row in run.area)
    rows = [
        Row(
            [
                words(_owner(row)),
                words(row.part),
                figure(row.count),
                figure(row.each_mm2),
                figure(row.mm2),
                share(row.mm2, sum_mm2),
                words(row.status),
            ]
        )
        for row in run.area
    ]
    return Table("Area", columns, rows)
