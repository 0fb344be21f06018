"""A layer's passes: blocks of windows x filter sets x runs of steps, with what each needs, frees and finishes."""

from __future__ import annotations

import attrs
import numpy as np

from ..accelerators import rules
from ..accelerators.program import Program
from ..accelerators.rules import Geometry, Grid
from ..accelerators.spec import AcceleratorSpec
from ..workload.layer import Ints, Layer
from .outputs import positions_done
from .slices import tile_slices

BLOCK_WINDOWS = 16  # windows of a coarse pass, at least
SLICE_VALUES = 512  # weights a tile waits for at once while they are being loaded, at least
SLICES = 256  # and as many more as make no more slices than this of a block


@attrs.frozen
class Shape:
    """How a layer is cut: what is reloaded, and how fine."""

    weight_loads: int  # times each group's weights are loaded
    input_loads: int  # times the inputs are loaded
    slice_steps: int  # steps whose weights are loaded together; of a coarse pass that waits for them
    exact: bool  # a pass a step
    last_apart: bool = False  # the step that ends an accumulation, and so may wait for room, is a pass of its own


def structure(layer: Layer, spec: AcceleratorSpec, shape: Shape) -> Program:
    """The layer's program but for its cycles, which are zero."""
    rule = machine_rule(layer, spec)
    geometry = Geometry.of(layer, rule.grid(spec) if rule else Grid.of(spec))
    starts = _block_starts(geometry, shape.exact)
    ends = np.append(starts[1:], geometry.window_sets)
    columns = _columns(geometry, len(starts), shape)
    return Program(
        layer=layer,
        geometry=geometry,
        reduction=geometry.reduction(),
        tiles=tile_slices(geometry),
        weight_loads=shape.weight_loads,
        input_loads=shape.input_loads,
        first_window=starts[columns["block"]] * geometry.grid.columns,
        last_window=np.minimum(ends[columns["block"]] * geometry.grid.columns, geometry.windows),
        cycles=np.zeros((layer.images, len(columns["block"])), np.int64),
        modelled=rule is not None,
        urgency=_urgency(columns, shape.slice_steps),
        **columns,
        **_inputs(layer, geometry, ends, columns, shape),
        **_outputs(layer, geometry, starts, ends, columns),
    )


def machine_rule(layer: Layer, spec: AcceleratorSpec) -> rules.Rule | None:
    """The machine's cycle rule for the layer's kind, or None where it has none."""
    name = spec.rules.get(layer.kind)
    return rules.rule(name, layer.kind) if name is not None else None


def with_cycles(program: Program, spec: AcceleratorSpec) -> Program:
    """The program with the cycles of its machine's rule, from the real values of every image."""
    layer = program.layer
    rule = machine_rule(layer, spec)
    if rule is None:
        return program
    cycles = [_cycles(program, rule.completion(layer, image, spec)) for image in range(layer.images)]
    return attrs.evolve(program, cycles=np.stack(cycles))


def _block_starts(geometry: Geometry, exact: bool) -> Ints:
    """The first window set of every block of windows."""
    sets = 1 if exact else max(1, BLOCK_WINDOWS // geometry.grid.columns)
    return np.arange(0, geometry.window_sets, sets)


def _columns(geometry: Geometry, blocks: int, shape: Shape) -> dict[str, Ints]:
    """group, block, filter_set, first_step, last_step of every pass, in the order of the loop nest.

    Passes are fine where weights arrive or are freed: in a group's first and last block, and wherever they are loaded
    again for every block.
    """
    fine = np.arange(0, geometry.steps, 1 if shape.exact else shape.slice_steps)
    coarse = fine if shape.exact or shape.weight_loads > 1 else fine[:1]
    if shape.last_apart:
        fine, coarse = (np.union1d(cut, [geometry.steps - 1]) for cut in (fine, coarse))
    cuts = [fine if block in (0, blocks - 1) else coarse for block in range(blocks)]
    rows = [
        (np.full(len(cut), block), np.full(len(cut), filters), cut, _ends(cut, geometry.steps))
        for block, cut in enumerate(cuts)
        for filters in range(geometry.filter_sets)
    ]
    names = ("block", "filter_set", "first_step", "last_step")
    one = {name: np.concatenate(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}
    columns = {name: np.tile(column, geometry.groups) for name, column in one.items()}
    columns["group"] = np.repeat(np.arange(geometry.groups), len(one["block"]))
    return columns


def _urgency(columns: dict[str, Ints], slice_steps: int) -> Ints:
    """[passes] the first pass of the slice each belongs to: equally urgent whatever the granularity."""
    slices = (columns["group"], columns["block"], columns["filter_set"], columns["first_step"] // slice_steps)
    begins = np.any([np.diff(column, prepend=-1) != 0 for column in slices], axis=0)
    return np.maximum.accumulate(np.where(begins, np.arange(len(begins)), 0))


def _ends(starts: Ints, stop: int) -> Ints:
    return np.append(starts[1:], stop)


def _cycles(program: Program, completion: Ints) -> Ints:
    """[passes] cycles: what the rule's cumulative times grow by over the steps of each pass."""
    geometry, block = program.geometry, program.block
    cost = np.diff(completion.reshape(-1), prepend=0).reshape(geometry.shape)
    first_sets = program.first_window[np.unique(block, return_index=True)[1]] // geometry.grid.columns
    blocks = np.add.reduceat(cost, first_sets, axis=1)
    before = np.zeros((*blocks.shape[:3], geometry.steps + 1), np.int64)
    np.cumsum(blocks, axis=3, out=before[..., 1:])
    place = (program.group, block, program.filter_set)
    return before[(*place, program.last_step)] - before[(*place, program.first_step)]


def _inputs(layer: Layer, geometry: Geometry, ends: Ints, columns: dict[str, Ints], shape: Shape) -> dict[str, Ints]:
    """input_unit, and inputs_need and inputs_free: values of the input's stream, every reloading counted on."""
    count = int(layer.inputs[0].size)
    filter_set, group = columns["filter_set"], columns["group"]
    last_use = columns["last_step"] == geometry.steps
    if layer.kind == "fc":
        arrived = geometry.reduction().step_starts
        need, free, unit = arrived[columns["last_step"]], arrived[columns["last_step"]], filter_set
        last_use = np.full_like(last_use, True)
    else:
        channels = int(layer.inputs.shape[1])
        block_end = ends[columns["block"]] - 1
        need = geometry.set_needs()[block_end] * channels
        free, unit = geometry.set_frees()[block_end] * channels, group
        last_use &= filter_set == geometry.filter_sets - 1
    if shape.input_loads == 1:
        last_use &= unit == unit[-1]
        unit = np.zeros_like(unit)
    ends_unit = np.append(unit[1:] != unit[:-1], True)
    need = np.where(ends_unit, count, need)  # a load ends with its unit, also where nobody reads its last values
    freed = np.where(last_use, unit * count + free, 0)
    if shape.input_loads > 1:  # what one unit leaves unread is free when the next begins
        freed = np.maximum(freed, unit * count)
    freed[-1] = shape.input_loads * count
    return {
        "input_unit": unit,
        "inputs_need": np.maximum.accumulate(unit * count + need),
        "inputs_free": np.maximum.accumulate(freed),
    }


def _outputs(layer: Layer, geometry: Geometry, starts: Ints, ends: Ints, columns: dict[str, Ints]) -> dict[str, Ints]:
    """out_started and out_final: values of the stream this layer writes."""
    filters, count = layer.filters, int(layer.outputs[0].size)
    grid, block = geometry.grid, columns["block"]
    begin = starts[block] * grid.columns
    end = np.minimum(ends[block] * grid.columns, geometry.windows)
    top = np.minimum((columns["filter_set"] + 1) * grid.filters, geometry.group_filters)
    top = top + columns["group"] * geometry.group_filters
    completes = columns["last_step"] == geometry.steps
    last_group = columns["group"] == geometry.groups - 1
    if layer.outputs[0].size == filters * _positions(layer):
        started_at, final_at = (edge * filters for edge in positions_done(layer))
        started = np.where(started_at[end] > 0, started_at[end] - filters + top, 0)
    else:  # another tensor stands for the outputs (traces): it fills as the windows are done
        started_at = final_at = np.arange(geometry.windows + 1) * count // geometry.windows
        started = started_at[end]
    final = np.where(top == filters, final_at[end], final_at[begin])
    final = np.where(completes, final, final_at[begin]) * last_group
    if len(final):
        final[-1] = count
    return {
        "out_started": np.maximum.accumulate(np.where(completes, started, 0)),
        "out_final": np.maximum.accumulate(final),
    }


def _positions(layer: Layer) -> int:
    size = layer.pool.out if layer.pool is not None else layer.out_size
    return int(np.prod(size))
