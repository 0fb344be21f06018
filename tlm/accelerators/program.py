"""A layer as a small program: passes with their cycles, and how much of each stream must be there for them."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import attrs
import numpy as np

from ..workload.layer import Ints, Layer
from .layout import Extent, Layout
from .order import Order
from .rules import Geometry, Reduction


@attrs.frozen(eq=False)
class TileSlice:
    """One tile's share of a layer's weights: `filters[s]` filters of filter set s.

    `starts` [filter sets + 1]: where each set begins among the `starts[-1]` values of one group. A group's values
    lie in the order passes use them: filter set, step, filter, channel.
    """

    filters: tuple[int, ...]
    starts: tuple[int, ...]

    @property
    def group_values(self) -> int:
        """Weights of one group."""
        return self.starts[-1]


@attrs.frozen
class Pass:
    """The unit of compute: one block of windows, one filter set, one run of steps.

    `index` counts the layer's passes. `reads` are the values of its operands that it reads from AM.
    `out_started`, `out_final`: values of the outputs' stream it may touch, and that are final after it.
    """

    index: int
    group: int
    filter_set: int
    windows: tuple[int, int]
    steps: tuple[int, int]
    cycles: int
    completes: bool
    frees_weights: bool
    reads: int
    out_started: int
    out_final: int


@attrs.frozen(eq=False)
class Program:
    """All passes of one layer, as columns [passes]; cycles are [images, passes].

    `order` is that of the loop nest, and says what is loaded again; a pass reads what the `input_unit`th load brought.
    `inputs_need`, `inputs_free` [operands, passes]: values of each operand's stream that must have arrived before a
    pass, and are free after it, reloading counted on; `reads` values of all operands that it reads from AM.
    `first_set`..`last_set` are the window sets of a pass, and `ends_block` says whether its steps are done for all of
    their block. `urgency` is a pass's place in the order in which data are wanted. `weight_read_bits` of each weight
    are read, and an activation takes `activation_bits` of AM. A layer that the machine has no rule for is not
    `modelled`: it takes no array time and its outputs come from the reference. `layout` is how maps lie in memory,
    `own` [operands] their extents there; `multiplications` [images] are those made, if the machine skips any.
    """

    layer: Layer
    geometry: Geometry
    reduction: Reduction
    tiles: tuple[TileSlice, ...]
    order: Order
    group: Ints
    band: Ints
    block: Ints
    filter_set: Ints
    first_set: Ints
    last_set: Ints
    ends_block: Ints
    first_step: Ints
    last_step: Ints
    urgency: Ints
    input_unit: Ints
    inputs_need: Ints
    inputs_free: Ints
    reads: Ints
    out_started: Ints
    out_final: Ints
    cycles: Ints
    weight_read_bits: int
    activation_bits: int
    multiplications: Ints | None = None
    modelled: bool = True
    layout: Layout = "bricks"
    own: tuple[Extent, ...] = ()

    @property
    def passes(self) -> int:
        """How many."""
        return len(self.group)

    @cached_property
    def _places(self) -> dict[int, Ints]:
        return {}

    @cached_property
    def blocks(self) -> int:
        """Blocks of windows."""
        return int(self.block.max()) + 1

    @property
    def weight_loads(self) -> int:
        """Times the same weights are loaded: 1 where they stay until they are done with, else once a band."""
        return self.order.weight_loads(self.blocks)

    @property
    def input_loads(self) -> int:
        """Times the inputs are loaded."""
        return self.order.input_loads

    @cached_property
    def unit(self) -> Ints:
        """[passes] groups of weights that a tile has been through before, each as often as it was loaded."""
        band = self.band if self.weight_loads > 1 else np.zeros_like(self.band)
        if self.order.groups_inside:
            return band * self.geometry.groups + self.group
        return self.group * self.weight_loads + band

    @cached_property
    def completes(self) -> Ints:
        """[passes] whether the pass ends its windows' accumulation."""
        return np.asarray(self.last_step == self.geometry.steps)

    @cached_property
    def frees_weights(self) -> Ints:
        """[passes] whether the weights of the pass are of no more use, until they are loaded again."""
        ends = np.zeros(self.band.max() + 1, np.int64)
        np.maximum.at(ends, self.band, self.block)
        last = self.blocks - 1 if self.weight_loads == 1 else ends[self.band]
        return np.asarray(self.ends_block & (self.block == last))

    @cached_property
    def begins_block(self) -> Ints:
        """[passes] whether the pass is one of its block's first window sets, which take the weights for all of them."""
        first = np.full(self.block.max(initial=0) + 1, self.geometry.window_sets)
        np.minimum.at(first, self.block, self.first_set)
        return np.asarray(self.first_set == first[self.block])

    @cached_property
    def windows(self) -> tuple[Ints, Ints]:
        """[passes] each: the first window of every pass, and the first behind it."""
        columns = self.geometry.grid.columns
        return self.first_set * columns, np.minimum(self.last_set * columns, self.geometry.windows)

    def weight_needs(self, tile: int) -> Ints:
        """[passes] values of the tile's stream, from the layer's start, needed before each pass."""
        part = self.tiles[tile]
        filters, starts = np.array(part.filters), np.array(part.starts)
        within = filters[self.filter_set] * self.reduction.step_starts[self.last_step]
        needs: Ints = self.unit * part.group_values + starts[self.filter_set] + within
        return needs

    def places(self, filters: int) -> Ints:
        """[filters, K] where each weight of a filter set of so many filters lies in the set's stream."""
        if filters not in self._places:
            self._places[filters] = stream_places(filters, self.reduction)
        return self._places[filters]

    def weights_total(self, tile: int) -> int:
        """Values of the tile's stream for one image, reloading included."""
        return self.geometry.groups * self.weight_loads * self.tiles[tile].group_values

    def run(self, image: int) -> Iterator[Pass]:
        """The passes of one image, in order."""
        columns = (
            self.group,
            self.filter_set,
            *self.windows,
            self.first_step,
            self.last_step,
            self.cycles[image],
            self.completes,
            self.frees_weights,
            self.reads,
            self.out_started,
            self.out_final,
        )
        rows = zip(*(column.tolist() for column in columns), strict=True)
        for index, (group, filters, w0, w1, s0, s1, *rest) in enumerate(rows):
            yield Pass(index, group, filters, (w0, w1), (s0, s1), *rest)


def stream_places(filters: int, reduction: Reduction) -> Ints:
    """[filters, K] where weight k (in the reduction's order) of each filter lies in a set's stream.

    The stream of a filter set goes step by step; in a step filter by filter, the channel fastest.
    """
    lengths = np.diff(reduction.step_starts)
    step = np.repeat(np.arange(len(lengths)), lengths)
    start, length = reduction.step_starts[step], lengths[step]
    within = np.arange(len(step)) - start
    places: Ints = filters * start + np.arange(filters)[:, None] * length + within
    return places
