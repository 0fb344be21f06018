"""A layer's cut into sets and steps covers every multiplication once, in the documented order."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from small_layers import convolutions, folded_steps, fully_connected, machines, random_layer

from tlm.accelerators.rules import Geometry, Grid
from tlm.accelerators.spec import AcceleratorSpec
from tlm.workload.layer import Layer

WIDE = Grid(tiles=1, rows=2, columns=4, lanes=16)


def first_layer() -> Layer:
    shape = {"size": (7, 9), "kernel": (5, 3), "stride": (2, 2), "padding": (1, 0)}
    return random_layer({**shape, "groups": 1, "channels": 3, "filters": 5}, signed=False, seed=1)


def test_a_first_layer_is_folded() -> None:
    geometry = Geometry.of(first_layer(), WIDE)
    assert geometry.fold == (2, 2)
    assert (geometry.folded_channels, geometry.folded_kernel, geometry.bricks) == (12, (3, 2), 1)
    assert geometry.shape == (1, 3, 3, 6)


def test_the_folded_brick_order_is_phase_then_channel() -> None:
    reduction = Geometry.of(first_layer(), WIDE).reduction()
    first = reduction.order[: reduction.step_starts[1]]
    taps = [np.unravel_index(index, (3, 5, 3)) for index in first]
    assert [(int(ky), int(kx), int(c)) for c, ky, kx in taps] == [
        (ky, kx, c) for ky in (0, 1) for kx in (0, 1) for c in (0, 1, 2)
    ]
    # The last folded kernel position has one row and one column of real weights: 3 of its 12 lanes work.
    assert reduction.step_starts[-1] - reduction.step_starts[-2] == 3


def test_other_layers_are_not_folded() -> None:
    shape = {"size": (8, 8), "kernel": (3, 3), "padding": (0, 0), "filters": 2}
    for groups, channels, stride in ((1, 4, 2), (1, 3, 1), (3, 1, 2)):
        own = {**shape, "groups": groups, "channels": channels, "stride": (stride, stride)}
        assert Geometry.of(random_layer(own, signed=False, seed=2), WIDE).fold == (1, 1)


@settings(max_examples=60, deadline=None)
@given(convolutions(), machines)
def test_steps_use_the_real_weights_in_order(layer: Layer, spec: AcceleratorSpec) -> None:
    geometry = Geometry.of(layer, Grid.of(spec))
    reduction = geometry.reduction()
    _, channels, kernel_y, kernel_x = layer.weights.shape
    assert np.array_equal(np.sort(reduction.order), np.arange(channels * kernel_y * kernel_x))
    expected = [
        [(c * kernel_y + ky) * kernel_x + kx for c, ky, kx in taps if ky < kernel_y and kx < kernel_x]
        for taps in folded_steps(layer, spec.lanes)
    ]
    assert geometry.steps == len(expected)
    pieces = np.split(reduction.order, reduction.step_starts[1:-1])
    assert [piece.tolist() for piece in pieces] == expected
    assert (reduction.step_starts[0], reduction.step_starts[-1]) == (0, reduction.order.size)


@settings(max_examples=30, deadline=None)
@given(convolutions(), machines)
def test_every_multiplication_is_done_once(layer: Layer, spec: AcceleratorSpec) -> None:
    geometry = Geometry.of(layer, Grid.of(spec))
    weights_of_step = np.diff(geometry.reduction().step_starts)
    windows = np.diff([*range(0, geometry.windows, spec.columns), geometry.windows])
    filters = np.diff([*range(0, geometry.group_filters, spec.tiles * spec.rows), geometry.group_filters])
    groups, window_sets, filter_sets, _ = geometry.shape
    assert (len(windows), len(filters)) == (window_sets, filter_sets)
    assert groups * windows.sum() * filters.sum() * weights_of_step.sum() == layer.macs


@settings(max_examples=20, deadline=None)
@given(fully_connected(), machines)
def test_a_fully_connected_layer_is_one_window_of_bricks(layer: Layer, spec: AcceleratorSpec) -> None:
    geometry = Geometry.of(layer, Grid.of(spec))
    filters, channels = layer.weights.shape
    assert geometry.shape == (1, 1, -(-filters // (spec.tiles * spec.rows)), -(-channels // spec.lanes))
    reduction = geometry.reduction()
    assert np.array_equal(reduction.order, np.arange(channels))
    assert reduction.step_starts.tolist() == [*range(0, channels, spec.lanes), channels]


def positions_read(layer: Layer) -> list[list[int]]:
    """For every window, the raster positions of the map it reads, by plain loops."""
    _, _, height, width = layer.inputs.shape
    gap_y, gap_x = layer.dilation
    taps = {(gap_y * ky, gap_x * kx) for step in folded_steps(layer, 16) for _, ky, kx in step}
    out_y, out_x = layer.out_size
    corners = [(y * layer.stride[0], x * layer.stride[1]) for y in range(out_y) for x in range(out_x)]
    return [
        [
            (top + ky - layer.padding[0]) * width + left + kx - layer.padding[1]
            for ky, kx in taps
            if 0 <= top + ky - layer.padding[0] < height and 0 <= left + kx - layer.padding[1] < width
        ]
        for top, left in corners
    ]


@settings(max_examples=60, deadline=None)
@given(convolutions(), machines)
def test_what_windows_need_and_free(layer: Layer, spec: AcceleratorSpec) -> None:
    geometry = Geometry.of(layer, Grid.of(spec))
    read = positions_read(layer)
    size = layer.inputs.shape[2] * layer.inputs.shape[3]
    first, last = geometry.input_extent()
    assert first.tolist() == [min(positions, default=size) for positions in read]
    assert last.tolist() == [max(positions, default=-1) for positions in read]
    ends = [*range(spec.columns, geometry.windows, spec.columns), geometry.windows]
    assert geometry.set_needs().tolist() == [max(last[:end]) + 1 for end in ends]
    assert geometry.set_frees().tolist() == [min(first[end:], default=size) for end in ends]
