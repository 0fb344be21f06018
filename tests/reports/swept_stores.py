"""Stores with points that nobody ran: as many as a test likes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tlm.sweeps.outcome import DONE, Outcome
from tlm.sweeps.points import Point
from tlm.sweeps.store import Store


def store(file: Path, count: int, **first: Any) -> Path:
    """A store of `count` points of two settings that trade cycles for energy; `first` changes the first's settings."""
    with Store(file) as kept:
        for number in range(1, count + 1):
            kept.add(_point(number, **(first if number == 1 else {})), outcome(number))
    return file


def outcome(number: int) -> Outcome:
    """Every seventh fails; others are all on the front or near it."""
    if number % 7 == 0:
        return Outcome("bad input", f"point {number} cannot be")
    cycles = 1000 * number + (number % 5) * 3000
    return Outcome(
        DONE,
        cycles=cycles,
        time_fs=cycles * 1_020_408,
        energy_j=1e-3 / number,
        area_mm2=10.0 + number % 4,
        offchip_bytes=4096 * number,
        images_per_s=1e6 / number,
        wall_s=0.5,
    )


def _point(number: int, **more: Any) -> Point:
    settings = {"accelerator.tiles": number, "memory.standard": ("hbm", "ddr4-3200")[number % 2], **more}
    return Point(number, f"key{number}", settings)
