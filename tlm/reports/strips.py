"""Strips: what components did, the share of each window in each state, stacked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..result import REASONS, ComponentTimeline, Timeline
from . import bars, colours
from .blocks import Chart, Column, Key, Row, Table
from .definitions import Definitions, of_reason
from .numbers import NONE, cut, plain, share, whole, words
from .reading import Run
from .windows import AROUND_PX, edges_us, folded, line, shared_name, time_axis, widths_fs

BUSY, IDLE = "busy", "idle"
STRIP_PX, ROW_PX = 44, 13
FILLED = 0.86  # of a strip's height


@attrs.frozen
class Strip:
    """Components that differ in numbers only, taken together: fs of each state in each window, over all of them."""

    name: str
    count: int
    states: dict[str, list[int]]

    def shares(self, state: str, widths: Sequence[int]) -> list[float]:
        """Of each window, by all of the components; idle is what is left."""
        if state == IDLE:
            known = zip(*(self.shares(one, widths) for one in self.states), strict=True)
            return [max(0.0, 1 - sum(shares)) for shares in known]
        return [time / (width * self.count) for time, width in zip(self.states[state], widths, strict=True)]


def strips(components: Sequence[ComponentTimeline]) -> list[Strip]:
    """The components by their names without numbers, in order."""
    groups: dict[str, list[ComponentTimeline]] = {}
    for one in components:
        groups.setdefault(folded(one.name), []).append(one)
    return [Strip(shared_name(own), len(own), _states(own)) for own in groups.values()]


def _states(own: Sequence[ComponentTimeline]) -> dict[str, list[int]]:
    """fs in each state by window, all components together: busy, then reasons in the documented order."""
    sums = {BUSY: [sum(column) for column in zip(*(one.busy_fs for one in own), strict=True)]}
    found = {reason for one in own for reason, spans in one.waiting_fs.items() if any(spans)}
    for reason in [*(name for name in REASONS if name in found), *sorted(found - set(REASONS))]:
        spans = [one.waiting_fs[reason] for one in own if reason in one.waiting_fs]
        sums[reason] = [sum(column) for column in zip(*spans, strict=True)]
    return sums


def states_chart(run: Run, name: str, timeline: Timeline, found: Sequence[Strip], definitions: Definitions) -> Chart:
    """A strip for each of `found`, filled with its states from below."""
    widths, edges = widths_fs(timeline), edges_us(timeline)
    data: list[dict[str, Any]] = []
    traces: dict[str, list[int]] = {}
    for place, strip in enumerate(found):
        data.append(line(edges, [float(-place - 1)] * len(widths), None))
        stacked = [0.0] * len(widths)
        for state in (*strip.states, IDLE):
            shares = strip.shares(state, widths)
            stacked = [below + one for below, one in zip(stacked, shares, strict=True)]
            traces.setdefault(state, []).append(len(data))
            about = definitions.all.get(of_reason(state) or "", "")
            data.append(_area(edges, place, stacked, shares, (strip.name, state, about)))
    keys = [
        Key(state, of_reason(state), colours.of_reason(state), traces[state], colours.letter(state)) for state in traces
    ]
    names = [strip.name for strip in found]
    return Chart(
        name=name,
        title="Components",
        says=f"{len(found)} strips over time: shares in which components of {run.name} were busy, waiting, idle.",
        figure={"data": data, "layout": _layout(names, timeline)},
        height_px=AROUND_PX + STRIP_PX * len(found),
        keys=keys,
        wide=True,
        table=_states_table(found, timeline),
    )


def _area(
    edges: Sequence[float], place: int, stacked: Sequence[float], shares: Sequence[float], said: tuple[str, str, str]
) -> dict[str, Any]:
    name, state, about = said
    colour = colours.of_reason(state)
    heights = [round(-place - 1 + FILLED * height, 4) for height in stacked]
    definition = f"<br><i>{bars.wrapped(about)}</i>" if about else ""
    return {
        **line(edges, heights, None),
        "fill": "tonexty",
        "fillcolor": colour,
        "customdata": [round(one, 5) for one in (*shares, shares[-1])],
        "hoverinfo": "all",
        "hovertemplate": (
            f"<b>{plain(name)}</b> from %{{x:,.2f}} us<br>{plain(state)}: %{{customdata:.1%}}{definition}"
            "<extra></extra>"
        ),
    }


def _layout(names: Sequence[str], timeline: Timeline) -> dict[str, Any]:
    return {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 44},
        "xaxis": time_axis(timeline),
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
    states = [*dict.fromkeys(state for strip in found for state in strip.states), IDLE]
    columns = [
        Column("component", "Components.name", words=True),
        *(Column(state, of_reason(state)) for state in states),
    ]
    rows = []
    for strip in found:
        all_fs = timeline.end_fs * strip.count
        sums = {state: sum(spans) for state, spans in strip.states.items()}
        sums[IDLE] = all_fs - sum(sums.values())
        cells = [share(sums[state], all_fs) if state in sums else NONE for state in states]
        rows.append(Row([words(strip.name), *cells]))
    return Table("Shares of the run", columns, rows)


def busy_chart(run: Run, name: str, timeline: Timeline) -> Chart:
    """A heat map: of each component how much of each window it was busy, to a thousandth."""
    widths, own = widths_fs(timeline), timeline.components
    shares = [[round(1000 * time / width) for time, width in zip(one.busy_fs, widths, strict=True)] for one in own]
    names = [one.name.removeprefix("soc.") for one in own]
    figure_ = {
        "type": "heatmap",
        "x": edges_us(timeline),
        "y": list(range(len(own))),
        "z": shares,
        "zmin": 0,
        "zmax": 1000,
        "colorscale": [[0, "rgba(138,147,163,0.10)"], [1, colours.of_reason(BUSY)]],
        "showscale": False,
        "hovertemplate": "from %{x:,.2f} us: busy %{z} of 1000<extra></extra>",
    }
    layout = _layout(names, timeline)
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
