"""DLAC: a grid of units that own several output buffers each, and skip every product with a zero.

Venkatesh, Nurvitadhi and Marr, "Accelerating deep convolutional networks using low-precision and sparsity", ICASSP
2017, section 3. The paper does not print how its units are scheduled; one mechanism that comes near its figures,
assumed here: a unit's buffers hold the outputs of some filters of its row for some windows of its column. A step is one
position of the reduction: each row is sent its filters' weights there, each column its windows' activations, in one
cycle, and a unit takes a cycle for each of its products of two values that are not zero, one at least. Operands wait in
queues, so that a unit may start a step as soon as all units have finished that which lies `queue` + 1 steps before;
after every `resync` steps, and at the end of an accumulation, all wait for the slowest.

`mmOp` is that of convolutions and fully connected layers; `ptWiseOp`, of the layers without weights, is one operation a
unit and cycle, on a value in its buffers.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from tlm.core import BadInput
from tlm.workload.layer import Layer, Pointwise

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s
from .windows import non_zero

#: What of a step is not zero: counts of a row's weights or of a column's activations.
Counts = npt.NDArray[np.int32]


@attrs.frozen
class Units:
    """`rows` x `columns` of them at work on a layer, each with the outputs of `filters` x `windows`."""

    rows: int
    columns: int
    filters: int
    windows: int

    @classmethod
    def of(cls, layer: Layer, spec: AcceleratorSpec) -> Units:
        """The last `adders` columns add only, and work where every weight is -1, 0 or 1.

        Where the machine does not say how many filters the buffers are for, they are for as many as take the fewest
        cycles without skipping, the least of these.
        """
        _check(spec)
        columns = spec.columns if _needs_no_products(layer) else spec.columns - spec.adders
        fixed = spec.buffers_weights
        of_filters = [fixed] if fixed else [count for count in range(1, spec.buffers + 1) if spec.buffers % count == 0]
        ways = [cls(spec.rows, columns, count, spec.buffers // count) for count in of_filters]
        return min(ways, key=lambda units: units.sets(layer))

    @property
    def grid(self) -> Grid:
        """All filters and windows that have buffers, and one position of the reduction a step."""
        return Grid(1, self.rows * self.filters, self.columns * self.windows, 1, folds=False)

    def sets(self, layer: Layer) -> int:
        """How often all buffers are filled."""
        geometry = Geometry.of(layer, self.grid)
        return geometry.groups * geometry.window_sets * geometry.filter_sets


def grid(layer: Layer, spec: AcceleratorSpec) -> Grid:
    """The filters and windows whose outputs the units hold at once."""
    return Units.of(layer, spec).grid


def completion(layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [groups, window sets, filter sets, steps] cycles."""
    units = Units.of(layer, spec)
    geometry = Geometry.of(layer, units.grid)
    if layer.pointwise is not None:
        return _pointwise(layer.pointwise, len(layer.operands), geometry, units)
    if not spec.skip:
        steps = np.arange(1, np.prod(geometry.shape) + 1, dtype=np.int64)
        return steps.reshape(geometry.shape) * spec.buffers
    weights = weight_counts(layer, geometry, units)
    acts = activation_counts(layer, image, geometry, units)
    done = np.array([[in_queues(by_set, ours, spec) for by_set in acts[group]] for group, ours in enumerate(weights)])
    ends = done[..., -1].cumsum().reshape(geometry.shape[:3])
    return np.asarray(done + (ends - done[..., -1])[..., None])


def weight_counts(layer: Layer, geometry: Geometry, units: Units) -> Counts:
    """[groups, filter sets, rows, steps] the weights that are not zero, of the filters of a unit."""
    there = (layer.weights != layer.weight_zero).reshape(geometry.groups, geometry.group_filters, -1)
    there = there[..., geometry.reduction().order]
    absent = geometry.filter_sets * geometry.grid.filters - geometry.group_filters
    filled = np.pad(there, ((0, 0), (0, absent), (0, 0)))
    return _counted(filled, (geometry.groups, geometry.filter_sets, units.rows, units.filters, geometry.steps))


def activation_counts(layer: Layer, image: int, geometry: Geometry, units: Units) -> Counts:
    """[groups, window sets, columns, steps] the activations that are not zero, of the windows of a unit."""
    there = non_zero(layer, image, geometry)
    return _counted(there, (geometry.groups, geometry.window_sets, units.columns, units.windows, geometry.steps))


def in_queues(acts: Counts, weights: Counts, spec: AcceleratorSpec) -> Int64s:
    """[filter sets, steps] when all units are done with each, from the start of the filter set.

    `acts` [columns, steps] are those of a window set, `weights` [filter sets, rows, steps].
    """
    steps = acts.shape[-1]
    stretch = min(spec.resync, steps)
    by_row, by_column = _stretches(weights, stretch)[..., :, None], _stretches(acts, stretch)[..., None, :]
    done = np.empty((stretch, *by_row.shape[1:3]), np.int32)
    ends = np.zeros((*by_row.shape[1:4], acts.shape[0]), np.int32)
    for step in range(stretch):
        if step > spec.queue:
            np.maximum(ends, done[step - spec.queue - 1][..., None, None], out=ends)
        ends += np.maximum(by_row[step] * by_column[step], 1)
        done[step] = ends.max(axis=(2, 3))
    starts = done[-1].cumsum(axis=1, dtype=np.int64) - done[-1]
    return np.asarray((done + starts).transpose(1, 2, 0).reshape(len(weights), -1)[:, :steps])


def _check(spec: AcceleratorSpec) -> None:
    if spec.tiles != 1 or spec.lanes != 1:
        message = "must be 1: DLAC is one grid, and takes one position of a reduction a step"
        raise BadInput(message, key=f"accelerator.{'lanes' if spec.tiles == 1 else 'tiles'}")
    if spec.adders >= spec.columns:
        message = f"must be less than columns, {spec.columns}, not {spec.adders}: some units must multiply"
        raise BadInput(message, key="accelerator.adders")
    if spec.buffers_weights and spec.buffers % spec.buffers_weights:
        message = f"must divide buffers, {spec.buffers}, not be {spec.buffers_weights}"
        raise BadInput(message, key="accelerator.buffers_weights")


def _needs_no_products(layer: Layer) -> bool:
    return layer.weight_zero == 0 and not (np.abs(layer.weights) > 1).any()


def _counted(there: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> Counts:
    """Of flags in `shape`, [..., buffers, steps], how many of the buffers' are set."""
    return np.asarray(there.reshape(shape).sum(axis=-2, dtype=np.int32))


def _stretches(counts: Counts, length: int) -> Counts:
    """[..., n, steps] as [length, ..., stretches, n], all units waiting between stretches; zeros fill the last."""
    filled = np.pad(counts, [(0, 0)] * (counts.ndim - 1) + [(0, -counts.shape[-1] % length)])
    parts = np.moveaxis(filled.reshape(*counts.shape[:-1], -1, length), -1, 0)  # [length, ..., n, stretches]
    return np.ascontiguousarray(parts.swapaxes(-1, -2))


def _pointwise(does: Pointwise, operands: int, geometry: Geometry, units: Units) -> Int64s:
    """A unit's operations on what its buffers hold of a set, one after another: [1, window sets, filter sets, 1]."""
    windows = _held(geometry.windows, geometry.grid.columns, units.windows)[:, None]
    filters = _held(geometry.group_filters, geometry.grid.filters, units.filters)
    busy = windows * filters * operations(does, operands)
    return np.cumsum(busy, dtype=np.int64).reshape(geometry.shape)


def _held(whole: int, at_once: int, buffers: int) -> Int64s:
    """Buffers of a unit that are in use, of every set; the last may have fewer."""
    return np.minimum(whole - np.arange(0, whole, at_once, dtype=np.int64), buffers)


def operations(does: Pointwise, operands: int) -> int:
    """Of a value: a sum is a multiply-add an operand, a product one less, a cell's two; what is moved takes one."""
    return {"add": operands, "multiply": max(1, operands - 1), "lstm-cell": 2}.get(does.op, 1)
