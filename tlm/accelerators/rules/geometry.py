"""How a layer is cut for a grid machine: groups, window sets, filter sets, steps; first layers are folded."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec

Pair = tuple[int, int]
Int64s = npt.NDArray[np.int64]


@attrs.frozen
class Grid:
    """A machine of `tiles` x `rows` filters, `columns` windows and `lanes` channels (DPRed, section 5.1).

    With `whole_kernel` a step is all of the kernel for `lanes` channels. `folds`: first layers may be folded.
    """

    tiles: int
    rows: int
    columns: int
    lanes: int
    whole_kernel: bool = False
    folds: bool = True

    @classmethod
    def of(cls, spec: AcceleratorSpec) -> Grid:
        """The grid of a machine's numbers."""
        return cls(spec.tiles, spec.rows, spec.columns, spec.lanes)

    @property
    def filters(self) -> int:
        """Filters of one filter set."""
        return self.tiles * self.rows


@attrs.frozen
class Reduction:
    """Which of one filter's weights every step uses, in order.

    `order` [Cg * Ky * Kx] is a permutation of the flat indices c * Ky * Kx + ky * Kx + kx; step s uses
    order[step_starts[s] : step_starts[s + 1]], the channel (of the folded layer) fastest. A folded layer's
    missing weights do not appear, so a step may be short or even empty. `step_starts` is [steps + 1].
    """

    order: Int64s
    step_starts: Int64s


@attrs.frozen
class Geometry:
    """One layer on one grid; pairs are (y, x).

    The loop nest, outer to inner: groups, window sets (`columns` windows, numbered with x fastest and packed
    across rows), filter sets (`grid.filters` filters), steps. A step is one brick, `lanes` channels, at one
    kernel position: (ky, kx, brick), brick innermost; or, with `grid.whole_kernel`, at all of them.

    A convolution of exactly 3 channels, in one group, without dilation and of stride above 1 is *folded* (space to
    depth) after padding, to fill its bricks: with the strides (sy, sx) as `fold`, y = sy * Y + j and x = sx * X + i,
    channel c becomes folded channel (j * sx + i) * 3 + c, the kernel ceil(K / s), the stride 1. Elsewhere
    `fold` is (1, 1). A fully connected layer is one window over a map of one position.

    A layer without weights has a window for each position of its accumulators' map, and a single step, which takes no
    weights; its `group_channels` are 0.
    """

    grid: Grid
    groups: int
    group_filters: int
    group_channels: int
    in_size: Pair
    out_size: Pair
    kernel: Pair
    stride: Pair
    padding: Pair
    fold: Pair
    dilation: Pair

    @classmethod
    def of(cls, layer: Layer, grid: Grid) -> Geometry:
        """The geometry of `layer` on `grid`."""
        conv = layer.kind == "conv"
        if not conv and layer.kind != "fc":
            return cls._without_weights(layer, grid)
        channels = int(layer.weights.shape[1])
        folds = grid.folds and layer.groups == 1 and layer.dilation == (1, 1)
        folded = conv and channels == 3 and folds and max(layer.stride) > 1
        return cls(
            grid=grid,
            groups=layer.groups,
            group_filters=layer.filters // layer.groups,
            group_channels=channels,
            in_size=_pair(layer.inputs.shape[2:]) if conv else (1, 1),
            out_size=layer.out_size,
            kernel=_pair(layer.weights.shape[2:]) if conv else (1, 1),
            stride=layer.stride if conv else (1, 1),
            padding=layer.padding if conv else (0, 0),
            fold=layer.stride if folded else (1, 1),
            dilation=layer.dilation if conv else (1, 1),
        )

    @classmethod
    def _without_weights(cls, layer: Layer, grid: Grid) -> Geometry:
        size, one, none = layer.out_size, (1, 1), (0, 0)
        return cls(grid, 1, layer.filters, 0, size, size, one, one, none, one, one)

    @property
    def windows(self) -> int:
        """Windows of the layer: positions of its output map."""
        return self.out_size[0] * self.out_size[1]

    @property
    def window_sets(self) -> int:
        """Sets of `columns` windows; the last may be partial."""
        return -(-self.windows // self.grid.columns)

    @property
    def filter_sets(self) -> int:
        """Sets of `grid.filters` filters of one group; the last may be partial."""
        return -(-self.group_filters // self.grid.filters)

    @property
    def folded_kernel(self) -> Pair:
        """The kernel in folded positions, gaps apart."""
        return (-(-self.kernel[0] // self.fold[0]), -(-self.kernel[1] // self.fold[1]))

    @property
    def reach(self) -> Pair:
        """Folded positions from a window's first to its last, gaps included."""
        (y, x), (gap_y, gap_x) = self.folded_kernel, self.dilation
        return ((y - 1) * gap_y + 1, (x - 1) * gap_x + 1)

    @property
    def padded_size(self) -> Pair:
        """The map with its padding on all sides, as far as windows reach, and whole folded positions."""
        sizes = []
        for axis in (0, 1):
            fold, last = self.fold[axis], (self.out_size[axis] - 1) * self.stride[axis]
            size = max(self.in_size[axis] + 2 * self.padding[axis], last + self.reach[axis] * fold)
            sizes.append(-(-size // fold) * fold)
        return (sizes[0], sizes[1])

    @property
    def folded_channels(self) -> int:
        """Channels of one group after folding."""
        return self.group_channels * self.fold[0] * self.fold[1]

    @property
    def bricks(self) -> int:
        """Bricks of one group at one position; the last may be short, and the only one empty."""
        return max(1, -(-self.folded_channels // self.grid.lanes))

    @property
    def steps(self) -> int:
        """Steps of one window set and one filter set."""
        return self.bricks if self.grid.whole_kernel else self.folded_kernel[0] * self.folded_kernel[1] * self.bricks

    @property
    def step_weights(self) -> int:
        """Weights of one tile in one step, at most."""
        kernel = self.kernel[0] * self.kernel[1] if self.grid.whole_kernel else 1
        return self.grid.rows * self.grid.lanes * kernel

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The loop nest: (groups, window sets, filter sets, steps)."""
        return (self.groups, self.window_sets, self.filter_sets, self.steps)

    def reduction(self) -> Reduction:
        """The weights of every step."""
        (fold_y, fold_x), (kernel_y, kernel_x) = self.fold, self.kernel
        y, x, folded = np.indices((*self.folded_kernel, self.folded_channels), dtype=np.int64)
        phase, channel = np.divmod(folded, self.group_channels)
        y = y * fold_y + phase // fold_x
        x = x * fold_x + phase % fold_x
        real = (y < kernel_y) & (x < kernel_x)
        position = np.arange(self.folded_kernel[0] * self.folded_kernel[1]).reshape(*self.folded_kernel, 1)
        before = 0 * position if self.grid.whole_kernel else position * self.bricks
        step = (before + folded // self.grid.lanes)[real]
        starts = np.concatenate([[0], np.cumsum(np.bincount(step, minlength=self.steps))]).astype(np.int64)
        order = ((channel * kernel_y + y) * kernel_x + x)[real]
        return Reduction(order[np.argsort(step, kind="stable")], starts)

    def input_extent(self) -> tuple[Int64s, Int64s]:
        """(first, last) input position, y * W + x in raster order, that every window reads: [windows] each.

        Padding is not counted; what a folded layer reads under its missing weights is. A window that lies in
        the padding altogether has first H * W and last -1: it needs nothing and holds nothing.
        """
        height, width = self.in_size
        first_y, last_y = self._extent(0)
        first_x, last_x = self._extent(1)
        some = ((last_y >= first_y)[:, None] & (last_x >= first_x)).reshape(-1)
        first = (first_y[:, None] * width + first_x).reshape(-1)
        last = (last_y[:, None] * width + last_x).reshape(-1)
        return np.where(some, first, height * width), np.where(some, last, -1)

    def set_needs(self) -> Int64s:
        """[window_sets] input positions, from the first in raster order, that must be there for the set."""
        last = self.input_extent()[1]
        return np.maximum.accumulate(np.maximum.reduceat(last, self.set_starts())) + 1

    def set_frees(self) -> Int64s:
        """[window_sets] input positions, from the first in raster order, no window after the set reads."""
        height, width = self.in_size
        first = np.minimum.reduceat(self.input_extent()[0], self.set_starts())
        later = np.minimum.accumulate(first[::-1])[::-1]
        return np.append(later[1:], height * width)

    def set_starts(self) -> Int64s:
        """[window_sets] the first window of each."""
        return np.arange(0, self.windows, self.grid.columns, dtype=np.int64)

    def _extent(self, axis: int) -> tuple[Int64s, Int64s]:
        """First and last coordinate in the map that is read for every output coordinate of one axis.

        Where none is, the last lies before the first.
        """
        taps, gap = self.folded_kernel[axis] * self.fold[axis], self.dilation[axis]
        start = np.arange(self.out_size[axis], dtype=np.int64) * self.stride[axis] - self.padding[axis]
        first = np.maximum(-(start // gap), 0)
        last = np.minimum((self.in_size[axis] - 1 - start) // gap, taps - 1)
        return start + first * gap, start + last * gap


def _pair(shape: tuple[Any, ...]) -> Pair:
    return (int(shape[0]), int(shape[1]))
