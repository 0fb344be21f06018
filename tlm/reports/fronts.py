"""Two measures of a sweep's points against each other, with the front of the two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

from ..sweeps.pareto import front
from . import colours
from .blocks import Chart, Key
from .measures import SHOWN, Done, far_apart, measured, on_axis, said
from .reading import Swept

HEIGHT_PX = 440


def fronts(done: Done, measures: Sequence[str]) -> dict[str, list[int]]:
    """The front of every two measures, by "one other": places in `done`, in the order of the first measure."""
    found = {}
    for pair in combinations(measures, 2):
        known = ((place, outcome.costs(pair)) for place, (_, outcome) in enumerate(done))
        found[" ".join(pair)] = front({place: costs for place, costs in known if costs is not None})
    return found


def scatter(swept: Swept, number: int, done: Done) -> Chart:
    """All points by two measures, the front of these marked."""
    measures = measured(done)
    x, y = _first_two(swept.told.by, measures)
    pairs = fronts(done, measures)
    best = pairs.get(f"{x} {y}") or pairs.get(f"{y} {x}", [])
    columns = {name: [on_axis(name, outcome) for _, outcome in done] for name in measures}
    texts = [said(point, swept.told.keys) for point, _ in done]
    data = [
        _cloud("points", columns, x, y, range(len(done)), {"size": 8, "color": colours.GREY, "opacity": 0.75}),
        _cloud("front", columns, x, y, best, {"size": 12, "color": colours.ACCENT, "symbol": "star"}),
        _marked(),
    ]
    data[1] |= {"mode": "lines+markers", "line": {"color": colours.ACCENT, "width": 1.5, "shape": "hv", "dash": "dot"}}
    axes = {
        name: {
            "title.text": SHOWN[name].title,
            "ticksuffix": SHOWN[name].axis,
            "type": "log" if far_apart(values) else "linear",
        }
        for name, values in columns.items()
    }
    layout = {
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 8, "b": 44},
        "xaxis": _axis(axes[x]),
        "yaxis": _axis(axes[y]),
    }
    keys = [
        Key("points", "Report.point", colours.GREY, (0,)),
        Key("front of the two measures", "Report.front", colours.ACCENT, (1,)),
    ]
    told = {
        "x": x,
        "y": y,
        "titles": {name: SHOWN[name].title for name in measures},
        "axes": axes,
        "columns": columns,
        "fronts": pairs,
        "points": [point.number for point, _ in done],
        "texts": texts,
    }
    return Chart(
        name=f"front-{number}",
        title=f"Points of {swept.name}, two measures",
        says=f"{len(done)} points by two measures, those on the front marked.",
        figure={"data": data, "layout": layout},
        height_px=HEIGHT_PX,
        keys=keys,
        axes=told,
    )


def _axis(told: Mapping[str, str]) -> dict[str, Any]:
    """A chart's axis, from what one is told to become when another measure is chosen."""
    rest = {"ticksuffix": told["ticksuffix"], "type": told["type"]}
    return {"automargin": True, "tickformat": "~s", "title": {"text": told["title.text"]}, **rest}


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
    marker: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [columns[x][place] for place in places],
        "y": [columns[y][place] for place in places],
        "marker": {**marker, "line": {"width": 1, "color": "rgba(0,0,0,.35)"}},
        "hovertemplate": "%{text}<br>%{xaxis.title.text}: %{x:.5~s}<br>%{yaxis.title.text}: %{y:.5~s}<extra></extra>",
    }


def _marked() -> dict[str, Any]:
    """The point that is pointed at elsewhere: none yet."""
    return {
        "type": "scatter",
        "mode": "markers",
        "x": [],
        "y": [],
        "hoverinfo": "skip",
        "marker": {
            "size": 18,
            "symbol": "circle-open",
            "color": colours.of_reason("offchip_bandwidth"),
            "line": {"width": 3},
        },
    }
