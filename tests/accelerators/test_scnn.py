"""SCNN's cycles against the dataflow in plain loops, product by product; and what it multiplies."""

from __future__ import annotations

import math
from collections import Counter

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_layers import convolutions, machine, random_layer, value_at

from tlm.accelerators.rules import Geometry, rule
from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.workload.layer import Layer

elements = st.builds(
    machine,
    tiles=st.just(1),
    rows=st.integers(1, 4),
    columns=st.integers(1, 4),
    lanes=st.integers(1, 4),
    accumulators=st.sampled_from([36, 64, 1024]),
)


def bank(k: int, ox: int, oy: int) -> int:
    return (((k & 4) << 2) ^ ((ox & 2) << 3) ^ ((oy & 2) << 3)) + ((ox & 1) << 3) + ((oy & 1) << 2) + (k & 3)


def element_cycles(
    layer: Layer, image: int, channel: int, filters: range, patch: tuple[range, range], lanes: int
) -> int:
    """One element, one input channel, one chunk: blocks of activations times blocks of weights, phase by phase."""
    group, (_, channels, kernel_y, kernel_x) = filters.start // (layer.filters // layer.groups), layer.weights.shape
    (step_y, step_x), (gap_y, gap_x), (pad_y, pad_x) = layer.stride, layer.dilation, layer.padding
    cycles = 0
    for phase in [(y, x) for y in range(step_y) for x in range(step_x)]:
        acts = [
            (y, x)
            for x in patch[1]
            for y in patch[0]
            if (y % step_y, x % step_x) == phase
            and value_at(layer, image, group * channels + channel, y - pad_y, x - pad_x) != layer.input_zero
        ]
        weights = [
            (ky * gap_y, kx * gap_x, k)
            for kx in range(kernel_x)
            for ky in range(kernel_y)
            for k in filters
            if (ky * gap_y % step_y, kx * gap_x % step_x) == phase and layer.weights[k, channel, ky, kx] != 0
        ]
        for a in range(0, len(acts), lanes):
            for w in range(0, len(weights), lanes):
                banks = Counter[int]()
                for y, x in acts[a : a + lanes]:
                    for dy, dx, k in weights[w : w + lanes]:
                        oy, ox = (y - dy) // step_y, (x - dx) // step_x
                        if 0 <= oy < layer.out_size[0] and 0 <= ox < layer.out_size[1]:
                            banks[bank(k, ox, oy)] += 1
                cycles += max(1, *banks.values(), 1)
    return cycles


def by_loops(layer: Layer, image: int, spec: AcceleratorSpec) -> list[int]:
    """When each channel of each chunk is done."""
    outputs = math.ceil(layer.out_size[0] / spec.rows) * math.ceil(layer.out_size[1] / spec.columns)
    per_group = layer.filters // layer.groups
    padded = [size + 2 * pad for size, pad in zip(layer.inputs.shape[2:], layer.padding, strict=True)]
    py, px = math.ceil(padded[0] / spec.rows), math.ceil(padded[1] / spec.columns)
    halo = [
        (max(0, gap * (k - 1) - pad), side, pad)
        for gap, k, pad, side in zip(layer.dilation, layer.weights.shape[2:], layer.padding, (py, px), strict=True)
    ]
    largest = max(halo[0][i] * halo[1][j] for i in range(3) for j in range(3) if (i, j) != (1, 1))
    chunk, done, total = spec.accumulators // outputs, [], 0
    for group in range(layer.groups):
        for first in range(0, per_group, chunk):
            filters = range(group * per_group + first, group * per_group + min(first + chunk, per_group))
            for channel in range(layer.weights.shape[1]):
                total += max(
                    element_cycles(
                        layer,
                        image,
                        channel,
                        filters,
                        (range(b * py, (b + 1) * py), range(a * px, (a + 1) * px)),
                        spec.lanes,
                    )
                    for a in range(spec.columns)
                    for b in range(spec.rows)
                )
                done.append(total)
            total += largest * len(filters)
            done[-1] = total
    return done


@settings(max_examples=40, deadline=None)
@given(convolutions(), elements, st.integers(0, 1), st.booleans())
def test_products_of_non_zero_operands_in_blocks(layer: Layer, spec: AcceleratorSpec, image: int, sparse: bool) -> None:
    if sparse:
        keep = np.random.default_rng(0).random(layer.weights.shape) < 0.4
        layer = attrs.evolve(layer, weights=layer.weights * keep)
    found = rule("scnn", "conv").completion(layer, image, spec)
    assert found.shape == Geometry.of(layer, rule("scnn", "conv").grid(layer, spec)).shape
    assert found.reshape(-1).tolist() == by_loops(layer, image, spec)


SHAPE = {"size": (40, 40), "kernel": (1, 1), "stride": (1, 1), "padding": (0, 0)}
LAYER = random_layer({**SHAPE, "groups": 1, "channels": 1, "filters": 2}, signed=False, seed=1)


def test_a_map_whose_outputs_no_element_can_hold_is_refused() -> None:
    told = r"accelerator\.accumulators: layer random has 100 outputs of a filter an element, .* hold 99"
    with pytest.raises(BadInput, match=told):
        rule("scnn", "conv").grid(LAYER, machine(tiles=1, rows=4, columns=4, accumulators=99))


def test_weights_are_broadcast_from_one_buffer() -> None:
    with pytest.raises(BadInput, match=r"accelerator\.tiles: must be 1"):
        rule("scnn", "conv").grid(LAYER, machine(tiles=2))
