"""How the measures and settings of a sweep's points are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from ..inputs.errors import BadInput
from ..inputs.units import UNITS, quantity
from ..sweeps.outcome import MEASURES, Outcome
from ..sweeps.points import Point
from .numbers import cut, plain

FS_PER_S = 10**15
FAR_APART = 30  # how many times the least value the most is, from which on an axis is logarithmic

#: Points that were done, with what they came to.
Done = Sequence[tuple[Point, Outcome]]


@attrs.frozen
class Measure:
    """How a measure is told: its title, the document's unit, and the unit of axes."""

    title: str
    unit: str
    axis: str


SHOWN = {
    "cycles": Measure("cycles", "", ""),
    "time_fs": Measure("simulated time", "fs", "s"),
    "energy_j": Measure("energy", "J", "J"),
    "area_mm2": Measure("area", "mm²", " mm²"),
    "offchip_bytes": Measure("off-chip", "B", "B"),
    "images_per_s": Measure("images a second", "1/s", ""),
}


def amount(value: Any) -> float | None:
    """The number that a setting is, units in their base ("4 MiB", "980 MHz"); None of what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if not isinstance(value, str):
        return float(value)
    for unit in UNITS:
        try:
            return quantity(value, unit)
        except BadInput:
            continue
    return None


def measured(done: Done) -> list[str]:
    """The measures that any point has."""
    return [name for name in MEASURES if any(outcome.measure(name) is not None for _, outcome in done)]


def on_axis(name: str, outcome: Outcome) -> float | None:
    """A measure as axes have it: time in seconds."""
    value = outcome.measure(name)
    return value / FS_PER_S if name == "time_fs" and value is not None else value


def far_apart(values: Sequence[float | None]) -> bool:
    """Whether an axis of these is logarithmic."""
    known = [value for value in values if value is not None]
    return bool(known) and min(known) > 0 and max(known) / min(known) > FAR_APART


def said(point: Point, keys: Sequence[str]) -> str:
    """A point for its mark: its number and settings, a line each."""
    lines = [f"{plain(key)}: {plain(cut(point.written(key) or '', 40))}" for key in keys if key in point.settings]
    return "<br>".join([f"<b>point {point.number}</b>", *lines])
