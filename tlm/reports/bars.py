"""Bars of layers: one a layer, stacked of parts, the first layer on top."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from ..result import LayerResult
from .blocks import Figure, Key
from .numbers import cut, plain

TALL, MIDDLE, LOW = (26, 20), (18, 60), (13, 0)  # px a bar, up to so many bars; the last for any number
AROUND_PX = 70


@attrs.frozen
class Part:
    """A part of all bars: what it is called, its definition and colour, its amount in each bar (None: not known)."""

    label: str
    define: str | None
    colour: str
    amounts: Sequence[float | None]
    letter: str = ""


def layer_names(layers: Sequence[LayerResult]) -> list[str]:
    """What each layer is called, with its accelerator's name where there are several."""
    return [f"{layer.accelerator}: {layer.name}" if layer.accelerator else layer.name for layer in layers]


def height_px(bars: int) -> int:
    """How tall a chart of so many bars is."""
    each = next(px for px, most in (TALL, MIDDLE, LOW) if bars <= most or not most)
    return AROUND_PX + each * max(bars, 2)


def stacked(
    names: Sequence[str], parts: Sequence[Part], title: str, unit: str = "", says: Mapping[str, str] = {}
) -> Figure:
    """A stack of `parts` a name, over `title`; `says` are definitions by their names, shown at the marks."""
    data = [_trace(names, part, unit, says.get(part.define or "", "")) for part in parts]
    layout: dict[str, Any] = {
        "barmode": "stack",
        "bargap": 0.18,
        "hovermode": "closest",
        "uniformtext": {"mode": "hide", "minsize": 9},
        "margin": {"l": 8, "r": 12, "t": 8, "b": 44},
        "xaxis": {
            "title": {"text": title},
            "tickformat": "~s",
            "ticksuffix": unit,
            "automargin": True,
            "rangemode": "tozero",
        },
        "yaxis": {
            "tickmode": "array",
            "tickvals": list(range(len(names))),
            "ticktext": [plain(cut(name)) for name in names],
            "range": [len(names) - 0.5, -0.5],
            "automargin": True,
            "showgrid": False,
            "zeroline": False,
        },
    }
    return {"data": data, "layout": layout}


def keys(parts: Sequence[Part]) -> list[Key]:
    """The legend of a stack."""
    return [Key(part.label, part.define, part.colour, (place,), part.letter) for place, part in enumerate(parts)]


def wrapped(text: str, width: int = 52) -> str:
    """Words in lines, for what is shown at a mark."""
    lines = [""]
    for word in plain(text).split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "<br>".join(lines)


def _trace(names: Sequence[str], part: Part, unit: str, definition: str) -> dict[str, Any]:
    about = f"<br><i>{wrapped(definition)}</i>" if definition else ""
    amount = "%{x:.4s}" + unit if unit else "%{x:,}"
    return {
        "type": "bar",
        "orientation": "h",
        "name": plain(part.label),
        "y": list(range(len(names))),
        "x": list(part.amounts),
        "customdata": [plain(name) for name in names],
        "text": part.letter,
        "textposition": "inside",
        "insidetextanchor": "middle",
        "textangle": 0,
        "marker": {"color": part.colour, "line": {"width": 0}},
        "hovertemplate": f"<b>%{{customdata}}</b><br>{plain(part.label)}: {amount}{about}<extra></extra>",
    }
