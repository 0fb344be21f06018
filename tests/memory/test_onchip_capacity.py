"""A capacity is real: what does not fit goes through the off-chip memory, and is fetched again (DPRed, section 6.4)."""

from __future__ import annotations

from itertools import pairwise

import pytest
from small_networks import scenario

from tlm.core import BadInput
from tlm.system import run
from tlm.workload.layer import Workload


def traffic(workload: Workload, *sets: str) -> int:
    """Bytes to and from the off-chip memory: uncompressed, so that how often a value is moved is all that counts."""
    result = run(scenario("compression.codec=none", "memory.request=128 B", *sets), workload)
    return sum(part.read_bytes + part.written_bytes for layer in result.layers for part in layer.traffic.values())


SIZES = {
    "accelerator.am": ("1 KiB", "1500 B", "2 KiB", "16 KiB", "4 MiB"),
    "accelerator.wm": ("512 B", "1 KiB", "1500 B", "2 KiB", "16 KiB", "320 KiB"),
}


@pytest.mark.parametrize("key", SIZES)
def test_less_room_moves_more(key: str, small_network: Workload) -> None:
    moved = [traffic(small_network, f"{key}={size}") for size in SIZES[key]]
    assert all(less >= more for less, more in pairwise(moved)), moved
    assert moved[0] > moved[-1]


def test_with_room_for_all_each_value_is_moved_once(small_network: Workload) -> None:
    layers, images = small_network.layers, small_network.layers[0].images
    values = sum(layer.weights.size for layer in layers) + layers[0].inputs[0].size + layers[-1].outputs[0].size
    moved = traffic(small_network)
    assert values * images <= moved < 1.02 * values * images  # of 8 bits; whole bursts are moved


def test_an_edram_that_cannot_be_refreshed_is_refused_before_the_run(small_network: Workload) -> None:
    slow = ("accelerator.clock=10 MHz", "accelerator.am=64 MiB")
    with pytest.raises(BadInput, match="must refresh 1024 rows a bank"):
        run(scenario(*slow), small_network)
    assert run(scenario(*slow, "accelerator.activation_memory.technology=sram"), small_network).cycles


def test_an_unknown_technology_is_told_at_its_key() -> None:
    with pytest.raises(BadInput, match=r"accelerator\.activation_memory\.technology") as refused:
        scenario("accelerator.activation_memory.technology=edran")
    assert "edram" in str(refused.value)
