"""Where each layer's cycles went: the array's, and each reason's that it stood still for."""

from __future__ import annotations

from collections.abc import Sequence

from ...result import ARRAY, REASONS, LayerResult
from .. import bars, colours
from ..blocks import Chart, Choice, Column, Panes, Row, Section, Table
from ..definitions import Definitions, of_reason
from ..numbers import share, whole, words
from ..reading import Results, Run

CHOICES = (
    Choice("cycles", {"barnorm": "", "xaxis.ticksuffix": "", "xaxis.title.text": "cycles"}),
    Choice(
        "share", {"barnorm": "percent", "xaxis.ticksuffix": " %", "xaxis.title.text": "share of the layer's cycles"}
    ),
)


def section(results: Results, definitions: Definitions) -> Section | None:
    """A stack a layer, a chart a run."""
    if not results.runs:
        return None
    lead = "A layer's cycles are the array's and those it stood still, each under its cause: they add up exactly."
    panes = [(run.name, [_chart(run, number, definitions)]) for number, run in enumerate(results.runs)]
    return Section("stalls", "Where every cycle went", lead, [Panes(panes)])


def _chart(run: Run, number: int, definitions: Definitions) -> Chart:
    layers, names = run.result.layers, bars.layer_names(run.result.layers)
    parts = _parts(layers)
    return Chart(
        name=f"stalls-{number}",
        title="Cycles of each layer",
        says=f"Bars of the cycles of {len(layers)} layers of {run.name}, stacked by what they went to.",
        figure=bars.stacked(names, parts, "cycles", says=definitions.all),
        height_px=bars.height_px(len(layers)),
        keys=bars.keys(parts),
        choices=CHOICES,
        table=_table(names, layers, parts),
    )


def _parts(layers: Sequence[LayerResult]) -> list[bars.Part]:
    """The array, then each reason that occurred, in the order of the documented list."""
    occurred = {reason for layer in layers for reason in layer.stalls}
    reasons = [*(reason for reason in REASONS if reason in occurred), *sorted(occurred - set(REASONS))]
    array = bars.Part(ARRAY, of_reason(ARRAY), colours.of_reason(ARRAY), [layer.compute_cycles for layer in layers])
    return [array] + [
        bars.Part(
            reason,
            of_reason(reason),
            colours.of_reason(reason),
            [layer.stalls.get(reason, 0) for layer in layers],
            colours.letter(reason),
        )
        for reason in reasons
    ]


def _table(names: Sequence[str], layers: Sequence[LayerResult], parts: Sequence[bars.Part]) -> Table:
    columns = [
        Column("layer", "Layers.name", words=True),
        Column("cycles", "Layers.cycles", "cycles"),
        *(Column(part.label, part.define, "cycles") for part in parts),
        Column("memory cost", "Report.memory_cost", "of cycles"),
    ]
    rows = [
        Row(
            [
                words(name),
                whole(layer.cycles),
                *(whole(part.amounts[place]) for part in parts),
                share(layer.cycles - (layer.compute_cycles or 0), layer.cycles),
            ]
        )
        for place, (name, layer) in enumerate(zip(names, layers, strict=True))
    ]
    return Table("Cycles of each layer", columns, rows)
