"""Passes against a plain reading of the loop nest: what each needs, when it is free, what is final."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import network

from tlm.accelerators import rules
from tlm.accelerators.order import BLOCKS, Order
from tlm.accelerators.program import Pass, Program
from tlm.accelerators.spec import AcceleratorSpec
from tlm.mapping.outputs import positions_done
from tlm.mapping.passes import Shape, structure, with_cycles
from tlm.mapping.slices import tile_slices, weight_stream
from tlm.memory import OnChipSpec
from tlm.workload.layer import Layer, Workload

LAYERS = network().layers
GROUPS, FILTER_SETS = -1, -2  # loads of the inputs: see `built`


def machine(rule: str, columns: int, tiles: int = 3, rows: int = 4) -> AcceleratorSpec:
    port = OnChipSpec(16, 256)
    kinds = {"conv": rule, "fc": rule}
    return AcceleratorSpec("test", kinds, tiles, rows, columns, 16, 1e9, 2**20, 2**20, port, port)


orders = st.builds(
    Order,
    bands=st.sampled_from([1, 2, 3, 5, BLOCKS]),
    weights_stay=st.booleans(),
    input_loads=st.sampled_from([1, GROUPS, FILTER_SETS]),
    groups_inside=st.booleans(),
)
shapes = st.builds(
    Shape,
    order=orders,
    slice_steps=st.sampled_from([1, 2, 5, 2**30]),
    exact=st.booleans(),
)
cases = st.tuples(
    st.sampled_from(LAYERS),
    st.sampled_from(["base", "dstripes", "dstripes-column"]),
    st.sampled_from([1, 4, 16]),
    shapes,
)


def built(layer: Layer, rule: str, columns: int, shape: Shape) -> Program:
    """The program; inputs are loaded for each group, or each filter set of each, where the order can have that."""
    spec, order = machine(rule, columns), shape.order
    geometry = structure(layer, spec, shape).geometry
    units = {1: 1, GROUPS: geometry.groups, FILTER_SETS: geometry.groups * geometry.filter_sets}[order.input_loads]
    if order.groups_inside or (order.input_loads == FILTER_SETS and order.bands > 1 and layer.kind == "conv"):
        units = 1
    shape = attrs.evolve(shape, order=attrs.evolve(order, input_loads=units))
    return with_cycles(structure(layer, spec, shape), spec)


@given(cases)
@settings(max_examples=60, deadline=None)
def test_the_cycles_of_all_passes_are_the_rule_s(case: tuple[Layer, str, int, Shape]) -> None:
    layer, rule, columns, shape = case
    program = built(layer, rule, columns, shape)
    for image in range(layer.images):
        completion = rules.rule(rule, layer.kind).completion(layer, image, machine(rule, columns))
        assert program.cycles[image].sum() == completion.reshape(-1)[-1]
        assert (program.cycles[image] >= 0).all()


@given(cases)
@settings(max_examples=40, deadline=None)
def test_every_weight_has_arrived_and_none_is_freed_early(case: tuple[Layer, str, int, Shape]) -> None:
    program = built(*case)
    starts = program.reduction.step_starts
    for tile in range(len(program.tiles)):
        freed, needs = 0, program.weight_needs(tile).tolist()
        for work in program.run(0):
            part = program.tiles[tile]
            need = needs[work.index]
            used = need - part.filters[work.filter_set] * int(starts[work.steps[1]] - starts[work.steps[0]])
            if part.filters[work.filter_set]:
                assert freed <= used < need
            freed = max(freed, need if work.frees_weights else 0)
        assert need <= program.weights_total(tile)
        assert freed == program.weights_total(tile) or not part.filters[-1]


def inputs_read(program: Program, work: object) -> tuple[int, int]:
    """First and last value of the input's stream that a pass reads, padding apart, by plain loops."""
    layer, geometry = program.layer, program.geometry
    order = program.reduction.order[
        program.reduction.step_starts[work.steps[0]] : program.reduction.step_starts[work.steps[1]]
    ]
    if layer.kind == "fc":
        return int(order.min()), int(order.max())
    _, channels, height, width = layer.inputs.shape
    read = []
    for window in range(*work.windows):
        oy, ox = divmod(window, geometry.out_size[1])
        for place in order.tolist():
            c, rest = divmod(place, geometry.kernel[0] * geometry.kernel[1])
            ky, kx = divmod(rest, geometry.kernel[1])
            y = oy * layer.stride[0] - layer.padding[0] + ky
            x = ox * layer.stride[1] - layer.padding[1] + kx
            if 0 <= y < height and 0 <= x < width:
                read.append((y * width + x) * channels + c + work.group * geometry.group_channels)
    return (min(read), max(read)) if read else (10**9, -1)


ORDERS = {
    "block by block": Order(),
    "three bands": Order(3),
    "all at once": Order(1),
    "inputs for each group": Order(input_loads=GROUPS),
    "two bands, inputs for each group": Order(2, input_loads=GROUPS),
    "inputs for each filter set": Order(1, input_loads=FILTER_SETS),
    "groups inside": Order(groups_inside=True),
    "groups inside three bands": Order(3, groups_inside=True),
}


@pytest.mark.parametrize("index", range(len(LAYERS)))
@pytest.mark.parametrize("order", ORDERS)
def test_every_input_has_arrived_and_none_is_freed_early(index: int, order: str) -> None:
    program = built(LAYERS[index], "dstripes", 16, Shape(ORDERS[order], 3, False))
    count, freed = program.layer.inputs[0].size, 0
    for work in program.run(0):
        base = count * load_of(program, work)
        first, last = inputs_read(program, work)
        assert last + base < program.inputs_need[0, work.index]
        assert freed <= first + base
        freed = int(program.inputs_free[0, work.index])
    assert freed == program.input_loads * count


def load_of(program: Program, work: Pass) -> int:
    """Times the inputs have been loaded before, by what is loaded again for what."""
    groups, sets = program.geometry.groups, program.geometry.filter_sets
    units = {groups * sets: work.group * sets + work.filter_set, groups: work.group, 1: 0}
    return units[program.input_loads]


@pytest.mark.parametrize("index", range(len(LAYERS)))
@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("order", ORDERS)
def test_outputs_are_final_when_nothing_is_open(index: int, exact: bool, order: str) -> None:
    layer = LAYERS[index]
    program = built(layer, "dstripes", 4, Shape(ORDERS[order], 2**30, exact))
    filters, out = layer.filters, layer.pool.out if layer.pool else layer.out_size
    missing = np.zeros((out[0] * out[1], filters), int)  # windows still missing of every output
    reads = [_reads(layer, position) for position in range(out[0] * out[1])]
    for position, windows in enumerate(reads):
        missing[position] = len(windows)
    before = 0
    for work in program.run(0):
        if work.completes:
            low = work.group * program.geometry.group_filters + work.filter_set * program.geometry.grid.filters
            high = min(low + program.geometry.grid.filters, (work.group + 1) * program.geometry.group_filters)
            for position, windows in enumerate(reads):
                done = sum(work.windows[0] <= window < work.windows[1] for window in windows)
                missing[position, low:high] -= done
        flat = missing.reshape(-1)
        assert not flat[: work.out_final].any()
        touched = np.flatnonzero(flat < np.repeat([len(r) for r in reads], filters))
        if len(touched):
            assert touched[-1] < work.out_started
        assert work.out_final >= before
        before = work.out_final
    assert before == layer.outputs[0].size


def _reads(layer: Layer, position: int) -> list[int]:
    if layer.pool is None:
        return [position]
    (ky, kx), (sy, sx), (py, px) = layer.pool.kernel, layer.pool.stride, layer.pool.padding
    oy, ox = divmod(position, layer.pool.out[1])
    height, width = layer.out_size
    return [
        y * width + x
        for y in range(oy * sy - py, oy * sy - py + ky)
        for x in range(ox * sx - px, ox * sx - px + kx)
        if 0 <= y < height and 0 <= x < width
    ]


@pytest.mark.parametrize("index", range(len(LAYERS)))
def test_started_and_final_positions_frame_the_windows(index: int) -> None:
    started, final = positions_done(LAYERS[index])
    assert (final <= started).all()
    assert (np.diff(started) >= 0).all()
    assert (np.diff(final) >= 0).all()


@pytest.mark.parametrize("index", range(len(LAYERS)))
def test_all_tiles_streams_are_the_weights_in_the_order_of_the_steps(index: int) -> None:
    """Against plain loops: filter set, step, filter, channel; every weight once."""
    layer, spec = LAYERS[index], machine("dstripes", 16)
    program = structure(layer, spec, Shape(Order(), 2**30, False))
    geometry, reduction = program.geometry, program.reduction
    flat = layer.weights.reshape(layer.filters, -1)
    seen = 0
    for tile in range(3):
        expected = []
        for filter_set in range(geometry.filter_sets):
            first = filter_set * 12 + tile * 4
            for begin, end in zip(reduction.step_starts[:-1], reduction.step_starts[1:], strict=True):
                for filter_ in range(first, min(first + 4, geometry.group_filters)):
                    expected += [
                        flat[geometry.group_filters * (layer.groups - 1) + filter_, k]
                        for k in reduction.order[begin:end]
                    ]
        assert weight_stream(program, tile, layer.groups - 1).tolist() == expected
        seen += len(expected)
    assert seen * layer.groups == layer.weights.size
    assert sum(part.group_values for part in tile_slices(geometry)) == seen


def test_the_small_network_covers_what_it_should() -> None:
    workload: Workload = network()
    assert {layer.kind for layer in workload.layers} == {"conv", "fc"}
    assert {layer.groups for layer in workload.layers} == {1, 2}
    assert {layer.pool.kind for layer in workload.layers if layer.pool} == {"max", "average"}
