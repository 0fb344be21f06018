"""How much of each operand's stream a pass needs, what is free after it, and what it reads of AM."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..accelerators.joined import Joined
from ..accelerators.layout import Extent, Layout
from ..accelerators.rules import Geometry
from ..workload.layer import Ints, Layer
from .planes import read_in_planes, whole_where_seen_otherwise
from .pointwise import reaches


def inputs(
    layer: Layer, geometry: Geometry, columns: dict[str, Ints], loads: int, layout: Layout, own: Sequence[Extent]
) -> dict[str, Ints]:
    """input_unit, inputs_need, inputs_free and reads of passes that are otherwise `columns`.

    The operands are read `loads` times: once, or for each unit of the loop nest again; counts go on. `own` are their
    extents in memory.
    """
    joined = Joined.of(layer)
    if layer.kind in ("pointwise", "other"):
        need, free, reads = (
            _pointwise(layer, geometry, columns, layout) if layer.kind == "pointwise" else _whole(layer, columns)
        )
        unit, last_use = np.zeros_like(columns["group"]), np.full(len(columns["group"]), True)
    else:
        reads = _reads(geometry, columns, layout)
        if layout == "planes":
            need, unit, last_use = read_in_planes(layer, geometry, columns)
            free = need
        else:
            need, free, unit, last_use = (
                _fully_connected(geometry, columns)
                if layer.kind == "fc"
                else _convolution(joined.width, geometry, columns, loads)
            )
            need, free = joined.prefixes(need), joined.prefixes(free)
    if layout == "planes":
        need, free = whole_where_seen_otherwise(need, free, layer.operands, own)
    if loads == 1:
        last_use &= unit == unit[-1]
        unit = np.zeros_like(unit)
    counts = np.array(joined.counts)[:, None]
    ends_unit = np.append(unit[1:] != unit[:-1], True)
    need = np.where(ends_unit, counts, need)  # a load ends with its unit, also where nobody reads its last values
    freed = np.where(last_use, unit * counts + free, 0)
    if loads > 1:  # what one unit leaves unread is free when the next begins
        freed = np.maximum(freed, unit * counts)
    freed[:, -1:] = loads * counts
    return {
        "input_unit": unit,
        "inputs_need": np.maximum.accumulate(unit * counts + need, axis=1),
        "inputs_free": np.maximum.accumulate(freed, axis=1),
        "reads": reads,
    }


def _reads(geometry: Geometry, columns: dict[str, Ints], layout: Layout) -> Ints:
    """[passes] values that the array takes in: the lanes of every window and step, or the channels' maps in planes."""
    steps = columns["last_step"] - columns["first_step"]
    if geometry.grid.whole_kernel and layout == "planes":
        return np.asarray(steps * geometry.grid.lanes * int(np.prod(geometry.in_size)))
    windows = np.minimum(columns["last_set"] * geometry.grid.columns, geometry.windows)
    windows = windows - columns["first_set"] * geometry.grid.columns
    kernel = int(np.prod(geometry.kernel)) if geometry.grid.whole_kernel else 1
    return np.asarray(windows * steps * geometry.grid.lanes * kernel)


def _fully_connected(geometry: Geometry, columns: dict[str, Ints]) -> tuple[Ints, Ints, Ints, Ints]:
    """(need, free, unit, last use): the joined stream in its order, again for each filter set."""
    arrived = geometry.reduction().step_starts[columns["last_step"]]
    return arrived, arrived, columns["filter_set"], np.full(len(arrived), True)


def _convolution(width: int, geometry: Geometry, columns: dict[str, Ints], loads: int) -> tuple[Ints, Ints, Ints, Ints]:
    """(need, free, unit, last use): positions of the joined map, of `width` channels, again for each group.

    Where there are more loads than groups, it is each filter set of each.
    """
    last_set = columns["last_set"] - 1
    need, free = geometry.set_needs()[last_set] * width, geometry.set_frees()[last_set] * width
    last = columns["last_step"] == geometry.steps
    if loads > geometry.groups:
        return need, free, columns["group"] * geometry.filter_sets + columns["filter_set"], last
    return need, free, columns["group"], last & (columns["filter_set"] == geometry.filter_sets - 1)


def _pointwise(layer: Layer, geometry: Geometry, columns: dict[str, Ints], layout: Layout) -> tuple[Ints, Ints, Ints]:
    """(need, free) [operands, passes], and reads [passes]: each operand as far as it is read, now and later."""
    where = list(zip(*(columns[name].tolist() for name in ("filter_set", "first_set", "last_set")), strict=True))
    needs, frees, reads = [], [], np.zeros(len(where), np.int64)
    for operand, reach in zip(layer.operands, reaches(layer, geometry, layout), strict=True):
        last = np.array([reach.last[filters, begin:end].max() for filters, begin, end in where])
        first = np.array([reach.first[filters, begin:end].min() for filters, begin, end in where])
        reads += np.array([reach.reads[filters, begin:end].sum() for filters, begin, end in where])
        needs.append(np.maximum.accumulate(last + 1))
        later = np.append(first[1:], operand[0].size)
        frees.append(np.minimum.accumulate(later[::-1])[::-1])
    return np.stack(needs), np.stack(frees), reads


def _whole(layer: Layer, columns: dict[str, Ints]) -> tuple[Ints, Ints, Ints]:
    """(need, free) [operands, passes], and reads [passes]: passes without windows take all operands, part by part."""
    reading = columns["last_step"] == 0
    part = np.cumsum(reading)
    counts = np.array([operand[0].size for operand in layer.operands])[:, None]
    taken = counts * part // part[-1]
    return taken, taken, np.where(reading, np.diff(taken.sum(axis=0), prepend=0), 0)
