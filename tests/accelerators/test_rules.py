"""Every cycle rule against its definition in plain loops, on small layers of all shapes and all grids."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_layers import column_brick_widths, convolutions, fully_connected, machine, machines, width_of

from tlm.accelerators.rules import Geometry, Grid, rule
from tlm.accelerators.rules.column import run_ahead
from tlm.accelerators.rules.rotating import rotating_columns
from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.workload.layer import Layer


def steps_of(layer: Layer, image: int, spec: AcceleratorSpec) -> list[list[int]]:
    """The columns' widths of every step of the layer, in loop order."""
    sets = -(-layer.filters // layer.groups // (spec.tiles * spec.rows))
    by_group = column_brick_widths(layer, image, Grid.of(spec))
    return [columns for group in by_group for steps in group for _ in range(sets) for columns in steps]


def completion(name: str, layer: Layer, image: int, spec: AcceleratorSpec) -> list[int]:
    """The rule's answer, flat, its shape checked."""
    entry = rule(name, layer.kind)
    done = entry.completion(layer, image, spec)
    assert done.dtype == np.int64
    assert done.shape == Geometry.of(layer, entry.grid(spec)).shape
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
    assert completion("stripes", layer, 0, spec) == [layer.act_bits * (i + 1) for i in range(steps)]


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


@settings(max_examples=60, deadline=None)
@given(fully_connected(), machines, st.integers(0, 1))
def test_fully_connected_bricks_rotate(layer: Layer, spec: AcceleratorSpec, image: int) -> None:
    signed = bool((layer.inputs < 0).any())
    values = layer.inputs[image].tolist()
    sets = -(-layer.filters // (spec.tiles * spec.rows))
    starts = range(0, len(values), spec.lanes)
    busy = [max(width_of(v, signed) for v in values[start : start + spec.lanes]) for start in starts] * sets
    assert completion("base", layer, image, spec) == list(range(1, len(busy) + 1))
    assert completion("stripes", layer, image, spec) == rotate([layer.act_bits] * len(busy), spec.columns)
    assert completion("dstripes", layer, image, spec) == rotate(busy, spec.columns)
    assert completion("dstripes-column", layer, image, spec) == rotate(busy, spec.columns)


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
    done = [completion("dstripes-column", layer, 0, machine(**numbers, registers=r)) for r in range(4)]
    assert done[0] == completion("dstripes", layer, 0, spec)
    assert all(more <= fewer for a, b in pairwise(done) for fewer, more in zip(a, b, strict=True))


def test_an_unknown_rule_is_refused_with_the_nearest() -> None:
    with pytest.raises(
        BadInput, match=r"rules\.conv: no cycle rule 'dstripe' .*base, stripes.*did you mean 'dstripes'"
    ):
        rule("dstripe", "conv")
