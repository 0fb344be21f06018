"""What a checked run computes, in numpy and pass by pass: patches, accumulators, requantised and pooled outputs.

It shares no arithmetic with the reference: float64 matrix products, exact below 2^53, or numpy's int64, against
torch's int64.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core import CheckFailed
from ...workload.layer import Ints, Layer, Pool, Requant
from ..joined import Joined
from ..layout import extent, laid_out, places_in_bricks
from ..program import Pass, Program
from .combine import combine

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]
ALL = slice(None)


class Datapath:
    """One layer and image on its way: the operands' streams as they arrive, the accumulators as they are done.

    `sources` are the numbers of the tensors that are its operands. `inputs` [values + 1] is the joined stream: NaN
    until a value has arrived, the last the code of the padding.
    """

    def __init__(self, program: Program, image: int, sources: tuple[int, ...]) -> None:
        self.program = program
        self.image = image
        layer = program.layer
        self._sources = sources
        self._joined = Joined.of(layer)
        self.inputs = np.full(sum(self._joined.counts) + 1, np.nan)
        self.inputs[-1] = layer.input_zero
        self.accumulators = np.zeros((layer.filters, program.geometry.windows), np.int64)
        self._reference = layer.accumulators[image].reshape(layer.filters, -1)
        self._patches: tuple[tuple[int, int, int], Floats] | None = None
        self._offsets = _reduction_offsets(program)

    @property
    def _name(self) -> str:
        return f"layer {self.program.layer.name}, image {self.image}"

    def take(self, tensor: int, first: int, values: Ints) -> None:
        """Values of a tensor, from place `first` of its stream, are at hand."""
        for operand, source in enumerate(self._sources):
            if source == tensor:
                program = self.program
                places = places_in_bricks(first, first + len(values), program.layout, program.own[operand])
                self.inputs[self._joined.places(operand, places)] = values

    def patches(self, job: Pass) -> Floats:
        """[windows of the pass, K] the activations the dispatcher broadcasts, in the reduction's order."""
        key = (job.group, *job.windows)
        if self._patches is None or self._patches[0] != key:
            self._patches = (key, self._gather(job))
        return self._patches[1]

    def accumulate(self, job: Pass, first_filter: int, weights: Ints) -> None:
        """One tile's part of a completing pass: `weights` [filters, K]; compared with the reference at once."""
        layer = self.program.layer
        sums = (weights.astype(np.float64) - layer.weight_zero) @ self.patches(job).T
        if layer.bias is not None:
            sums += layer.bias[first_filter : first_filter + len(weights), None]
        self._keep(job, first_filter, sums)

    def combine(self, job: Pass, first_filter: int, filters: int) -> None:
        """One tile's part of a pass of a layer without weights; compared with the reference at once."""
        reads = [partial(self._read, operand) for operand in range(len(self._sources))]
        rows = np.arange(first_filter, first_filter + filters)
        self._keep(job, first_filter, combine(self.program.layer, reads, rows, np.arange(*job.windows)))

    def _read(self, operand: int, places: Ints) -> Ints:
        """The codes at places of an operand's stream."""
        values = self.inputs[self._joined.places(operand, places)]
        if np.isnan(values).any():
            place = places[np.isnan(values)][0]
            raise CheckFailed(f"{self._name}: value {place} of operand {operand} is read before it is there")
        return values.astype(np.int64)

    def _keep(self, job: Pass, first_filter: int, sums: Floats | Ints) -> None:
        """The accumulators [filters, windows] of a pass; where they are not the reference's, the first is named."""
        filters, windows = slice(first_filter, first_filter + len(sums)), slice(*job.windows)
        expected = self._reference[filters, windows]
        wrong = np.argwhere(sums != expected)
        if len(wrong):
            filter_, window = (int(place) for place in wrong[0])
            y, x = divmod(job.windows[0] + window, self.program.geometry.out_size[1])
            raise CheckFailed(
                f"{self._name}: the accumulator of filter {first_filter + filter_} at y {y}, x {x} is "
                f"{sums[filter_, window]:.0f}, not {expected[filter_, window]}"
            )
        self.accumulators[filters, windows] = sums.astype(np.int64)

    def take_reference(self) -> None:
        """The machine has no rule for this layer: its accumulators are the reference's."""
        self.accumulators = self._reference

    def outputs(self, begin: int, end: int) -> Ints:
        """Values `begin`..`end` of the outputs' stream, from the accumulators; all they read must be done."""
        layer = self.program.layer
        if begin == end:
            return np.zeros(0, np.int64)
        if layer.requant is None:  # the layer stands alone: what it writes is the next one's own tensor
            return laid_out(layer.outputs[self.image], self.program.layout)[begin:end]
        filters, positions = extent(layer.outputs[self.image])
        if self.program.layout == "bricks":
            first, behind = begin // filters, -(-end // filters)
            values = post_process(self.accumulators, layer, np.arange(first, behind)).T
            start = begin - first * filters
        else:
            first, behind = begin // positions, -(-end // positions)
            values = post_process(self.accumulators, layer, np.arange(positions), slice(first, behind))
            start = begin - first * positions
        return np.asarray(values.reshape(-1)[start : start + end - begin])

    def _gather(self, job: Pass) -> Floats:
        geometry, zero = self.program.geometry, self.program.layer.input_zero
        if self.program.layer.kind == "fc":
            return self.inputs[self._offsets[2]][None, :] - zero
        (height, width), channels = geometry.in_size, geometry.group_channels * geometry.groups
        oy, ox = np.divmod(np.arange(*job.windows), geometry.out_size[1])
        y = (oy * geometry.stride[0] - geometry.padding[0])[:, None] + self._offsets[0]
        x = (ox * geometry.stride[1] - geometry.padding[1])[:, None] + self._offsets[1]
        place = (y * width + x) * channels + self._offsets[2] + job.group * geometry.group_channels
        inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
        return self.inputs[np.where(inside, place, -1)] - zero


def _reduction_offsets(program: Program) -> tuple[Ints, Ints, Ints]:
    """(y, x, channel) of each weight of a filter, in the reduction's order: [K] each."""
    ky, kx = program.geometry.kernel
    channel, position = np.divmod(program.reduction.order, ky * kx)
    y, x = np.divmod(position, kx)
    return y * program.geometry.dilation[0], x * program.geometry.dilation[1], channel


def post_process(accumulators: Ints, layer: Layer, positions: Ints, filters: slice = ALL) -> Ints:
    """[filters, positions] outputs at positions of the (pooled) map, in raster order, from [all filters, windows]."""
    assert layer.requant is not None
    if layer.pool is None:
        return codes(accumulators[filters, positions], layer, filters)
    windows, inside, counted = _pool_windows(layer.out_size, layer.pool, positions)
    values = codes(accumulators[filters, windows.reshape(-1)], layer, filters).reshape(-1, *windows.shape)
    if layer.pool.kind == "max":
        return np.asarray(np.where(inside, values, np.iinfo(np.int64).min).max(axis=2))
    count = counted.sum(axis=1)
    return np.asarray((2 * np.where(inside, values, layer.requant.zero).sum(axis=2) + count) // (2 * count))


def codes(accumulators: Ints, layer: Layer, filters: slice = ALL) -> Ints:
    """Accumulators [filters, ...] requantised and, where the layer has a table, looked up in it."""
    assert layer.requant is not None
    values = requantise(accumulators, layer.requant, filters)
    if layer.table is None:
        return values
    table = (np.arange(layer.filters) * len(layer.table) // layer.filters)[filters]
    return np.asarray(layer.table[table[:, None], values - layer.requant.low])


def requantise(accumulators: Ints, requant: Requant, filters: slice = ALL) -> Ints:
    """clamp(((acc * m + 2^(s-1)) >> s) + z) for [filters, ...]; m and s are of all filters, or one for all."""
    multiplier, shift = (
        (each if len(each) == 1 else each[filters])[:, None] for each in (requant.multiplier, requant.shift)
    )
    scaled = (accumulators * multiplier + (np.int64(1) << (shift - 1))) >> shift
    return np.asarray(np.clip(scaled + requant.zero, requant.low, requant.high))


def _pool_windows(size: tuple[int, int], pool: Pool, positions: Ints) -> tuple[Ints, Bools, Bools]:
    """[positions, kernel] windows each pooled position reads, whether they lie in the map, and count in an average."""
    py, px = np.divmod(positions, pool.out[1])
    ky, kx = (edge.reshape(-1) for edge in np.indices(pool.kernel))
    y = (py * pool.stride[0] - pool.padding[0])[:, None] + ky
    x = (px * pool.stride[1] - pool.padding[1])[:, None] + kx
    inside, counted = (
        (y >= -around_y) & (y < size[0] + around_y) & (x >= -around_x) & (x < size[1] + around_x)
        for around_y, around_x in ((0, 0), pool.counted)
    )
    return np.where(inside, y * size[1] + x, 0), inside, counted
