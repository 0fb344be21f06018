"""How long SCNN's blocks take: the most products that one accumulator bank receives of `lanes` x `lanes`.

The bank of a product follows from the low bits of its output's place, filter * (Oy * Ox): the three lowest of the
filter, two each of ox and oy. So an activation matters by its kind only: these bits of its place, and which taps of the
kernel reach an output of the map with it. Blocks of equal kinds take equally long, and are timed once.
"""

from __future__ import annotations

from functools import reduce

import attrs
import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Layer

from .geometry import Int64s

BANKS = 32
NEAR = 4  # places, modulo which an output's coordinates choose the bank
FILTERS = 8  # likewise filters
Counts = npt.NDArray[np.uint8]


@attrs.frozen(eq=False)
class Blocks:
    """Blocks of operands: `kinds` [different ones, lanes], `sort` [blocks] which of these each is, `owner` [blocks]."""

    kinds: Int64s
    sort: Int64s
    owner: Int64s


class Banks:
    """One layer's: `received` [BANKS, kinds of activations + 1, kinds of weights + 1], 1 where a pair's product goes.

    The last kind of either is of places in a block that nothing fills.
    """

    def __init__(self, layer: Layer, lanes: int) -> None:
        self._layer = layer
        self._lanes = lanes
        self._axes = tuple(_Axis.of(layer, axis) for axis in (0, 1))
        self._received = _received(*self._axes)
        self._weights = layer.weights != layer.weight_zero

    def of_activations(self, y: Int64s, x: Int64s) -> Int64s:
        """[n] the kinds of activations at places of the padded input."""
        down, across = self._axes
        return np.asarray(down.kinds[y] * across.count + across.kinds[x])

    def blocks(self, kinds: Int64s, owner: Int64s) -> Blocks:
        """Runs of one owner, which come in order, cut into blocks; the last of each may be short."""
        fresh = np.diff(owner, prepend=-1) != 0
        within = np.arange(len(owner)) - np.flatnonzero(fresh)[np.cumsum(fresh) - 1] if len(owner) else owner
        place = within % self._lanes
        number = np.cumsum(place == 0) - 1
        filled = np.full((int(number[-1]) + 1 if len(number) else 0, self._lanes), -1, np.int64)
        filled[number, place] = kinds
        different, sort = np.unique(filled, axis=0, return_inverse=True)
        return Blocks(different, sort.reshape(-1), owner[place == 0])

    def cycles(self, blocks: Blocks, filters: range, channel: int, phase: int) -> Int64s:
        """[different blocks] cycles with all weights of the filters at a channel and a phase of the strides."""
        weights = self._weight_blocks(filters, channel, phase)
        often = np.bincount(weights.sort, minlength=len(weights.kinds))
        by_weights = reduce(np.add, (self._received[:, :, column] for column in weights.kinds.T))
        received = reduce(np.add, (by_weights[:, column] for column in blocks.kinds.T))
        most: Int64s = np.maximum(received.max(axis=0), 1) @ often
        return most

    def _weight_blocks(self, filters: range, channel: int, phase: int) -> Blocks:
        """Non-zero weights: kx outermost, then ky, the filter innermost."""
        down, across = self._axes
        phase_y, phase_x = divmod(phase, across.stride)
        taps_y, taps_x = (np.flatnonzero(axis.phases == at) for axis, at in ((down, phase_y), (across, phase_x)))
        there = self._weights[filters.start : filters.stop, channel][:, taps_y[:, None], taps_x]
        x, y, k = np.nonzero(there.transpose(2, 1, 0))
        kinds = (taps_y[y] * across.taps + taps_x[x]) * FILTERS + (k + filters.start) % FILTERS
        return self.blocks(kinds, np.zeros(len(kinds), np.int64))


@attrs.frozen(eq=False)
class _Axis:
    """One direction: the `kinds` of the padded places, and of each kind its `near` bits of place // stride and the taps
    with which an output of the map is `reached`, [count, taps].

    A tap reads `shifts` strides and `phases` places further than the first one: [taps] each.
    """

    stride: int
    taps: int
    kinds: Int64s
    near: Int64s
    reached: npt.NDArray[np.bool_]
    shifts: Int64s
    phases: Int64s

    @classmethod
    def of(cls, layer: Layer, axis: int) -> _Axis:
        stride, out = layer.stride[axis], layer.out_size[axis]
        offsets = np.arange(layer.weights.shape[2 + axis]) * layer.dilation[axis]
        place = np.arange(layer.inputs.shape[2 + axis] + 2 * layer.padding[axis])
        output = (place[:, None] - offsets) // stride
        reached = (output >= 0) & (output < out)
        different, kinds = np.unique(np.column_stack([place // stride % NEAR, reached]), axis=0, return_inverse=True)
        return cls(
            stride, len(offsets), kinds.reshape(-1), different[:, 0], different[:, 1:].astype(bool),
            offsets // stride, offsets % stride,
        )  # fmt: skip

    @property
    def count(self) -> int:
        """Kinds of places."""
        return len(self.near)


def _received(down: _Axis, across: _Axis) -> Counts:
    """See Banks: for every kind of an activation, and every tap and filter."""
    y, x = ((axis.near[:, None] - axis.shifts) % NEAR for axis in (down, across))  # [kinds, taps]
    oy, ox = y[:, None, :, None, None], x[None, :, None, :, None]
    k = np.arange(FILTERS)
    bank = (((k & 4) << 2) ^ ((ox & 2) << 3) ^ ((oy & 2) << 3)) + ((ox & 1) << 3) + ((oy & 1) << 2) + (k & 3)
    reached = down.reached[:, None, :, None, None] & across.reached[None, :, None, :, None]
    bank = np.where(reached, bank, BANKS).reshape(down.count * across.count, -1)
    padded = np.pad(bank, ((0, 1), (0, 1)), constant_values=BANKS)
    return np.asarray(padded == np.arange(BANKS)[:, None, None], np.uint8)
