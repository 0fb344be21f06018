"""Fully connected layers on a bit-serial grid: bricks rotate over the columns (DPRed, section 5.1)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .geometry import Int64s


def rotating_columns(busy: npt.NDArray[np.integer], columns: int) -> Int64s:
    """When every brick and all before it are done: [bricks] cycles.

    Brick i goes to column i mod `columns` and holds it busy[i] cycles; it starts one cycle after brick i - 1,
    or when its column is free.
    """
    free = [0] * columns
    ends = []
    start = -1
    for brick, cycles in enumerate(busy.tolist()):
        column = brick % columns
        start = max(start + 1, free[column])
        free[column] = start + cycles
        ends.append(free[column])
    return np.maximum.accumulate(np.array(ends, dtype=np.int64))
