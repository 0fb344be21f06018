"""A layer's passes: bands of windows x filter sets x blocks x runs of steps, what each needs, frees and finishes."""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from ..accelerators import rules
from ..accelerators.layout import Extent, Layout, extent
from ..accelerators.order import Order
from ..accelerators.program import Program
from ..accelerators.rules import Geometry, Grid
from ..accelerators.spec import AcceleratorSpec
from ..workload.effectual import effectual_macs
from ..workload.layer import Ints, Layer
from .inputs import inputs
from .outputs import planes_done, positions_done
from .planes import steps_of_room
from .slices import tile_slices

BLOCK_WINDOWS = 16  # windows of a block, or one window set where that is larger
SLICE_VALUES = 512  # weights a tile waits for at once while they are being loaded, at least
SLICES = 256  # and as many more as make no more slices than this of a block
WHOLE = 2**30  # steps: more than any layer has
PLANES_SHARE = 8  # of AM, what the maps of a pass that waits for them fill at most, where maps lie in planes
TAKEN = 256  # values that an operation nobody models takes at once,
TAKES = 1024  # and as many more as make no more passes than this


@attrs.frozen
class Shape:
    """How a layer is cut: in what order, and how fine."""

    order: Order
    slice_steps: int  # steps whose weights are loaded together; of a coarse pass that waits for them
    exact: bool  # a pass a step
    last_apart: bool = False  # the step that ends an accumulation, and so may wait for room, is a pass of its own
    own: tuple[Extent, ...] = ()  # the extents of the operands in memory; (): those the layer sees


def uncut(program: Program, order: Order, own: tuple[Extent, ...], capacity: int) -> Shape:
    """A layer in `order`, in passes that take as much of its operands at once as an AM of `capacity` values allows.

    `program` is the layer in any order.
    """
    most = WHOLE
    if program.layout == "planes":
        most = steps_of_room(program.layer, program.geometry, capacity // PLANES_SHARE)
    return Shape(order, most, exact=False, last_apart=True, own=own)


def sliced(shape: Shape, program: Program, room: int) -> Shape:
    """The shape in slices of steps whose weights go well into `room` values of a tile's memory beside a request."""
    geometry, part = program.geometry, program.tiles[0]
    step_values = max(1, part.filters[0] * geometry.step_weights // geometry.grid.rows)
    wanted = min(max(0, room) // 8, max(SLICE_VALUES, step_values * geometry.steps * geometry.filter_sets // SLICES))
    return attrs.evolve(shape, slice_steps=max(1, min(shape.slice_steps, wanted // step_values)))


def structure(layer: Layer, spec: AcceleratorSpec, shape: Shape) -> Program:
    """The layer's program but for its cycles, which are zero."""
    rule, geometry = machine_rule(layer, spec), Geometry.of(layer, layer_grid(layer, spec))
    columns = _columns(geometry, shape)
    own = shape.own or tuple(extent(operand[0]) for operand in layer.operands)
    if layer.kind == "other":
        columns = _taking_first(layer, columns)
    return Program(
        layer=layer,
        geometry=geometry,
        reduction=geometry.reduction(),
        tiles=tile_slices(geometry),
        order=shape.order,
        cycles=np.zeros((layer.images, len(columns["block"])), np.int64),
        weight_read_bits=layer.weight_bits if rule and rule.serial_weights else spec.weight_bits(layer.bits),
        activation_bits=spec.activation_bits(layer.bits),
        modelled=rule is not None,
        layout=spec.layout,
        own=own,
        **columns,
        **inputs(layer, geometry, columns, shape.order.input_loads, spec.layout, own),
        **_outputs(layer, geometry, columns, shape.order, spec.layout),
    )


def machine_rule(layer: Layer, spec: AcceleratorSpec) -> rules.Rule | None:
    """The machine's cycle rule for the layer's kind, or None where it has none."""
    if layer.kind == "other" or layer.kind not in spec.rules:
        return None
    return rules.rule(spec.rules[layer.kind], layer.kind)


def layer_grid(layer: Layer, spec: AcceleratorSpec) -> Grid:
    """The grid on which the machine runs the layer: its rule's, or its own where it has none."""
    rule = machine_rule(layer, spec)
    return rule.grid(layer, spec) if rule else Grid.of(spec)


def with_cycles(program: Program, spec: AcceleratorSpec) -> Program:
    """The program with the cycles of its machine's rule, from the real values of every image."""
    layer = program.layer
    rule = machine_rule(layer, spec)
    if rule is None:
        return program
    cycles = np.stack([_cycles(program, rule.completion(layer, image, spec)) for image in range(layer.images)])
    skips = rule.skips and spec.skip
    return attrs.evolve(program, cycles=cycles, multiplications=effectual_macs(layer) if skips else None)


def _columns(geometry: Geometry, shape: Shape) -> dict[str, Ints]:
    """What every pass does, in the order of the loop nest: see Order.

    A coarse pass is one turn of that nest; an exact one a window set and a step of it. Slices are fine where weights
    arrive or are freed: in the first block and the last one of the layer or, where each band loads them again, of the
    band.
    """
    starts, order = np.arange(0, geometry.window_sets, _block_sets(geometry)), shape.order
    band = _band_of(len(starts), min(order.bands, len(starts)))
    turns = np.indices((geometry.groups, geometry.filter_sets, len(starts))).reshape(3, -1)
    outer = (turns[0], band[turns[2]]) if order.groups_inside else (band[turns[2]], turns[0])
    group, filters, block = turns[:, np.lexsort((turns[2], turns[1], *outer))]
    edge = _edges(np.zeros_like(band) if order.weights_stay else band)
    turn, first_step, last_step = _sliced(edge[block], geometry, shape)
    columns = {
        "group": group[turn],
        "band": band[block[turn]],
        "filter_set": filters[turn],
        "block": block[turn],
        "first_set": starts[block[turn]],
        "last_set": _ends(starts, geometry.window_sets)[block[turn]],
        "first_step": first_step,
        "last_step": last_step,
        "urgency": np.arange(len(turn)),
        "ends_block": np.full(len(turn), True),
    }
    return _step_by_step(columns) if shape.exact else columns


def _band_of(blocks: int, bands: int) -> Ints:
    """[blocks] the band of each, all as long as each other or one block longer."""
    return np.repeat(np.arange(bands), [len(band) for band in np.array_split(np.arange(blocks), bands)])


def _edges(band: Ints) -> npt.NDArray[np.bool_]:
    """[blocks] whether it is the first or the last of its band."""
    return np.asarray((np.diff(band, prepend=-1) != 0) | (np.diff(band, append=-1) != 0))


def _sliced(fine: npt.NDArray[np.bool_], geometry: Geometry, shape: Shape) -> tuple[Ints, Ints, Ints]:
    """(turn, first step, step behind the last one) of the slices of turns of the nest, some of them `fine`."""
    cuts = [np.arange(1), np.arange(0, geometry.steps, shape.slice_steps)]
    if shape.last_apart:
        cuts = [np.union1d(cut, [geometry.steps - 1]) for cut in cuts]
    firsts, ends = np.concatenate(cuts), np.concatenate([_ends(cut, geometry.steps) for cut in cuts])
    count = np.where(fine, len(cuts[1]), len(cuts[0]))
    turn = np.repeat(np.arange(len(fine)), count)
    place = np.arange(len(turn)) - (np.cumsum(count) - count - np.where(fine, len(cuts[0]), 0))[turn]
    return turn, firsts[place], ends[place]


def _taking_first(layer: Layer, columns: dict[str, Ints]) -> dict[str, Ints]:
    """Before the passes that put out windows, some without any: what the layer reads is taken off the stream there."""
    values = sum(int(operand[0].size) for operand in layer.operands)
    takes = max(1, min(-(-values // TAKEN), TAKES))
    before = {name: np.zeros(takes, column.dtype) for name, column in columns.items()}
    before["urgency"] = np.arange(takes)
    shifted = {**columns, "urgency": columns["urgency"] + takes}
    return {name: np.concatenate([before[name], column]) for name, column in shifted.items()}


def _block_sets(geometry: Geometry) -> int:
    """Window sets of a block; the last may have fewer."""
    return max(1, BLOCK_WINDOWS // geometry.grid.columns)


def _step_by_step(coarse: dict[str, Ints]) -> dict[str, Ints]:
    """Every pass as its window sets and, for each, its steps; equally urgent, whatever the granularity."""
    steps = coarse["last_step"] - coarse["first_step"]
    sets = coarse["last_set"] - coarse["first_set"]
    count = steps * sets
    origin = np.repeat(np.arange(len(count)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    fine = {name: column[origin] for name, column in coarse.items()}
    window_set, step = np.divmod(within, steps[origin])
    fine["first_set"] = fine["first_set"] + window_set
    fine["first_step"] = fine["first_step"] + step
    fine["ends_block"] = fine["first_set"] + 1 == fine["last_set"]
    fine["last_set"], fine["last_step"] = fine["first_set"] + 1, fine["first_step"] + 1
    fine["urgency"] = np.repeat(np.cumsum(count) - count, count)
    return fine


def _ends(starts: Ints, stop: int) -> Ints:
    return np.append(starts[1:], stop)


def _cycles(program: Program, completion: Ints) -> Ints:
    """[passes] cycles: what the rule's cumulative times grow by over the window sets and steps of each pass."""
    geometry = program.geometry
    cost = np.diff(completion.reshape(-1), prepend=0).reshape(geometry.shape)
    total = np.zeros((geometry.groups, geometry.window_sets + 1, geometry.filter_sets, geometry.steps + 1), np.int64)
    total[:, 1:, :, 1:] = cost.cumsum(axis=1).cumsum(axis=3)
    group, filters = program.group, program.filter_set

    def until(sets: Ints, steps: Ints) -> Ints:
        return np.asarray(total[group, sets, filters, steps])

    first, last = program.first_set, program.last_set
    begin, end = program.first_step, program.last_step
    return until(last, end) - until(first, end) - until(last, begin) + until(first, begin)


def _outputs(
    layer: Layer, geometry: Geometry, columns: dict[str, Ints], order: Order, layout: Layout
) -> dict[str, Ints]:
    """out_started and out_final: values of the stream this layer writes."""
    if layout == "planes":
        return planes_done(layer, geometry, columns)
    filters, count = layer.filters, int(layer.outputs[0].size)
    grid = geometry.grid
    end = np.minimum(columns["last_set"] * grid.columns, geometry.windows)
    top = np.minimum((columns["filter_set"] + 1) * grid.filters, geometry.group_filters)
    top = top + columns["group"] * geometry.group_filters
    completes = columns["last_step"] == geometry.steps
    before = _windows_done(geometry, columns, order)
    if layer.outputs[0].size == filters * _positions(layer):
        started_at, final_at = (edge * filters for edge in positions_done(layer))
        started = np.where(started_at[end] > 0, started_at[end] - filters + top, 0)
    else:  # another tensor stands for the outputs (traces): it fills as the windows are done
        started_at = final_at = np.arange(geometry.windows + 1) * count // geometry.windows
        started = started_at[end]
    final = np.where(completes & (top == filters), final_at[end], final_at[before])
    final[-1] = count
    return {
        "out_started": np.maximum.accumulate(np.where(completes, started, 0)),
        "out_final": np.maximum.accumulate(final),
    }


def _windows_done(geometry: Geometry, columns: dict[str, Ints], order: Order) -> Ints:
    """[passes] windows, from the first, that all filters of all groups have been done for before the pass."""
    block, band = columns["block"], columns["band"]
    begins = np.full(band.max() + 1, block.max())
    np.minimum.at(begins, band, block)
    last_group = columns["group"] == geometry.groups - 1
    last_filters = columns["filter_set"] == geometry.filter_sets - 1
    blocks = np.where(last_group & last_filters, block, begins[band])
    if not order.groups_inside:
        blocks = np.where(last_group, blocks, 0)
    return np.asarray(blocks * _block_sets(geometry) * geometry.grid.columns)


def _positions(layer: Layer) -> int:
    size = layer.pool.out if layer.pool is not None else layer.out_size
    return int(np.prod(size))
