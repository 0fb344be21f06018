"""A sweep: what its points came to, which are to be preferred, and how settings and measures go together."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import attrs

from ...sweeps.outcome import DONE, MEASURES, Outcome
from ...sweeps.pareto import front
from ...sweeps.points import Point
from .. import colours
from ..blocks import Block, Cell, Chart, Column, Key, Note, Row, Section, Table
from ..definitions import Definitions
from ..numbers import NONE, cut, figure, plain, prefixed, rounded, whole, words
from ..reading import Results, Swept

HEIGHT_PX, AXIS_PX = 440, 104
MOST_LISTED = 14  # values of an axis that are told one by one
UNITS = {"cycles": "", "time_fs": "fs", "energy_j": "J", "area_mm2": "mm²", "offchip_bytes": "B", "images_per_s": "1/s"}
TITLES = {
    "cycles": "cycles",
    "time_fs": "simulated time (fs)",
    "energy_j": "energy (J)",
    "area_mm2": "area (mm²)",
    "offchip_bytes": "off-chip (B)",
    "images_per_s": "images a second",
}


def section(results: Results, _definitions: Definitions) -> Section | None:
    """All sweeps, one after the other."""
    if not results.sweeps:
        return None
    lead = "A point is a run. The front is of those to which none is preferable: nowhere worse, and somewhere better."
    blocks = [block for number, one in enumerate(results.sweeps) for block in _blocks(one, number)]
    return Section("sweep", "Sweep", lead, blocks)


def _blocks(swept: Swept, number: int) -> Iterator[Block]:
    told = swept.told
    done = [(point, outcome) for point, outcome in told.points if outcome and outcome.status == DONE]
    unreached = sum(outcome is None for _, outcome in told.points)
    yield Note(
        f"{swept.name}: {len(told.points):,} points, {len(done):,} done, {len(told.failed):,} failed, {unreached:,} not "
        f"run; {len(told.front):,} on the front of {', '.join(told.by)}."
    )
    if told.unmeasured:
        numbers = ", ".join(map(str, told.unmeasured))
        yield Note(f"Not compared, for {' or '.join(told.by)} is not known: points {numbers}.")
    yield _scatter(swept, number, done)
    yield _parallel(swept, number, done)
    yield _points(swept)
    if told.failed:
        yield _failed(swept)


def shown(point: Point, key: str) -> str | None:
    """A setting as it is written in a sweep."""
    if key not in point.settings:
        return None
    value = point.settings[key]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _measured(done: Sequence[tuple[Point, Outcome]]) -> list[str]:
    """The measures that any point has."""
    return [name for name in MEASURES if any(outcome.measure(name) is not None for _, outcome in done)]


# --- the table


def _points(swept: Swept) -> Table:
    told = swept.told
    measures = _measured([(point, outcome) for point, outcome in told.points if outcome])
    columns = [
        Column("point", "Report.point"),
        Column("front", "Report.front", words=True),
        *(Column(key, "Report.setting", words=True) for key in told.keys),
        Column("status", "Report.status", words=True),
        *(Column(TITLES[name].split(" (")[0], _define(name), UNITS[name]) for name in measures),
    ]
    on_front = set(told.front)
    rows = [Row(list(_cells(point, outcome, told.keys, measures, on_front))) for point, outcome in told.points]
    return Table(f"Points of {swept.name}", columns, rows, of_points=True)


def _define(measure: str) -> str:
    return f"Run.{measure}" if measure != "offchip_bytes" else "Report.offchip_bytes"


def _cells(
    point: Point, outcome: Outcome | None, keys: Sequence[str], measures: Sequence[str], on_front: set[int]
) -> Iterator[Cell]:
    yield whole(point.number)
    yield Cell("★" if point.number in on_front else "", point.number in on_front)
    for key in keys:
        yield _setting(point, key)
    yield words(outcome.status if outcome else "not run")
    for name in measures:
        yield _measure(name, outcome.measure(name) if outcome else None)


def _setting(point: Point, key: str) -> Cell:
    """Numbers keep their value, by which they are sorted."""
    text = shown(point, key)
    if text is None:
        return NONE
    value = point.settings[key]
    return Cell(text, value if isinstance(value, (int, float, str)) else text)


def _measure(name: str, value: float | None) -> Cell:
    if value is None:
        return NONE
    if name == "time_fs":
        return Cell(prefixed(value / 1e15, "s", 4).text, value)
    if name == "energy_j":
        return prefixed(value, "J", 4)
    return whole(value) if isinstance(value, int) else figure(value)


def _failed(swept: Swept) -> Table:
    columns = [
        Column("point", "Report.point"),
        Column("settings", "Report.setting", words=True),
        Column("status", "Report.status", words=True),
        Column("message", "Report.message", words=True),
    ]
    rows = [
        Row([
            whole(point.number),
            words(", ".join(f"{key}={shown(point, key)}" for key in point.settings)),
            words(outcome.status),
            words(outcome.message),
        ])
        for point, outcome in swept.told.failed
    ]
    return Table(f"Failed points of {swept.name}", columns, rows)


# --- two measures against each other


def fronts(done: Sequence[tuple[Point, Outcome]], measures: Sequence[str]) -> dict[str, list[int]]:
    """The front of every two measures, by "one other": places in `done`, in the order of the first measure."""
    found = {}
    for pair in combinations(measures, 2):
        costs: dict[int, tuple[float, ...]] = {}
        for place, (_, outcome) in enumerate(done):
            values = [outcome.measure(name) for name in pair]
            signed = [-v if MEASURES[name] else v for name, v in zip(pair, values, strict=True) if v is not None]
            if len(signed) == len(pair):
                costs[place] = tuple(signed)
        found[" ".join(pair)] = front(costs)
    return found


def _scatter(swept: Swept, number: int, done: Sequence[tuple[Point, Outcome]]) -> Chart:
    measures = _measured(done)
    x, y = _first_two(swept.told.by, measures)
    pairs = fronts(done, measures)
    best = pairs.get(f"{x} {y}") or pairs.get(f"{y} {x}", [])
    columns = {name: [outcome.measure(name) for _, outcome in done] for name in measures}
    texts = [_said(point, swept.told.keys) for point, _ in done]
    data = [
        _cloud("points", columns, x, y, range(len(done)), texts, {"size": 8, "color": colours.GREY, "opacity": 0.75}),
        _cloud("front", columns, x, y, best, texts, {"size": 12, "color": colours.ACCENT, "symbol": "star"}),
        _marked(),
    ]
    data[1] |= {"mode": "lines+markers", "line": {"color": colours.ACCENT, "width": 1.5, "shape": "hv", "dash": "dot"}}
    axis = {"automargin": True, "tickformat": "~s", "type": "linear"}
    layout = {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 44},
        "xaxis": {**axis, "title": {"text": TITLES[x]}},
        "yaxis": {**axis, "title": {"text": TITLES[y]}},
    }
    keys = [
        Key("points", "Report.point", colours.GREY, (0,)),
        Key("front of the two measures", "Report.front", colours.ACCENT, (1,)),
    ]
    numbers = [point.number for point, _ in done]
    axes = {
        "x": x, "y": y, "titles": {name: TITLES[name] for name in measures}, "columns": columns, "fronts": pairs,
        "points": numbers, "texts": texts,
    }  # fmt: skip
    return Chart(
        name=f"front-{number}",
        title=f"Points of {swept.name}, two measures",
        says=f"{len(done)} points by two measures, those on the front marked.",
        figure={"data": data, "layout": layout},
        height_px=HEIGHT_PX,
        keys=keys,
        axes=axes,
    )


def _first_two(by: Sequence[str], measures: Sequence[str]) -> tuple[str, str]:
    """What is compared first: what the front is of, and what there is."""
    wanted = [name for name in (*by, *measures) if name in measures]
    two = list(dict.fromkeys(wanted))[:2]
    return (two[0], two[1]) if len(two) > 1 else (measures[0], measures[0])


def _cloud(
    name: str,
    columns: Mapping[str, Sequence[Any]],
    x: str,
    y: str,
    places: Sequence[int] | range,
    texts: Sequence[str],
    marker: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [columns[x][place] for place in places],
        "y": [columns[y][place] for place in places],
        "customdata": list(places),
        "text": [texts[place] for place in places],
        "marker": {**marker, "line": {"width": 1, "color": "rgba(0,0,0,.35)"}},
        "hovertemplate": "%{text}<br>%{xaxis.title.text}: %{x:,.6~g}<br>%{yaxis.title.text}: %{y:,.6~g}<extra></extra>",
    }


def _marked() -> dict[str, Any]:
    """The point that is pointed at elsewhere: none yet."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [],
        "y": [],
        "hoverinfo": "skip",
        "marker": {"size": 18, "symbol": "circle-open", "color": colours.of_reason("offchip_bandwidth"), "line": {"width": 3}},
    }


def _said(point: Point, keys: Sequence[str]) -> str:
    """A point for its mark: its number and settings, a line each."""
    lines = [f"{plain(key)}: {plain(cut(shown(point, key) or '', 40))}" for key in keys if key in point.settings]
    return "<br>".join([f"<b>point {point.number}</b>", *lines])


# --- all axes at once


@attrs.frozen
class Axis:
    """One upright: its title, where on it (0 to 1) each point is, None where it has no value, and what is written."""

    title: str
    places: Sequence[float | None]
    ticks: Sequence[tuple[float, str]]


def _parallel(swept: Swept, number: int, done: Sequence[tuple[Point, Outcome]]) -> Chart:
    axes = [_setting_axis(key, [shown(point, key) for point, _ in done], done) for key in swept.told.keys]
    axes += [_number_axis(TITLES[name], [outcome.measure(name) for _, outcome in done]) for name in _measured(done)]
    axes = [axis for axis in axes if any(place is not None for place in axis.places)]
    on_front = set(swept.told.front)
    texts = [_said(point, ()) for point, _ in done]
    others = [place for place, (point, _) in enumerate(done) if point.number not in on_front]
    best = [place for place, (point, _) in enumerate(done) if point.number in on_front]
    data = [
        _polyline("points", axes, others, texts, {"color": "rgba(138,147,163,.55)", "width": 1}),
        _polyline("front", axes, best, texts, {"color": colours.ACCENT, "width": 2.5}),
        {**_polyline("marked", axes, [], texts, {"color": colours.of_reason("offchip_bandwidth"), "width": 4})},
    ]
    keys = [
        Key("points", "Report.point", colours.GREY, (0,)),
        Key(f"front of {', '.join(swept.told.by)}", "Report.front", colours.ACCENT, (1,)),
    ]
    return Chart(
        name=f"parallel-{number}",
        title=f"Settings and measures of {swept.name}",
        says=f"A line a point over {len(axes)} uprights, one for each setting and measure.",
        figure={"data": data, "layout": _parallel_layout(axes)},
        height_px=HEIGHT_PX,
        keys=keys,
        width_px=AXIS_PX * len(axes),
    )


def _setting_axis(key: str, texts: Sequence[str | None], done: Sequence[tuple[Point, Outcome]]) -> Axis:
    """Few values or words: evenly, as they occur (numbers by size); many numbers: to scale."""
    values = [point.settings.get(key) for point, _ in done]
    numbers = [value if isinstance(value, (int, float)) and not isinstance(value, bool) else None for value in values]
    known = list(dict.fromkeys(text for text in texts if text is not None))
    if all(number is not None for number, text in zip(numbers, texts, strict=True) if text is not None):
        if len(known) > MOST_LISTED:
            return _number_axis(key, numbers)
        known.sort(key=float)
    step = 1 / (len(known) - 1) if len(known) > 1 else 0.0
    at = {text: place * step if step else 0.5 for place, text in enumerate(known)}
    every = math.ceil(len(known) / MOST_LISTED)
    ticks = [(at[text], text) for text in known[::every]]
    return Axis(key, [None if text is None else at[text] for text in texts], ticks)


def _number_axis(title: str, values: Sequence[float | None]) -> Axis:
    """From the least to the most; by logarithms where these are far apart."""
    known = [value for value in values if value is not None]
    if not known:
        return Axis(title, [None] * len(values), [])
    low, high = min(known), max(known)
    log = low > 0 and high / low > 30

    def at(value: float) -> float:
        if high == low:
            return 0.5
        return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)

    middle = math.sqrt(low) * math.sqrt(high) if log else (low + high) / 2
    ends = [low, middle, high] if high > low else [low]
    ticks = [(at(value), prefixed(value, "").text if abs(value) >= 1e4 or 0 < abs(value) < 1e-2 else rounded(value, 3)) for value in ends]
    return Axis(title, [None if value is None else round(at(value), 5) for value in values], ticks)


def _polyline(
    name: str, axes: Sequence[Axis], places: Sequence[int], texts: Sequence[str], line: Mapping[str, Any]
) -> dict[str, Any]:
    """One trace of all lines, a gap behind each; a line passes by what its point does not set."""
    found: list[tuple[int | None, float | None, int]] = []
    for place in places:
        found += [(x, axis.places[place], place) for x, axis in enumerate(axes) if axis.places[place] is not None]
        found.append((None, None, place))
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": [x for x, _, _ in found],
        "y": [y for _, y, _ in found],
        "customdata": [place for _, _, place in found],
        "line": dict(line),
        "marker": {"size": 4, "color": line["color"]},
        "text": [texts[place] for _, _, place in found],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _parallel_layout(axes: Sequence[Axis]) -> dict[str, Any]:
    uprights = [
        {"type": "line", "x0": x, "x1": x, "y0": 0, "y1": 1, "line": {"color": colours.GREY, "width": 1.5}, "layer": "below"}
        for x in range(len(axes))
    ]
    ticks = [
        {
            "x": x, "y": y, "text": plain(cut_to(text)), "showarrow": False, "xanchor": "left", "xshift": 5,
            "font": {"size": 11}, "bgcolor": "PANEL", "opacity": 0.85, "borderpad": 1,
        }
        for x, axis in enumerate(axes)
        for y, text in axis.ticks
    ]  # fmt: skip
    return {
        "hovermode": "closest",
        "hoverdistance": 12,
        "margin": {"l": 24, "r": 74, "t": 52, "b": 16},
        "xaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(axes))),
            "ticktext": ["<br>".join(plain(part) for part in _title(axis.title)) for axis in axes],
            "range": [-0.1, len(axes) - 0.9],
            "side": "top",
            "showgrid": False,
            "zeroline": False,
            "tickangle": 0,
            "fixedrange": True,
        },
        "yaxis": {"visible": False, "range": [-0.05, 1.05], "fixedrange": True},
        "shapes": uprights,
        "annotations": ticks,
    }


def cut_to(text: str) -> str:
    """What has room between two uprights."""
    return cut(text, 13)


def _title(title: str) -> list[str]:
    """A key in lines of its parts, so that it has room above its upright."""
    return [cut(part, 15) for part in title.replace(" (", ".(").split(".")]
