"""Parallel coordinates: a line a point, over an upright for each setting and measure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from . import colours
from .blocks import Chart, Key
from .measures import SHOWN, Done, amount, far_apart, measured, on_axis
from .numbers import cut, plain, prefixed
from .reading import Swept

HEIGHT_PX, AXIS_PX = 440, 104
MOST_LISTED = 14  # values of an axis that are told one by one
MOST_LETTERS, MOST_TITLE = 13, 15
LEAST_INK, MOST_INK, LINES_OF_INK = 0.1, 0.6, 60  # how opaque a line is: the fainter, the more there are


@attrs.frozen
class Axis:
    """One upright: its title, where on it (0 to 1) each point is, None where it has no value, and what is written."""

    title: str
    places: Sequence[float | None]
    ticks: Sequence[tuple[float, str]]


def parallel(swept: Swept, number: int, done: Done) -> Chart:
    """A line a point, those on the sweep's front in colour."""
    axes = [setting_axis(key, [point.written(key) for point, _ in done], done) for key in swept.told.keys]
    axes += [
        _number_axis(SHOWN[name].title, [on_axis(name, one) for _, one in done], SHOWN[name].axis)
        for name in measured(done)
    ]
    axes = [axis for axis in axes if any(place is not None for place in axis.places)]
    on_front = set(swept.told.front)
    numbers = [point.number for point, _ in done]
    others = [place for place, (point, _) in enumerate(done) if point.number not in on_front]
    best = [place for place, (point, _) in enumerate(done) if point.number in on_front]
    faint = max(LEAST_INK, min(MOST_INK, LINES_OF_INK / max(len(others), 1)))
    data = [
        _polyline("points", axes, others, numbers, {"color": f"rgba(138,147,163,{faint:.2f})", "width": 1}),
        _polyline("front", axes, best, numbers, {"color": colours.ACCENT, "width": 2.5}),
        _polyline("marked", axes, [], numbers, {"color": colours.of_reason("offchip_bandwidth"), "width": 4}),
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


def setting_axis(key: str, texts: Sequence[str | None], done: Done) -> Axis:
    """Few values or words: evenly, amounts by size and words as they occur; many amounts: to scale."""
    amounts = [amount(point.settings.get(key)) for point, _ in done]
    known = {text: size for text, size in zip(texts, amounts, strict=True) if text is not None}
    sizes = {text: size for text, size in known.items() if size is not None}
    order = list(known)
    if len(sizes) == len(known):
        order.sort(key=sizes.__getitem__)
        if len(known) > MOST_LISTED:
            to_scale = _number_axis(key, amounts)
            ends = [(0.0, order[0]), (1.0, order[-1])]
            return attrs.evolve(to_scale, ticks=ends)
    step = 1 / (len(order) - 1) if len(order) > 1 else 0.0
    at = {text: place * step if step else 0.5 for place, text in enumerate(order)}
    every = math.ceil(len(order) / MOST_LISTED)
    ticks = [(at[text], text) for text in order[::every]]
    return Axis(key, [None if text is None else at[text] for text in texts], ticks)


def _number_axis(title: str, values: Sequence[float | None], unit: str = "") -> Axis:
    """From the least to the most; by logarithms where these are far apart."""
    known = [value for value in values if value is not None]
    if not known:
        return Axis(title, [None] * len(values), [])
    low, high, log = min(known), max(known), far_apart(values)

    def at(value: float) -> float:
        if high == low:
            return 0.5
        return math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)

    middle = math.sqrt(low) * math.sqrt(high) if log else (low + high) / 2
    ends = [low, middle, high] if high > low else [low]
    ticks = [(at(value), prefixed(value, unit).text.strip()) for value in ends]
    return Axis(title, [None if value is None else round(at(value), 4) for value in values], ticks)


def _polyline(
    name: str, axes: Sequence[Axis], places: Sequence[int], numbers: Sequence[int], line: Mapping[str, Any]
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
        "customdata": [numbers[place] for _, _, place in found],
        "line": dict(line),
        "marker": {"size": 4, "color": line["color"]},
        "hovertemplate": "<b>point %{customdata}</b><extra></extra>",
    }


def _parallel_layout(axes: Sequence[Axis]) -> dict[str, Any]:
    uprights = [
        {
            "type": "line",
            "x0": x,
            "x1": x,
            "y0": 0,
            "y1": 1,
            "line": {"color": colours.GREY, "width": 1.5},
            "layer": "below",
        }
        for x in range(len(axes))
    ]
    ticks = [
        {
            "x": x, "y": y, "text": plain(cut(text, MOST_LETTERS)), "showarrow": False, "xanchor": "left", "xshift": 5,
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


def _title(title: str) -> list[str]:
    """A key in lines of its parts, so that it has room above its upright."""
    return [cut(part, MOST_TITLE) for part in title.split(".")]
