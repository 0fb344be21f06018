"""Every cycle rule against its definition in plain loops, on small layers of all shapes and all grids."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_layers import (
    column_brick_widths,
    convolutions,
    folded_steps,
    fully_connected,
    machine,
    machines,
    width_of,
)

from tlm.accelerators.rules import Geometry, Grid, rule
from tlm.accelerators.rules.column import run_ahead
from tlm.accelerators.rules.rotating import rotating_columns
from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.workload.layer import Layer


def serial(width: int, spec: AcceleratorSpec) -> int:
    return math.ceil(width / spec.serial_bits)


def steps_of(layer: Layer, image: int, spec: AcceleratorSpec) -> list[list[int]]:
    """The cycles of the columns in every step of the layer, in loop order."""
    sets = -(-layer.filters // layer.groups // (spec.tiles * spec.rows))
    by_group = column_brick_widths(layer, image, Grid.of(spec))
    steps = [columns for group in by_group for steps in group for _ in range(sets) for columns in steps]
    return [[serial(width, spec) for width in columns] for columns in steps]


def completion(name: str, layer: Layer, image: int, spec: AcceleratorSpec) -> list[int]:
    """The rule's answer, flat, its shape checked."""
    entry = rule(name, layer.kind)
    done = entry.completion(layer, image, spec)
    assert done.dtype == np.int64
    assert done.shape == Geometry.of(layer, entry.grid(layer, spec)).shape
    return done.reshape(-1).tolist()


def column_ends(steps: list[list[int]], columns: int, registers: int) -> list[int]:
    """When all columns finished each step, by the rule's own words."""
    ends, finished = [0] * columns, []
    for i, busy in enumerate(steps):
        wait = finished[i - registers - 1] if i > registers else 0
        for column, cycles in enumerate(busy):
            ends[column] = max(ends[column], wait) + cycles
        finished.append(max(ends))
    return finished


@settings(max_examples=30, deadline=None)
@given(convolutions(), machines)
def test_base_takes_a_cycle_a_step_and_one_window_at_a_time(layer: Layer, spec: AcceleratorSpec) -> None:
    done = completion("base", layer, 0, spec)
    bricks = Geometry.of(layer, Grid.of(spec)).steps
    sets = -(-layer.filters // layer.groups // (spec.tiles * spec.rows))
    assert done == list(range(1, layer.groups * int(np.prod(layer.out_size)) * sets * bricks + 1))


@settings(max_examples=30, deadline=None)
@given(convolutions(), machines)
def test_stripes_takes_the_profile_precision(layer: Layer, spec: AcceleratorSpec) -> None:
    steps = len(steps_of(layer, 0, spec))
    assert completion("stripes", layer, 0, spec) == [serial(layer.act_bits, spec) * (i + 1) for i in range(steps)]


@settings(max_examples=60, deadline=None)
@given(convolutions(), machines, st.integers(0, 1))
def test_dstripes_takes_the_widest_value(layer: Layer, spec: AcceleratorSpec, image: int) -> None:
    widest = [max(columns) for columns in steps_of(layer, image, spec)]
    assert completion("dstripes", layer, image, spec) == np.cumsum(widest).tolist()


@settings(max_examples=60, deadline=None)
@given(convolutions(), machines, st.integers(0, 1))
def test_columns_run_ahead(layer: Layer, spec: AcceleratorSpec, image: int) -> None:
    expected = column_ends(steps_of(layer, image, spec), spec.columns, spec.registers)
    assert completion("dstripes-column", layer, image, spec) == expected


def rotate(busy: list[int], columns: int) -> list[int]:
    starts: list[int] = []
    for i, _ in enumerate(busy):
        turn = starts[i - 1] + 1 if i else 0
        free = starts[i - columns] + busy[i - columns] if i >= columns else 0
        starts.append(max(turn, free))
    ends = [start + cycles for start, cycles in zip(starts, busy, strict=True)]
    return [max(ends[: i + 1]) for i, _ in enumerate(ends)]


def brick_widths_of(layer: Layer, image: int, spec: AcceleratorSpec) -> list[int]:
    """The widths of a fully connected layer's bricks, again for each filter set."""
    signed = bool((layer.inputs < 0).any())
    values = layer.inputs[image].tolist()
    starts = range(0, len(values), spec.lanes)
    widths = [max(width_of(v, signed) for v in values[start : start + spec.lanes]) for start in starts]
    return widths * -(-layer.filters // (spec.tiles * spec.rows))


@settings(max_examples=60, deadline=None)
@given(fully_connected(), machines, st.integers(0, 1))
def test_fully_connected_bricks_rotate(layer: Layer, spec: AcceleratorSpec, image: int) -> None:
    busy = [serial(width, spec) for width in brick_widths_of(layer, image, spec)]
    precision = serial(layer.act_bits, spec)
    assert completion("base", layer, image, spec) == list(range(1, len(busy) + 1))
    assert completion("stripes", layer, image, spec) == rotate([precision] * len(busy), spec.columns)
    assert completion("dstripes", layer, image, spec) == rotate(busy, spec.columns)
    assert completion("dstripes-column", layer, image, spec) == rotate(busy, spec.columns)


@settings(max_examples=60, deadline=None)
@given(fully_connected(), machines)
def test_tartan_takes_the_number_of_slices_that_is_quickest(layer: Layer, spec: AcceleratorSpec) -> None:
    inputs, at_once = math.ceil(layer.weights.shape[1] / spec.lanes), spec.tiles * spec.rows
    step = serial(max(layer.act_bits, layer.weight_bits), spec)
    steps = [
        math.ceil(layer.filters / (at_once * (spec.columns // slices))) * math.ceil(inputs / slices)
        for slices in range(1, spec.columns + 1)
    ]
    cascades = [0, *range(2, spec.columns + 1)]
    done = completion("tartan", layer, 0, spec)
    fill = serial(layer.weight_bits, spec)
    assert done[-1] == min(n * step + cascade for n, cascade in zip(steps, cascades, strict=True)) + fill
    assert done[0] >= fill + step
    assert {later - earlier for earlier, later in pairwise(done[:-1])} <= {step}


def weight_bits_of(layer: Layer, spec: AcceleratorSpec) -> list[list[int]]:
    """[groups x filter sets][steps] the widest weight, sign included, of the filters of a set and a step's lanes."""
    group, at_once = layer.filters // layer.groups, spec.tiles * spec.rows
    weights = layer.weights if layer.kind == "conv" else layer.weights[:, :, None, None]
    kernel = weights.shape[2:]
    first = [of + start for of in range(0, layer.filters, group) for start in range(0, group, at_once)]
    sets = [range(start, min(start + at_once, start - start % group + group)) for start in first]

    def widest(filters: range, taps: list[tuple[int, int, int]]) -> int:
        real = [(c, y, x) for c, y, x in taps if y < kernel[0] and x < kernel[1]]
        return max([2, *(width_of(int(weights[f, c, y, x]), True) for f in filters for c, y, x in real)])

    bricks = (
        list(folded_steps(layer, spec.lanes))
        if layer.kind == "conv"
        else [
            [(c, 0, 0) for c in range(start, min(start + spec.lanes, weights.shape[1]))]
            for start in range(0, weights.shape[1], spec.lanes)
        ]
    )
    return [[widest(filters, taps) for taps in bricks] for filters in sets]


@settings(max_examples=40, deadline=None)
@given(convolutions(), machines, st.integers(0, 1))
def test_loom_takes_the_product_of_both_precisions(layer: Layer, spec: AcceleratorSpec, image: int) -> None:
    acts = [max(columns) for columns in steps_of(layer, image, spec)]
    by_set = weight_bits_of(layer, spec)
    sets, windows = len(by_set) // layer.groups, math.ceil(np.prod(layer.out_size) / spec.columns)
    weights = [
        bits
        for group in range(layer.groups)
        for _ in range(windows)
        for steps in by_set[group * sets : (group + 1) * sets]
        for bits in steps
    ]
    static = serial(layer.act_bits, spec) * layer.weight_bits
    assert completion("loom-static", layer, image, spec) == [static * (i + 1) for i in range(len(acts))]
    assert completion("loom", layer, image, spec) == np.cumsum([a * layer.weight_bits for a in acts]).tolist()
    both = [a * w for a, w in zip(acts, weights, strict=True)]
    assert completion("loom-dynamic", layer, image, spec) == np.cumsum(both).tolist()


@settings(max_examples=40, deadline=None)
@given(fully_connected(), machines, st.integers(0, 1))
def test_looms_fully_connected_bricks_rotate(layer: Layer, spec: AcceleratorSpec, image: int) -> None:
    acts = [serial(width, spec) for width in brick_widths_of(layer, image, spec)]
    weights = [bits for steps in weight_bits_of(layer, spec) for bits in steps]
    static = serial(layer.act_bits, spec) * layer.weight_bits
    assert completion("loom-static", layer, image, spec) == rotate([static] * len(acts), spec.columns)
    by_brick = [a * layer.weight_bits for a in acts]
    assert completion("loom", layer, image, spec) == rotate(by_brick, spec.columns)
    both = [a * w for a, w in zip(acts, weights, strict=True)]
    assert completion("loom-dynamic", layer, image, spec) == rotate(both, spec.columns)


def test_rotation_at_the_turning_point() -> None:
    # Brick 2 waits for column 0 (until 3), brick 3 only for brick 2.
    assert rotating_columns(np.array([3, 1, 1, 1]), 2).tolist() == [3, 3, 4, 5]
    assert rotating_columns(np.array([2, 1, 1, 1]), 2).tolist() == [2, 2, 3, 4]


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 6), st.integers(0, 500), st.integers(1, 16), st.integers(0, 99))
@example(400, 4, 3, 1, 0)
def test_run_ahead_over_many_stretches(steps: int, columns: int, registers: int, widest: int, seed: int) -> None:
    busy = np.random.default_rng(seed).integers(0, widest + 1, (steps, columns), dtype=np.uint8)
    assert run_ahead(busy, registers).tolist() == column_ends(busy.tolist(), columns, registers)


def test_a_lead_that_never_fades_is_carried_through_every_stretch() -> None:
    busy = np.full((900, 4), 5, dtype=np.uint8)
    busy[0] = [16, 9, 2, 1]
    busy[600] = [1, 1, 1, 16]
    for registers in (0, 1, 3, 8):
        assert run_ahead(busy, registers).tolist() == column_ends(busy.tolist(), 4, registers)


@settings(max_examples=20, deadline=None)
@given(convolutions(), machines)
def test_more_registers_are_never_slower_and_none_is_lock_step(layer: Layer, spec: AcceleratorSpec) -> None:
    grid = Grid.of(spec)
    numbers = {"tiles": grid.tiles, "rows": grid.rows, "columns": grid.columns, "lanes": grid.lanes}
    numbers["serial_bits"] = spec.serial_bits
    done = [completion("dstripes-column", layer, 0, machine(**numbers, registers=r)) for r in range(4)]
    assert done[0] == completion("dstripes", layer, 0, spec)
    assert all(more <= fewer for a, b in pairwise(done) for fewer, more in zip(a, b, strict=True))


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        BadInput, match=r"rules\.conv: no cycle rule 'dstripe' .*base, stripes.*did you mean 'dstripes'"
    ):
        rule("dstripe", "conv")
