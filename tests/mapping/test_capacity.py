"""What fits in a buffer fits in a larger one."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import network

from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.engines import CompressionSpec, Cut
from tlm.mapping import make_plan
from tlm.memory import OnChipSpec
from tlm.workload.layer import Layer, Workload

LAYERS = network().layers
PORT = OnChipSpec(16, 256)
RULES = {"conv": "dstripes", "fc": "dstripes"}
SPEC = AcceleratorSpec("test", RULES, 2, 4, 16, 16, 1e9, 2**20, 2**20, PORT, PORT)


def fits(layer: Layer, burst: int, codec: str = "none", exact: bool = False, **numbers: int) -> bool:
    """Whether a machine with these `numbers` can run the layer."""
    workload, spec = Workload("one", (attrs.evolve(layer, sources=()),), chained=False), attrs.evolve(SPEC, **numbers)
    cut = Cut(burst, max(burst, 2048), 0, by_burst=exact)
    try:
        make_plan(workload, spec, CompressionSpec(codec=codec), cut, exact=exact, check=False)
    except BadInput as refused:
        assert "does not fit" in str(refused)
        return False
    return True


def convolution(channels: int, height: int, width: int, filters: int) -> Layer:
    """3 x 3 of ones; nobody looks at its results."""
    inputs, outputs = (np.ones((1, count, height, width), np.int64) for count in (channels, filters))
    weights = np.ones((filters, channels, 3, 3), np.int64)
    return Layer("conv", "conv", inputs, weights, None, outputs, outputs, (1, 1), (1, 1), 1, 8, 8, 8)


def test_a_group_whose_weights_nearly_stay_is_loaded_again() -> None:
    """1440 values and the 64 of a burst: at 1504 they stay, below that they are loaded for every block."""
    grouped = LAYERS[1]
    assert [fits(grouped, 64, wm=size, rows=16) for size in (1024, 1439, 1500, 1503, 1504, 2048)] == [True] * 6


def test_requests_are_short_where_longer_ones_do_not_fit() -> None:
    """At 3072 values requests become two bursts long, for which there is no room."""
    layer = convolution(32, 40, 29, 32)
    assert [fits(layer, 32, am=size, tiles=2) for size in (3040, 3071, 3072, 3104)] == [True] * 4


@given(
    layer=st.integers(0, len(LAYERS) - 1),
    buffer=st.sampled_from(["am", "wm"]),
    smaller=st.integers(64, 6000),
    more=st.integers(1, 3000),
    grid=st.fixed_dictionaries({"rows": st.sampled_from([1, 4, 16]), "columns": st.sampled_from([1, 16])}),
    how=st.fixed_dictionaries(
        {
            "burst": st.sampled_from([16, 64, 256]),
            "codec": st.sampled_from(["none", "dpred", "profile", "bitmap"]),
            "exact": st.booleans(),
        }
    ),
)
@settings(max_examples=60, deadline=None)
def test_what_fits_fits_in_more(
    layer: int, buffer: str, smaller: int, more: int, grid: dict[str, int], how: dict[str, Any]
) -> None:
    if fits(LAYERS[layer], **how, **grid, **{buffer: smaller}):
        assert fits(LAYERS[layer], **how, **grid, **{buffer: smaller + more})


@pytest.mark.parametrize("buffer", ["am", "wm"])
def test_what_nothing_fits_in_is_refused(buffer: str) -> None:
    assert not fits(LAYERS[1], 64, **{buffer: 16})
