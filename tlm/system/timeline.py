"""Fold what was recorded of a run in windows into its result."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from ..core import BUSY
from ..result import Component, ComponentTimeline, LevelTimeline, MovedTimeline, Result, Timeline
from ..timeline import Windows
from ..timeline.windows import LevelBins


def with_timeline(result: Result, windows: Windows) -> Result:
    """`result` with what `windows` recorded of it."""
    count = -(-(result.time_fs - windows.begin_fs) // windows.width_fs)
    states = {".".join(signal.scope): states for signal, states in windows.states.items()}
    timeline = Timeline(
        window_fs=windows.width_fs,
        end_fs=result.time_fs,
        components=[_component(one, states.get(one.name, {}), count) for one in result.components],
        levels=[
            LevelTimeline(
                signal.full_name, signal.unit, signal.capacity, _means(bins, windows, result.time_fs), bins.most[:count]
            )
            for signal, bins in windows.levels.items()
        ],
        moved=[MovedTimeline(".".join(scope), bins[:count]) for scope, bins in windows.moved_bytes.items()],
    )
    return attrs.evolve(result, timeline=timeline)


def _component(component: Component, states: dict[str, list[int]], count: int) -> ComponentTimeline:
    none: Sequence[int] = [0] * count
    return ComponentTimeline(
        name=component.name,
        kind=component.kind,
        busy_fs=list(states.get(BUSY, none)[:count]),
        waiting_fs={reason: states.get(reason, [])[:count] for reason in component.waiting_fs},
    )


def _means(bins: LevelBins, windows: Windows, end_fs: int) -> list[float]:
    """To a thousandth, window by window."""
    begins = range(windows.begin_fs, end_fs, windows.width_fs)
    widths = [min(windows.width_fs, end_fs - begin) for begin in begins]
    return [round(area / width, 3) for area, width in zip(bins.area, widths, strict=False)]
