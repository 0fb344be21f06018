"""What the machine computes of accumulators, against plain loops: requantisation, pooling, any part of the stream."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import network

from tlm.accelerators.parts.datapath import post_process, requantise
from tlm.workload.layer import Layer, Requant

POOLED = [layer for layer in network().layers if layer.kind == "conv"]


@given(st.lists(st.integers(-(2**30), 2**30), min_size=1, max_size=20), st.integers(1, 2**20), st.integers(1, 40))
@settings(max_examples=60)
def test_requantisation_is_the_documented_integer_rule(values: list[int], multiplier: int, shift: int) -> None:
    rule = Requant(np.array([multiplier]), np.array([shift]), 3, 0, 255)
    found = requantise(np.array([values]), rule)[0].tolist()
    assert found == [min(255, max(0, ((v * multiplier + 2 ** (shift - 1)) >> shift) + 3)) for v in values]


def plain(layer: Layer, accumulators: np.ndarray, filter_: int, position: int) -> int:
    """One output by plain loops."""
    assert layer.requant is not None
    values = requantise(accumulators, layer.requant)[filter_].reshape(layer.out_size)
    if layer.pool is None:
        return int(values.reshape(-1)[position])
    pool = layer.pool
    py, px = divmod(position, pool.out[1])
    inside = [
        int(values[y, x])
        for y in range(py * pool.stride[0] - pool.padding[0], py * pool.stride[0] - pool.padding[0] + pool.kernel[0])
        for x in range(px * pool.stride[1] - pool.padding[1], px * pool.stride[1] - pool.padding[1] + pool.kernel[1])
        if 0 <= y < layer.out_size[0] and 0 <= x < layer.out_size[1]
    ]
    count = pool.kernel[0] * pool.kernel[1]
    return max(inside) if pool.kind == "max" else (2 * sum(inside) + count) // (2 * count)


@pytest.mark.parametrize("index", range(len(POOLED)))
def test_outputs_at_any_positions_are_those_of_plain_loops(index: int) -> None:
    layer = POOLED[index]
    accumulators = layer.accumulators[0].reshape(layer.filters, -1)
    size = layer.pool.out if layer.pool else layer.out_size
    positions = np.arange(0, size[0] * size[1], 2)
    found = post_process(accumulators, layer, positions)
    expected = [[plain(layer, accumulators, f, int(p)) for p in positions] for f in range(0, layer.filters, 7)]
    assert found[::7].tolist() == expected
