"""Which values of its operands a layer without weights reads, by filter set and window set."""

from __future__ import annotations

import attrs
import numpy as np

from ..accelerators.elementwise import Elementwise
from ..accelerators.layout import Layout, extent
from ..accelerators.rules import Geometry
from ..workload.layer import Ints, Layer, Pointwise


@attrs.frozen
class Reach:
    """The first and the last value of an operand that is read, and how many are: [filter sets, window sets] each.

    Where none is, the last is before the first.
    """

    first: Ints
    last: Ints
    reads: Ints


def reaches(layer: Layer, geometry: Geometry, layout: Layout) -> list[Reach]:
    """One of each operand, whose maps lie as `layout` says."""
    rule = layer.pointwise
    assert rule is not None
    if rule.op == "move":
        return _moved(rule, layer, geometry, layout)
    if rule.op in ("add", "multiply"):
        return [_one_by_one(Elementwise.of(operand, layer), geometry, layout) for operand in layer.operands]
    hidden = layer.filters
    first, last, parts = (3 * hidden, 3 * hidden, 1) if rule.op == "lstm-hidden" else (0, 2 * hidden, 3)
    cell = _one_by_one(Elementwise(hidden, (1, 1)), geometry, layout)
    return [Reach(cell.first + first, cell.last + last, cell.reads * parts), cell]


def _one_by_one(operand: Elementwise, geometry: Geometry, layout: Layout) -> Reach:
    """What the windows and filters of each set read of an operand, position by position."""
    position = operand.positions(np.arange(geometry.windows), geometry.out_size)
    sets = geometry.set_starts()
    begin = np.arange(geometry.filter_sets) * geometry.grid.filters
    end = np.minimum(begin + geometry.grid.filters, geometry.group_filters)
    low, high = operand.channel(begin)[:, None], operand.channel(end - 1)[:, None]
    fresh = np.diff(position, prepend=-1) != 0  # what the window before has read too is at hand
    fresh[sets] = True
    by_position, by_channel = (operand.channels, 1) if layout == "bricks" else (1, operand.size[0] * operand.size[1])
    first = np.minimum.reduceat(position, sets) * by_position + low * by_channel
    last = np.maximum.reduceat(position, sets) * by_position + high * by_channel
    return Reach(first, last, np.add.reduceat(fresh.astype(np.int64), sets) * (high - low + 1))


def _moved(rule: Pointwise, layer: Layer, geometry: Geometry, layout: Layout) -> list[Reach]:
    """Operands that are read wherever the index says; -1 is no read."""
    assert rule.index is not None
    index = rule.index.reshape(layer.filters, geometry.windows)
    found, start = [], 0
    for operand in layer.operands:
        count = int(operand[0].size)
        read = (index >= start) & (index < start + count)
        place = index - start
        if layout == "planes":
            channels, positions = extent(operand[0])
            place = place % channels * positions + place // channels
        first = _by_sets(np.minimum, np.where(read, place, count), geometry)
        last = _by_sets(np.maximum, np.where(read, place, -1), geometry)
        found.append(Reach(first, last, _by_sets(np.add, read.astype(np.int64), geometry)))
        start += count
    return found


def _by_sets(fold: np.ufunc, values: Ints, geometry: Geometry) -> Ints:
    """[filters, windows] folded to [filter sets, window sets]."""
    filters = np.arange(0, geometry.group_filters, geometry.grid.filters)
    return np.asarray(fold.reduceat(fold.reduceat(values, geometry.set_starts(), axis=1), filters, axis=0))
