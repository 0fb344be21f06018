"""Gauges: how full FIFOs and buffers were over time, and what was moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..result import LevelTimeline, Timeline
from . import colours
from .blocks import Chart, Column, Key, Row, Table
from .numbers import cut, figure, plain, whole, words
from .reading import Run
from .windows import AROUND_PX, edges_us, folded, line, shared_name, time_axis, widths_fs

LEVEL_PX, MOVED_PX = 96, 240


@attrs.frozen
class Gauge:
    """Levels that differ in numbers only: the mean of their means, the most of their mosts."""

    name: str
    count: int
    unit: str
    capacity: int | None
    mean: list[float]
    most: list[int]


def gauges(levels: Sequence[LevelTimeline]) -> list[Gauge]:
    """The levels by their names without numbers; those of another capacity apart."""
    groups: dict[tuple[str, str, int | None], list[LevelTimeline]] = {}
    for one in levels:
        groups.setdefault((folded(one.name), one.unit, one.capacity), []).append(one)
    return [
        Gauge(
            shared_name(own),
            len(own),
            unit,
            capacity,
            [sum(means) / len(own) for means in zip(*(one.mean for one in own), strict=True)],
            [max(mosts) for mosts in zip(*(one.max for one in own), strict=True)],
        )
        for (_, unit, capacity), own in groups.items()
    ]


def levels_chart(run: Run, name: str, timeline: Timeline, found: Sequence[Gauge]) -> Chart:
    """A strip a level: its mean as an area, its most as a line, its capacity as a stroke."""
    edges = edges_us(timeline)
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 18, "b": 44},
        "xaxis": {**time_axis(timeline), "anchor": f"y{len(found)}"},
        "annotations": [],
    }
    for place, gauge in enumerate(found):
        axis = f"y{place + 1}"
        bottom = 1 - (place + 0.74) / len(found)
        layout[f"yaxis{place + 1}"] = {
            "domain": [bottom, 1 - (place + 0.08) / len(found)],
            "automargin": True,
            "rangemode": "tozero",
            "nticks": 3,
            "tickformat": "~s",
            "ticksuffix": "B" if gauge.unit == "B" else "",
        }
        layout["annotations"].append({
            "text": plain(_called(gauge)), "xref": "paper", "yref": "paper", "showarrow": False,
            "x": 0, "y": 1 - (place + 0.08) / len(found), "xanchor": "left", "yanchor": "bottom", "font": {"size": 11},
        })  # fmt: skip
        data += _gauge(edges, gauge, axis)
    keys = [
        Key("mean", "Report.level_mean", colours.ACCENT, tuple(range(0, len(data), 3))),
        Key("most", "Report.level_most", colours.of_reason("offchip_bandwidth"), tuple(range(1, len(data), 3))),
        Key("capacity", "Report.level_capacity", colours.GREY, tuple(range(2, len(data), 3))),
    ]
    return Chart(
        name=name,
        title="Levels of FIFOs and buffers",
        says=f"{len(found)} lines over time: how full FIFOs and buffers of {run.name} were.",
        figure={"data": data, "layout": layout},
        height_px=AROUND_PX + LEVEL_PX * len(found),
        keys=keys,
        table=_levels_table(timeline),
    )


def _called(gauge: Gauge) -> str:
    unit = f" ({gauge.unit})" if gauge.unit else ""
    room = f", of {gauge.capacity:,}" if gauge.capacity is not None else ""
    return cut(gauge.name, 44) + unit + room


def _gauge(edges: Sequence[float], gauge: Gauge, axis: str) -> list[dict[str, Any]]:
    name = plain(gauge.name)
    mean = line(edges, gauge.mean, colours.ACCENT) | {
        "fill": "tozeroy",
        "fillcolor": "rgba(0,114,178,.22)",
        "hoverinfo": "all",
        "hovertemplate": f"<b>{name}</b> from %{{x:,.2f}} us<br>mean %{{y:,.6~g}}<extra></extra>",
    }
    most = line(edges, gauge.most, colours.of_reason("offchip_bandwidth")) | {
        "hoverinfo": "all",
        "hovertemplate": f"<b>{name}</b> from %{{x:,.2f}} us<br>most %{{y:,}}<extra></extra>",
    }
    known = gauge.capacity is not None
    capacity = {
        "type": "scatter",
        "mode": "lines",
        "x": [edges[0], edges[-1]] if known else [],
        "y": [gauge.capacity] * 2 if known else [],
        "line": {"color": colours.GREY, "width": 1.5, "dash": "dash"},
        "hovertemplate": f"<b>{name}</b><br>capacity %{{y:,}}<extra></extra>",
    }
    return [{**trace, "yaxis": axis} for trace in (mean, most, capacity)]


def _levels_table(timeline: Timeline) -> Table:
    columns = [
        Column("level", "Report.level", words=True),
        Column("unit", "Report.level_unit", words=True),
        Column("capacity", "Report.level_capacity"),
        Column("mean", "Report.level_mean"),
        Column("most", "Report.level_most"),
    ]
    widths = widths_fs(timeline)
    rows = []
    for one in timeline.levels:
        mean = sum(level * width for level, width in zip(one.mean, widths, strict=True)) / timeline.end_fs
        rows.append(
            Row([words(one.name), words(one.unit), whole(one.capacity), figure(mean), whole(max(one.max, default=0))])
        )
    return Table("Levels, over the whole run", columns, rows)


def moved_chart(run: Run, name: str, timeline: Timeline) -> Chart:
    """Bytes a window at each target socket, as a rate."""
    widths, edges = widths_fs(timeline), edges_us(timeline)
    data = []
    for place, one in enumerate(timeline.moved):
        rates = [moved * 10**15 / width for moved, width in zip(one.bytes, widths, strict=True)]
        colour = (colours.ACCENT, *colours.SPARE)[place % (len(colours.SPARE) + 1)]
        data.append(line(edges, rates, colour) | {
            "customdata": [*one.bytes, one.bytes[-1]] if one.bytes else [],
            "hoverinfo": "all",
            "hovertemplate": (
                f"<b>{plain(one.name)}</b> from %{{x:,.2f}} us<br>%{{y:.4s}}B/s, %{{customdata:,}} B<extra></extra>"
            ),
        })  # fmt: skip
    keys = [
        Key(one.name, "Report.moved", data[place]["line"]["color"], (place,))
        for place, one in enumerate(timeline.moved)
    ]
    layout = {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 44},
        "xaxis": time_axis(timeline),
        "yaxis": {"tickformat": "~s", "ticksuffix": "B/s", "automargin": True, "rangemode": "tozero"},
    }
    columns = [Column("socket", "Report.moved", words=True), Column("moved", "Report.moved", "B")]
    rows = [Row([words(one.name), whole(sum(one.bytes))]) for one in timeline.moved]
    return Chart(
        name=name,
        title="Bytes moved",
        says=f"Lines over time: bytes a second at the sockets of {run.name}.",
        figure={"data": data, "layout": layout},
        height_px=240,
        keys=keys,
        table=Table("Moved at each socket", columns, rows),
    )
