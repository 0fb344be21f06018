"""The roofline: what array and memory allow at each operational intensity, and where the layers are.

What an array can do in a cycle is no one figure: machines that take bits in turn, or skip zeros, are as fast as the
values let them be. So each layer has its own ceiling, the array's own cycles for it (`compute_cycles`), and the flat
line is the highest of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from ...result import ARRAY, RESOURCES, AcceleratorResult, LayerResult, Result
from .. import bars, colours
from ..blocks import Block, Chart, Choice, Column, Key, Note, Panes, Row, Section, Table
from ..definitions import Definitions, of_reason
from ..numbers import cut, figure, plain, whole, words
from ..reading import Results, Run
from .layers import moved

HEIGHT_PX = 420
MOST_NAMED = 14  # layers whose names are written beside their marks
FS_PER_S = 10**15


@attrs.frozen
class Mark:
    """A layer on the roofline, in MACs a byte and a cycle; None is not known, or no bytes were moved.

    `intensity` is by what the memory moved in its spans, `own` by its own bytes whenever they were moved; `ceiling` is
    what the array does by itself.
    """

    layer: LayerResult
    intensity: float | None
    own: float | None
    macs_per_cycle: float
    ceiling: float | None

    @property
    def name(self) -> str:
        """The layer's."""
        return self.layer.name


def section(results: Results, definitions: Definitions) -> Section | None:
    """A chart an accelerator of each run."""
    if not results.runs:
        return None
    lead = (
        "Each layer by its MACs a byte and a cycle: the memory's peak is the slope, the array's best layer the flat "
        "line, and a stroke above a mark is what the array by itself does on that layer's values."
    )
    panes = [(run.name, list(_blocks(run, number, definitions))) for number, run in enumerate(results.runs)]
    return Section("roofline", "Roofline", lead, [Panes(panes)])


def _blocks(run: Run, number: int, definitions: Definitions) -> Iterator[Block]:
    for place, one in enumerate(run.result.accelerators):
        layers = [layer for layer in run.result.layers if layer.accelerator == one.name]
        slope = memory_bytes_per_s(run.result) * period_fs(one, layers) / FS_PER_S
        found = marks(layers, slope)
        if found:
            yield _chart(run, f"roofline-{number}-{place}", one, found, slope, definitions)
        if left_out := len(layers) - len(found):
            why = "without multiply-accumulates, without bytes moved, or not reached"
            yield Note(f"{left_out} of {len(layers)} layers are not on the roofline: {why}.")


def marks(layers: Sequence[LayerResult], slope: float) -> list[Mark]:
    """The layers that have a place under a memory of `slope` bytes a cycle."""
    found = [
        Mark(
            layer,
            _over(layer.macs, layer.moving_cycles * slope),
            _over(layer.macs, moved(layer)),
            layer.macs / layer.cycles,
            _over(layer.macs, layer.compute_cycles),
        )
        for layer in layers
        if layer.macs > 0 and layer.cycles > 0
    ]
    return [mark for mark in found if mark.intensity or mark.own]


def _over(macs: int, amount: float | None) -> float | None:
    return macs / amount if amount and amount > 0 else None


def period_fs(one: AcceleratorResult, layers: Sequence[LayerResult]) -> float:
    """An accelerator's clock: its layers tile its `cycles`."""
    spans = [(layer.start_fs, layer.end_fs) for layer in layers if layer.cycles]
    if not (spans and one.cycles > 0):
        return 0.0
    return (max(end for _, end in spans) - min(start for start, _ in spans)) / one.cycles


def memory_bytes_per_s(run: Result) -> float:
    """The peak of all channels of the memory; 0 where it has none (`ideal`)."""
    kind = RESOURCES["offchip_bandwidth"]
    return sum(part.rate.peak_per_s for part in run.components if part.kind == kind and part.rate)


def _chart(
    run: Run, name: str, one: AcceleratorResult, found: Sequence[Mark], slope: float, definitions: Definitions
) -> Chart:
    ceilings = [mark.ceiling for mark in found if mark.ceiling]
    flat = max(ceilings, default=0.0)
    own = [attrs.evolve(mark, intensity=mark.own) for mark in found]
    if not slope:
        found = own
    data = _data(found, slope, flat, definitions)
    both = (
        Choice("moved meanwhile", {}, {"x": [trace["x"] for trace in data]}),
        Choice("its own bytes", {}, {"x": [trace["x"] for trace in _data(own, slope, flat, definitions, found)]}),
    )
    title = f"Roofline of {one.name}" if one.name else "Roofline"
    return Chart(
        name=name,
        title=title,
        says=f"{len(found)} layers of {run.name} by operational intensity and speed, under memory's and array's peak.",
        figure={"data": data, "layout": _layout()},
        height_px=HEIGHT_PX,
        keys=_keys(found, slope, flat),
        choices=both if slope else (),
        wide=True,
        table=_table(found),
    )


def _data(
    found: Sequence[Mark], slope: float, flat: float, definitions: Definitions, span: Sequence[Mark] = ()
) -> list[dict[str, Any]]:
    """All traces; the lines span what these layers do and, so that they stay, what `span` does."""
    return [*_lines([*found, *span], slope, flat), _own_ceilings(found), *_layers(found, definitions)]


def _lines(found: Sequence[Mark], slope: float, flat: float) -> list[dict[str, Any]]:
    """The memory's slope up to the array's flat line, over a little more than the layers span."""
    at = [x for mark in found for x in (mark.intensity, mark.own) if x]
    low, high = min(at) / 2, max(at) * 2
    knee = flat / slope if slope and flat else None
    memory = [low, min(max(knee or high, low), high * 4)] if slope else []
    array = [min(max(knee or low, low), high), high] if flat else []
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "name": "memory",
            "x": memory,
            "y": [slope * x for x in memory],
            "line": {"color": colours.of_reason("offchip_bandwidth"), "width": 2},
            "hovertemplate": f"memory's peak: {slope:,.4g} B a cycle<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "name": "array",
            "x": array,
            "y": [flat] * len(array),
            "line": {"color": colours.of_reason(ARRAY), "width": 2},
            "hovertemplate": f"array's best layer: {flat:,.5g} MACs a cycle<extra></extra>",
        },
    ]


def _own_ceilings(found: Sequence[Mark]) -> dict[str, Any]:
    """A hollow mark a layer, and a stroke down to where the layer is."""
    with_one = [mark for mark in found if mark.ceiling]
    return {
        "type": "scatter",
        "mode": "markers+lines",
        "x": [x for mark in with_one for x in (mark.intensity, mark.intensity, None)],
        "y": [y for mark in with_one for y in (mark.ceiling, mark.macs_per_cycle, None)],
        "line": {"color": colours.GREY, "width": 1, "dash": "dot"},
        "marker": {
            "symbol": "line-ew",
            "size": [size for _ in with_one for size in (12, 0, 0)],
            "line": {"width": 2, "color": colours.of_reason(ARRAY)},
        },
        "hoverinfo": "skip",
    }


def _layers(found: Sequence[Mark], definitions: Definitions) -> list[dict[str, Any]]:
    """A trace for each that binds a layer."""
    data = []
    for reason in dict.fromkeys(mark.layer.bound_by for mark in found):
        own = [mark for mark in found if mark.layer.bound_by == reason]
        about = definitions.all.get(of_reason(reason) or "", "")
        data.append(
            {
                "type": "scatter",
                "mode": "markers+text" if len(found) <= MOST_NAMED else "markers",
                "name": plain(reason),
                "x": [mark.intensity for mark in own],
                "y": [mark.macs_per_cycle for mark in own],
                "text": [plain(cut(mark.name, 14)) for mark in own],
                "textposition": [("bottom center", "top center")[place % 2] for place in range(len(own))],
                "textfont": {"size": 10},
                "customdata": [[plain(mark.name), mark.ceiling] for mark in own],
                "marker": {
                    "size": 10,
                    "color": colours.of_reason(reason),
                    "line": {"width": 1, "color": "rgba(0,0,0,.45)"},
                },
                "hovertemplate": (
                    "<b>%{customdata[0]}</b><br>%{x:,.4g} MACs a byte<br>%{y:,.5g} MACs a cycle, the array by itself "
                    f"%{{customdata[1]:,.5g}}<br>bound by {plain(reason)}<br><i>{bars.wrapped(about)}</i>"
                    "<extra></extra>"
                ),
            }
        )
    return data


def _layout() -> dict[str, Any]:
    return {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 44},
        "xaxis": {"type": "log", "title": {"text": "MACs a byte"}, "automargin": True, "dtick": 1, "tickformat": "~s"},
        "yaxis": {"type": "log", "title": {"text": "MACs a cycle"}, "automargin": True, "dtick": 1, "tickformat": "~s"},
    }


def _keys(found: Sequence[Mark], slope: float, flat: float) -> list[Key]:
    keys = []
    if slope:
        label = f"memory's peak, {slope:,.4g} B a cycle"
        keys.append(Key(label, "Report.memory_peak", colours.of_reason("offchip_bandwidth"), (0,)))
    if flat:
        best = max((mark for mark in found if mark.ceiling), key=lambda mark: mark.ceiling or 0)
        label = f"array's best, {flat:,.5g} MACs a cycle ({best.name})"
        keys.append(Key(label, "Report.array_best", colours.of_reason(ARRAY), (1,)))
        keys.append(Key("array by itself", "Report.array_alone", colours.of_reason(ARRAY), (2,)))
    bound = list(dict.fromkeys(mark.layer.bound_by for mark in found))
    keys += [
        Key(f"bound by {reason}", of_reason(reason), colours.of_reason(reason), (3 + place,), colours.letter(reason))
        for place, reason in enumerate(bound)
    ]
    return keys


def _table(found: Sequence[Mark]) -> Table:
    columns = [
        Column("layer", "Layers.name", words=True),
        Column("MACs", "Layers.macs"),
        Column("moving", "Layers.moving_cycles", "cycles"),
        Column("own bytes", "Report.offchip_bytes", "B"),
        Column("MACs a byte", "Report.intensity"),
        Column("by its own bytes", "Report.own_intensity", "MACs a byte"),
        Column("MACs a cycle", "Report.speed"),
        Column("array by itself", "Report.array_alone", "MACs a cycle"),
        Column("bound by", "Layers.bound_by", words=True),
    ]
    rows = [
        Row(
            [
                words(mark.name),
                whole(mark.layer.macs),
                whole(mark.layer.moving_cycles),
                whole(moved(mark.layer)),
                figure(mark.intensity),
                figure(mark.own),
                figure(mark.macs_per_cycle, 5),
                figure(mark.ceiling, 5),
                words(mark.layer.bound_by),
            ]
        )
        for mark in found
    ]
    return Table("Layers on the roofline", columns, rows)
