"""DLAC's cycles against units that take their products one by one, its dense peak, and what skipping zeros gains."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layers import convolutions, fully_connected, machine, random_layer, value_at

from tlm.accelerators.rules import Geometry, rule
from tlm.accelerators.rules.dlac import Units, activation_counts, operations, weight_counts
from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.scenario import load
from tlm.workload.effectual import effectual_macs
from tlm.workload.layer import Layer, Pointwise

DLAC = rule("dlac", "conv")


def grid(**numbers: Any) -> AcceleratorSpec:
    return machine(tiles=1, lanes=1, **numbers)


grids = st.builds(
    grid,
    rows=st.integers(1, 3),
    columns=st.integers(2, 4),
    buffers=st.sampled_from([4, 6]),
    buffers_weights=st.sampled_from([None, 1, 2]),
    queue=st.integers(0, 4),
    resync=st.integers(1, 9),
    skip=st.booleans(),
)
layers = st.one_of(convolutions(), fully_connected())


def sparse(layer: Layer, zeros: int) -> Layer:
    """The layer with some of its weights and activations zero, as its codes have it."""
    rng = np.random.default_rng(zeros)
    inputs = np.where(rng.random(layer.inputs.shape) < 0.5, layer.input_zero, layer.inputs)
    return attrs.evolve(layer, inputs=inputs, weights=layer.weights * (rng.random(layer.weights.shape) < 0.5))


def taps_of(layer: Layer) -> list[tuple[int, int, int]]:
    """The steps of a reduction: (channel, ky, kx), the channel fastest."""
    _, channels, *kernel = layer.weights.shape
    height, width = kernel or (1, 1)
    return [(c, y, x) for y in range(height) for x in range(width) for c in range(channels)]


def there(layer: Layer, image: int, group: int, window: int, tap: tuple[int, int, int]) -> bool:
    """Whether a window's activation at a position of the kernel is not zero."""
    channel = group * layer.weights.shape[1] + tap[0]
    if layer.kind == "fc":
        return bool(layer.inputs[image, channel])
    oy, ox = divmod(window, layer.out_size[1])
    y, x = (
        out * layer.stride[axis] - layer.padding[axis] + tap[axis + 1] * layer.dilation[axis]
        for axis, out in enumerate((oy, ox))
    )
    return value_at(layer, image, channel, y, x) != layer.input_zero


def products(layer: Layer, image: int, group: int, filters: range, windows: range) -> list[int]:
    """Of every step, the products of a unit that are of two values which are not zero."""
    return [
        sum(bool(layer.weights[(f, *tap[: layer.weights.ndim - 1])]) for f in filters)
        * sum(there(layer, image, group, w, tap) for w in windows)
        for tap in taps_of(layer)
    ]


def set_ends(work: list[list[int]], spec: AcceleratorSpec) -> list[int]:
    """When all units have done every step, by the machine's own words; `work` [units][steps] products."""
    ends, finished, begin = [0] * len(work), [], 0
    for step, _ in enumerate(work[0]):
        if step % spec.resync == 0:
            begin = max(ends)
        before = step - spec.queue - 1
        wait = max(begin, finished[before] if before >= 0 else 0)
        for unit, of in enumerate(work):
            ends[unit] = max(ends[unit], wait) + max(1, of[step])
        finished.append(max(ends))
    return finished


def quickest(filters: int, windows: int, spec: AcceleratorSpec) -> tuple[int, int]:
    """For how many of each a unit's buffers are: what fills them least often, the fewest filters of these."""
    pairs = [(bw, spec.buffers // bw) for bw in range(1, spec.buffers + 1) if spec.buffers % bw == 0]
    pairs = [pair for pair in pairs if spec.buffers_weights in (None, pair[0])]
    return min(pairs, key=lambda of: (-(-filters // (spec.rows * of[0])) * -(-windows // (spec.columns * of[1])), of))


def by_loops(layer: Layer, image: int, spec: AcceleratorSpec) -> list[int]:
    """When every step of every set is done."""
    group, outputs = layer.filters // layer.groups, int(np.prod(layer.out_size))
    bw, ba = quickest(group, outputs, spec)
    done, start = [], 0
    for g in range(layer.groups):
        for w0 in range(0, outputs, spec.columns * ba):
            for f0 in range(0, group, spec.rows * bw):
                first = g * group + f0
                work = [
                    products(
                        layer,
                        image,
                        g,
                        range(first + r * bw, min(first + (r + 1) * bw, (g + 1) * group)),
                        range(w0 + c * ba, min(w0 + (c + 1) * ba, outputs)),
                    )
                    for r in range(spec.rows)
                    for c in range(spec.columns)
                ]
                if not spec.skip:
                    work = [[bw * ba] * len(of) for of in work]
                done += [start + end for end in set_ends(work, spec)]
                start = done[-1]
    return done


@settings(max_examples=80, deadline=None)
@given(layers, grids, st.integers(0, 1), st.integers(0, 9))
def test_units_take_their_products_one_by_one(layer: Layer, spec: AcceleratorSpec, image: int, zeros: int) -> None:
    layer = sparse(layer, zeros)
    found = DLAC.completion(layer, image, spec)
    assert found.shape == Geometry.of(layer, DLAC.grid(layer, spec)).shape
    assert found.reshape(-1).tolist() == by_loops(layer, image, spec)


@settings(max_examples=40, deadline=None)
@given(layers, grids, st.integers(0, 9))
def test_all_effectual_operations_are_some_units(layer: Layer, spec: AcceleratorSpec, zeros: int) -> None:
    layer = sparse(layer, zeros)
    geometry = Geometry.of(layer, DLAC.grid(layer, spec))
    units = Units.of(layer, spec)
    weights, acts = weight_counts(layer, geometry, units), activation_counts(layer, 1, geometry, units)
    of_units = np.einsum("gfrs,gwcs->", weights.astype(np.int64), acts.astype(np.int64))
    group = layer.filters // layer.groups
    plain = sum(
        sum(products(layer, 1, f // group, range(f, f + 1), range(int(np.prod(layer.out_size)))))
        for f in range(layer.filters)
    )
    counted = effectual_macs(layer)
    assert counted is not None
    assert of_units == counted[1] == plain


# --- the presets


def preset(name: str, *changes: str) -> AcceleratorSpec:
    return load("ideal", [f"accelerator={name}", *(f"accelerator.{change}" for change in changes)]).accelerator


def drawn(density: float, filters: int, side: int, channels: int = 576, seed: int = 1) -> Layer:
    """A layer of one tap of random operands, that share of each not zero."""
    shape = {"size": (side, side), "kernel": (1, 1), "stride": (1, 1), "padding": (0, 0), "groups": 1}
    layer = random_layer({**shape, "channels": channels, "filters": filters}, signed=False, seed=seed)
    rng = np.random.default_rng(seed)
    inputs, weights = ((rng.random(of.shape) < density).astype(np.int64) for of in (layer.inputs, layer.weights))
    return attrs.evolve(layer, inputs=inputs, weights=weights)


def cycles(layer: Layer, spec: AcceleratorSpec) -> int:
    return int(DLAC.completion(layer, 0, spec).max())


@pytest.mark.parametrize("filters", [16, 64])
def test_the_dense_peak_in_training_is_1024_flop_a_cycle(filters: int) -> None:
    layer = drawn(1.0, filters, 32)
    for spec in (preset("dlac-training"), preset("dlac-training", "skip=false")):
        assert 2 * layer.macs == 1024 * cycles(layer, spec)


@pytest.mark.parametrize(
    ("filters", "side", "sets"),
    [(16, 16, 1), (50, 20, 7), (128, 4, 1), (128, 7, 2), (64, 7, 1), (1, 60, 15)],
)
def test_skipping_off_gives_the_dense_cycles(filters: int, side: int, sets: int) -> None:
    """As often as 512 x 8 buffers are filled, shared out as suits the layer, eight cycles a step."""
    assert cycles(drawn(0.4, filters, side), preset("dlac-training", "skip=false")) == sets * 576 * 8


@pytest.mark.parametrize("buffers", [(1, 8), (2, 4), (4, 2), (8, 1), (1, 16), (2, 8), (4, 4)])
def test_random_operands_at_16_percent(buffers: tuple[int, int]) -> None:
    """A mean of 2.2 to 4.1 with 8 to 16 buffers and 8 to 32 steps between waits, below 2 in lock step."""
    layer, (bw, ba) = drawn(0.4, 256, 32), buffers
    spec = preset("dlac-training", f"buffers={bw * ba}", f"buffers_weights={bw}")
    gained = {
        steps: layer.macs / 512 / cycles(layer, attrs.evolve(spec, queue=steps, resync=steps))
        for steps in (1, 8, 16, 32)
    }
    assert 1 < gained[1] < 2
    assert all(2.2 < gained[steps] < 4.1 for steps in (8, 16, 32)), gained
    assert gained[1] < gained[8] < gained[16] < gained[32]


def test_a_queue_shorter_than_the_stretch_holds_units_together() -> None:
    layer = drawn(0.4, 16, 16)
    found = [cycles(layer, preset("dlac-training", f"queue={queue}", "resync=64")) for queue in (0, 1, 7, 62, 63, 64)]
    assert found == sorted(found, reverse=True)
    assert found[0] == cycles(layer, preset("dlac-training", "queue=9", "resync=1"))  # lock step, either way
    assert found[0] > found[1] > found[2] > found[3] == found[4] == found[5]


def test_adders_take_ternary_weights_only() -> None:
    spec, layer = preset("dlac-inference"), drawn(1.0, 16, 32)
    assert cycles(layer, spec) == 4 * 576 * 8
    assert cycles(attrs.evolve(layer, weights=-layer.weights), spec) == 4 * 576 * 8
    assert cycles(attrs.evolve(layer, weights=2 * layer.weights), spec) == 8 * 576 * 8
    assert cycles(attrs.evolve(layer, weights=2 * layer.weights), preset("dlac-training")) == 4 * 576 * 8


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tiles": 2}, r"accelerator\.tiles: must be 1"),
        ({"lanes": 4}, r"accelerator\.lanes: must be 1"),
        ({"adders": 32}, r"accelerator\.adders: must be less than columns, 32"),
        ({"buffers_weights": 3}, r"accelerator\.buffers_weights: must divide buffers, 8"),
    ],
)
def test_what_no_dlac_can_be_is_refused(change: dict[str, int], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        DLAC.grid(drawn(0.4, 1, 2), attrs.evolve(preset("dlac-training"), **change))


def test_scnn_has_no_way_but_to_skip() -> None:
    with pytest.raises(BadInput, match=r"accelerator\.skip: must be true"):
        rule("scnn", "conv").grid(drawn(0.4, 1, 2), preset("scnn-16x16", "skip=false"))


# --- ptWiseOp


def summed(filters: int, side: int, operands: int) -> Layer:
    layer = random_layer(
        {"size": (side, side), "kernel": (1, 1), "stride": (1, 1), "padding": (0, 0)}
        | {"groups": 1, "channels": 1, "filters": filters},
        signed=False,
        seed=1,
    )
    part = np.zeros((2, filters, side, side), np.int64)
    return attrs.evolve(
        layer,
        kind="pointwise",
        weights=np.zeros(0, np.int64),
        pointwise=Pointwise("add", (1,) * operands, (0,) * operands),
        sources=tuple(range(operands)),
        parts=(part,) * operands,
        join="sequence",
    )


@pytest.mark.parametrize(
    ("filters", "side", "expected"),
    [(16, 16, 8), (17, 16, 16), (16, 32, 32), (1, 1, 1), (128, 1, 8), (16, 2, 4)],
)
def test_units_work_on_what_their_buffers_hold(filters: int, side: int, expected: int) -> None:
    for operands in (2, 3):
        assert cycles(summed(filters, side, operands), preset("dlac-training")) == operands * expected


def test_operations_of_a_value() -> None:
    assert [operations(Pointwise(op), 2) for op in ("add", "multiply", "move", "lstm-cell", "lstm-hidden")] == [
        *(2, 1, 1, 2, 1)
    ]
