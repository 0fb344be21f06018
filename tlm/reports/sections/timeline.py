"""What was when: the states of components in each window, and how full FIFOs and buffers were."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

import attrs

from ...result import REASONS, ComponentTimeline, LevelTimeline, Timeline
from .. import bars, colours
from ..blocks import Block, Chart, Column, Fold, Key, Note, Panes, Row, Section, Table
from ..definitions import Definitions, of_reason
from ..numbers import cut, figure, plain, share, whole, words
from ..reading import Results, Run

BUSY = "busy"
STRIP_PX, LEVEL_PX, AROUND_PX = 44, 96, 60
FILLED = 0.86  # of a strip's height
FS_PER_US = 10**9
HOW = "was not recorded: run it again with --timeline beside --json or --out, and make the page of that result."


@attrs.frozen
class Strip:
    """Components that differ in numbers only, taken together: fs of each state in each window, over all of them."""

    name: str
    count: int
    states: dict[str, list[int]]

    def shares(self, state: str, widths: Sequence[int]) -> list[float]:
        """Of each window, by all of the components."""
        return [time / (width * self.count) for time, width in zip(self.states[state], widths, strict=True)]


@attrs.frozen
class Gauge:
    """Levels that differ in numbers only: the mean of their means, the most of their mosts."""

    name: str
    count: int
    unit: str
    capacity: int | None
    mean: list[float]
    most: list[int]


def section(results: Results, definitions: Definitions) -> Section | None:
    """Strips of components and lines of levels, of each run."""
    if not results.runs:
        return None
    lead = "What components did and how full buffers were, window by window. Numbered ones are taken together."
    panes = [(run.name, list(_blocks(run, number, definitions))) for number, run in enumerate(results.runs)]
    return Section("timeline", "Over time", lead, [Panes(panes)])


def widths_fs(timeline: Timeline) -> list[int]:
    """Of each window; the last one may be shorter."""
    begins = range(0, timeline.end_fs, timeline.window_fs)
    return [min(timeline.window_fs, timeline.end_fs - begin) for begin in begins]


def strips(components: Sequence[ComponentTimeline]) -> list[Strip]:
    """The components by their names without numbers, in order."""
    groups: dict[str, list[ComponentTimeline]] = {}
    for one in components:
        groups.setdefault(_folded(one.name), []).append(one)
    return [Strip(_name(name, len(own)), len(own), _states(own)) for name, own in groups.items()]


def gauges(levels: Sequence[LevelTimeline]) -> list[Gauge]:
    """The levels by their names without numbers; those of another capacity apart."""
    groups: dict[tuple[str, str, int | None], list[LevelTimeline]] = {}
    for one in levels:
        groups.setdefault((_folded(one.name), one.unit, one.capacity), []).append(one)
    return [
        Gauge(
            _name(name, len(own)),
            len(own),
            unit,
            capacity,
            [sum(means) / len(own) for means in zip(*(one.mean for one in own), strict=True)],
            [max(mosts) for mosts in zip(*(one.most for one in own), strict=True)],
        )
        for (name, unit, capacity), own in groups.items()
    ]


def _folded(name: str) -> str:
    return re.sub(r"\d+", "*", name)


def _name(name: str, count: int) -> str:
    short = name.removeprefix("soc.").removeprefix("accelerator.")
    return f"{short} ×{count}" if count > 1 else short  # noqa: RUF001


def _states(own: Sequence[ComponentTimeline]) -> dict[str, list[int]]:
    """fs in each state by window, all components together: busy, then reasons in the documented order."""
    sums = {BUSY: [sum(column) for column in zip(*(one.busy_fs for one in own), strict=True)]}
    found = {reason for one in own for reason, spans in one.waiting_fs.items() if any(spans)}
    for reason in [*(name for name in REASONS if name in found), *sorted(found - set(REASONS))]:
        spans = [one.waiting_fs[reason] for one in own if reason in one.waiting_fs]
        sums[reason] = [sum(column) for column in zip(*spans, strict=True)]
    return sums


def _blocks(run: Run, number: int, definitions: Definitions) -> Iterator[Block]:
    timeline = run.result.timeline
    if timeline is None:
        yield Note(f"The timeline of {run.name} {HOW}")
        return
    found = strips(timeline.components)
    if found:
        yield _states_chart(run, f"states-{number}", timeline, found, definitions)
        yield Fold("Each component by itself", blocks=[_busy_chart(run, f"busy-{number}", timeline)])
    if levels := gauges(timeline.levels):
        yield _levels_chart(run, f"levels-{number}", timeline, levels)
    if timeline.moved:
        yield _moved_chart(run, f"moved-{number}", timeline)


def _edges_us(timeline: Timeline) -> list[float]:
    """Where windows begin, and where the last one ends."""
    return [begin / FS_PER_US for begin in range(0, timeline.end_fs, timeline.window_fs)] + [timeline.end_fs / FS_PER_US]


def _states_chart(
    run: Run, name: str, timeline: Timeline, found: Sequence[Strip], definitions: Definitions
) -> Chart:
    widths, edges = widths_fs(timeline), _edges_us(timeline)
    data: list[dict[str, Any]] = []
    traces: dict[str, list[int]] = {}
    for place, strip in enumerate(found):
        data.append(_line(edges, [float(-place - 1)] * len(widths), None))
        stacked = [0.0] * len(widths)
        for state in strip.states:
            shares = strip.shares(state, widths)
            stacked = [below + one for below, one in zip(stacked, shares, strict=True)]
            traces.setdefault(state, []).append(len(data))
            about = definitions.all.get(of_reason(state) or "", "")
            data.append(_area(edges, place, stacked, shares, (strip.name, state, about)))
    keys = [Key(state, of_reason(state), colours.of_reason(state), traces[state], colours.letter(state)) for state in traces]
    keys.append(Key("idle", of_reason("idle"), colours.STATES["idle"]))
    names = [strip.name for strip in found]
    return Chart(
        name=name,
        title="Components",
        says=f"A strip for each of {len(found)} kinds of component of {run.name}: shares of each window it was busy or waiting.",
        figure={"data": data, "layout": _strips_layout(names, timeline)},
        height_px=AROUND_PX + STRIP_PX * len(found),
        keys=keys,
        table=_states_table(found, timeline),
    )


def _line(edges: Sequence[float], heights: Sequence[float], colour: str | None) -> dict[str, Any]:
    """A line in steps, a window each, of which the chart cuts off the last; without a colour it is only what others are filled down to."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x0": edges[0],
        "dx": edges[1] - edges[0],
        "y": [*heights, heights[-1]] if heights else [],
        "line": {"shape": "hv", "width": 1.5 if colour else 0, "color": colour or "rgba(0,0,0,0)"},
        "hoverinfo": "skip",
    }


def _area(
    edges: Sequence[float], place: int, stacked: Sequence[float], shares: Sequence[float], said: tuple[str, str, str]
) -> dict[str, Any]:
    name, state, about = said
    colour = colours.of_reason(state)
    heights = [round(-place - 1 + FILLED * height, 4) for height in stacked]
    definition = f"<br><i>{bars.wrapped(about)}</i>" if about else ""
    return {
        **_line(edges, heights, None),
        "fill": "tonexty",
        "fillcolor": colour,
        "customdata": [round(one, 5) for one in (*shares, shares[-1])],
        "hoverinfo": "all",
        "hovertemplate": (
            f"<b>{plain(name)}</b> from %{{x:,.2f}} us<br>{plain(state)}: %{{customdata:.1%}}{definition}<extra></extra>"
        ),
    }


def _time_axis(timeline: Timeline) -> dict[str, Any]:
    range_us = [0, timeline.end_fs / FS_PER_US]
    return {"title": {"text": "simulated time (us)"}, "automargin": True, "zeroline": False, "range": range_us}


def _strips_layout(names: Sequence[str], timeline: Timeline) -> dict[str, Any]:
    return {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 44},
        "xaxis": _time_axis(timeline),
        "yaxis": {
            "tickmode": "array",
            "tickvals": [-place - 1 + FILLED / 2 for place in range(len(names))],
            "ticktext": [plain(cut(name, 24)) for name in names],
            "range": [-len(names) - 0.08, 0],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
    }


def _states_table(found: Sequence[Strip], timeline: Timeline) -> Table:
    """Each strip's shares of the whole run."""
    states = list(dict.fromkeys(state for strip in found for state in strip.states))
    columns = [Column("component", "Components.name", words=True), *(Column(state, of_reason(state)) for state in states)]
    rows = []
    for strip in found:
        all_fs = timeline.end_fs * strip.count
        cells = [share(sum(strip.states[state]), all_fs) if state in strip.states else words(None) for state in states]
        rows.append(Row([words(strip.name), *cells]))
    return Table("Shares of the run", columns, rows)


def _busy_chart(run: Run, name: str, timeline: Timeline) -> Chart:
    """A heat map: of each component how much of each window it was busy, to a thousandth."""
    widths, own = widths_fs(timeline), timeline.components
    shares = [[round(1000 * time / width) for time, width in zip(one.busy_fs, widths, strict=True)] for one in own]
    names = [one.name.removeprefix("soc.") for one in own]
    figure_ = {
        "type": "heatmap",
        "x": _edges_us(timeline),
        "y": list(range(len(own))),
        "z": shares,
        "zmin": 0,
        "zmax": 1000,
        "colorscale": [[0, "rgba(138,147,163,0.10)"], [1, colours.of_reason(BUSY)]],
        "showscale": False,
        "hovertemplate": "from %{x:,.2f} us: busy %{z} of 1000<extra></extra>",
    }
    layout = _strips_layout(names, timeline)
    layout["yaxis"] |= {"tickvals": list(range(len(own))), "range": [len(own) - 0.5, -0.5]}
    columns = [Column("component", "Components.name", words=True), Column("busy", "Components.busy_fs", "fs")]
    rows = [Row([words(one.name), whole(sum(one.busy_fs))]) for one in own]
    return Chart(
        name=name,
        title="How busy each component was",
        says=f"A heat map of the busy share of {len(own)} components of {run.name} in each window.",
        figure={"data": [figure_], "layout": layout},
        height_px=AROUND_PX + 13 * max(len(own), 4),
        table=Table("Busy time of each component", columns, rows),
    )


def _levels_chart(run: Run, name: str, timeline: Timeline, found: Sequence[Gauge]) -> Chart:
    """A strip a level: its mean as an area, its most as a line, its capacity as a stroke."""
    edges = _edges_us(timeline)
    data: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 18, "b": 44},
        "xaxis": {**_time_axis(timeline), "anchor": f"y{len(found)}"},
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
            "text": plain(_called(gauge)), "xref": "paper", "yref": "paper", "x": 0, "y": 1 - (place + 0.08) / len(found),
            "xanchor": "left", "yanchor": "bottom", "showarrow": False, "font": {"size": 11},
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
    mean = _line(edges, gauge.mean, colours.ACCENT) | {
        "fill": "tozeroy",
        "fillcolor": "rgba(0,114,178,.22)",
        "hoverinfo": "all",
        "hovertemplate": f"<b>{name}</b> from %{{x:,.2f}} us<br>mean %{{y:,.6~g}}<extra></extra>",
    }
    most = _line(edges, gauge.most, colours.of_reason("offchip_bandwidth")) | {
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
        rows.append(Row([words(one.name), words(one.unit), whole(one.capacity), figure(mean), whole(max(one.most, default=0))]))
    return Table("Levels, over the whole run", columns, rows)


def _moved_chart(run: Run, name: str, timeline: Timeline) -> Chart:
    """Bytes a window at each target socket, as a rate."""
    widths, edges = widths_fs(timeline), _edges_us(timeline)
    data = []
    for place, one in enumerate(timeline.moved):
        rates = [moved * 10**15 / width for moved, width in zip(one.bytes, widths, strict=True)]
        colour = (colours.ACCENT, *colours.SPARE)[place % (len(colours.SPARE) + 1)]
        data.append(_line(edges, rates, colour) | {
            "customdata": [*one.bytes, one.bytes[-1]] if one.bytes else [],
            "hoverinfo": "all",
            "hovertemplate": (
                f"<b>{plain(one.name)}</b> from %{{x:,.2f}} us<br>%{{y:.4s}}B/s, %{{customdata:,}} B<extra></extra>"
            ),
        })  # fmt: skip
    keys = [
        Key(one.name, "Report.moved", data[place]["line"]["color"], (place,)) for place, one in enumerate(timeline.moved)
    ]
    layout = _strips_layout([], timeline)
    layout["yaxis"] = {"tickformat": "~s", "ticksuffix": "B/s", "automargin": True, "rangemode": "tozero"}
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
