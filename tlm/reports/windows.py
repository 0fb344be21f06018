"""What charts over time share: windows, lines in steps, and names of components that differ in numbers only."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ..result import ComponentTimeline, LevelTimeline, Timeline

AROUND_PX = 60
FS_PER_US = 10**9
AROUND = ("soc", "accelerator", "array")  # what stands around every component


def widths_fs(timeline: Timeline) -> list[int]:
    """Of each window; the last one may be shorter."""
    begins = range(0, timeline.end_fs, timeline.window_fs)
    return [min(timeline.window_fs, timeline.end_fs - begin) for begin in begins]


def edges_us(timeline: Timeline) -> list[float]:
    """Where windows begin, and where the last one ends."""
    return [begin / FS_PER_US for begin in range(0, timeline.end_fs, timeline.window_fs)] + [
        timeline.end_fs / FS_PER_US
    ]


def line(edges: Sequence[float], heights: Sequence[float], colour: str | None) -> dict[str, Any]:
    """A line in steps, a window each, the last of which the chart cuts off.

    Without a colour it is only what others are filled down to.
    """
    return {
        "type": "scatter",
        "mode": "lines",
        "x0": edges[0],
        "dx": edges[1] - edges[0],
        "y": [*heights, heights[-1]] if heights else [],
        "line": {"shape": "hv", "width": 1.5 if colour else 0, "color": colour or "rgba(0,0,0,0)"},
        "hoverinfo": "skip",
    }


def time_axis(timeline: Timeline) -> dict[str, Any]:
    """The axis of the whole run, in us."""
    range_us = [0, timeline.end_fs / FS_PER_US]
    return {"title": {"text": "simulated time (us)"}, "automargin": True, "zeroline": False, "range": range_us}


def folded(name: str) -> str:
    """A name without its numbers."""
    return re.sub(r"\d+", "*", name)


def shared_name(own: Sequence[ComponentTimeline | LevelTimeline]) -> str:
    """Of one its name, of several what they share; without what stands around everything, or says the same twice."""
    name = own[0].name if len(own) == 1 else folded(own[0].name)
    parts = [part for part in name.split(".") if part not in AROUND]
    short = [part for part, then in zip(parts, [*parts[1:], ""], strict=True) if not then.startswith(part.rstrip("s"))]
    return ".".join(short) + (f" ×{len(own)}" if len(own) > 1 else "")  # noqa: RUF001
