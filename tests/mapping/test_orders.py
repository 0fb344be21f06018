"""The order of each layer: of those that fit, the one that moves least; what fits in less moves no more in more."""

from __future__ import annotations

import attrs
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_networks import network

from tlm.accelerators.order import BLOCKS, Order
from tlm.accelerators.plan import Plan
from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.engines import CompressionSpec, Cut
from tlm.mapping import make_plan
from tlm.memory import OnChipSpec
from tlm.workload.layer import Layer, Workload

PORT = OnChipSpec(16, 256)
RULES = {"conv": "dstripes", "fc": "dstripes"}
SPEC = AcceleratorSpec("test", RULES, 2, 4, 16, 16, 1e9, 2**20, 2**20, PORT, PORT)
MUCH = 2**20


def planned(layers: tuple[Layer, ...], *, chained: bool = False, **sizes: int) -> Plan:
    spec = attrs.evolve(SPEC, **sizes)
    workload = Workload("some", layers, chained=chained)
    return make_plan(workload, spec, CompressionSpec(codec="none"), Cut(32, 256, 0), exact=False, check=False)


def convolution(channels: int, side: int, filters: int, groups: int = 1) -> Layer:
    """3 x 3 of ones with padding, 8 bits a value; nobody looks at its results."""
    inputs, outputs = (np.ones((1, count, side, side), np.int64) for count in (channels, filters))
    weights = np.ones((filters, channels // groups, 3, 3), np.int64)
    return Layer("conv", "conv", inputs, weights, None, outputs, outputs, (1, 1), (1, 1), groups, 8, 8, 8, sources=())


def moved_bytes(plan: Plan) -> int:
    """What a plan moves for its first image, operand by operand, by plain sums."""
    total = 0
    for layer, program in enumerate(plan.programs):
        weights = sum(region.size_bytes for tile in plan.weights[layer] for region in tile)
        total += weights * program.weight_loads
        arrivals = plan.arrivals[layer][0]
        if arrivals is not None:
            total += program.input_loads * sum(region.size_bytes for region in arrivals.regions)
        output = plan.tensors[plan.workload.output(layer)][0]
        total += output.size_bytes if output is not None else 0
    return total


def order_of(layer: Layer, **sizes: int) -> tuple[str, int, int, int]:
    """(name, bands, loads of the weights, of the inputs) of a layer by itself, its operands all in memory."""
    program = planned((layer,), **sizes).programs[0]
    return program.order.name(program.blocks), int(program.band.max()) + 1, program.weight_loads, program.input_loads


def test_what_fits_is_loaded_once() -> None:
    layer = convolution(16, 20, 32)
    assert order_of(layer, am=MUCH, wm=MUCH)[0] == "once"


def test_weights_that_do_not_fit_are_kept_a_filter_set_at_a_time_where_the_maps_fit() -> None:
    """4 filter sets of 576 values a tile; a map of 6400 values."""
    layer = convolution(16, 20, 32)
    assert order_of(layer, am=MUCH, wm=1024) == ("once", 1, 1, 1)


def test_the_less_room_for_activations_the_more_bands() -> None:
    layer = convolution(16, 20, 32)
    found = [order_of(layer, am=size, wm=1024) for size in (40000, 12000, 9000, 6000, 3500)]
    bands = [one[1] for one in found]
    assert {one[0] for one in found} <= {"once", "keep weights", "bands", "keep activations"}
    assert bands == sorted(bands)
    assert bands[0] == 1 and 1 < bands[-2] <= bands[-1] <= 25
    assert all(one[2] == one[1] for one in found)


def test_a_filter_set_that_does_not_fit_is_loaded_for_each_block() -> None:
    """576 values a tile, of which 400 are room."""
    layer = convolution(16, 20, 32)
    assert order_of(layer, am=MUCH, wm=512) == ("keep activations", 25, 25, 1)


def test_weights_of_one_group_are_in_memory_once_however_often_they_are_loaded() -> None:
    layer = convolution(32, 8, 32)
    again = planned((layer,), am=MUCH, wm=256)
    assert again.programs[0].weight_loads > 1
    assert again.end_address == planned((layer,), am=MUCH, wm=MUCH).end_address


def test_inputs_are_loaded_again_where_that_is_cheaper_than_the_weights() -> None:
    """A filter set of 18432 values a tile fits, both do not; nor does the input, of 32768, but the output does."""
    layer = convolution(512, 8, 16)
    assert order_of(layer, am=24000, wm=20000) == ("keep weights", 1, 1, 2)


def test_the_channels_of_a_depthwise_layer_take_turns_in_every_block() -> None:
    """The map does not fit: group after group, it would be loaded 64 times."""
    layer = convolution(64, 20, 64, groups=64)
    plan = planned((layer,), am=12000, wm=MUCH)
    assert plan.programs[0].order == Order(groups_inside=True)
    assert moved_bytes(plan) == pytest.approx(64 * (2 * 400 + 9), rel=0.01)


def test_what_moves_more_is_done_with_first() -> None:
    """Of two orders that move the same: by filter sets where weights are most of it, by windows where maps are."""
    assert order_of(convolution(16, 40, 16), am=MUCH, wm=MUCH)[1] > 1
    assert order_of(convolution(256, 5, 64), am=MUCH, wm=MUCH)[1] == 1


@given(
    am=st.integers(2000, 14000),
    wm=st.integers(300, 4000),
    more=st.sampled_from([(1, 0), (500, 0), (4000, 0), (0, 1), (0, 100), (0, 3000), (700, 700)]),
    chained=st.booleans(),
)
@settings(max_examples=60, deadline=None)
def test_more_room_never_moves_more(am: int, wm: int, more: tuple[int, int], chained: bool) -> None:
    layers = tuple(network().layers[:3]) if chained else (convolution(16, 20, 32),)
    try:
        less = planned(layers, chained=chained, am=am, wm=wm)
    except BadInput:
        return
    # requests have another length in another room, and a byte more each at their ends
    assert moved_bytes(planned(layers, chained=chained, am=am + more[0], wm=wm + more[1])) <= moved_bytes(less)


def test_names_say_what_is_kept() -> None:
    names = {
        Order(): "once",
        Order(weights_stay=False): "keep activations",
        Order(bands=BLOCKS, weights_stay=False, input_loads=2): "load both again",
        Order(bands=4, weights_stay=False): "bands",
        Order(bands=1, weights_stay=False): "once",
        Order(bands=1, weights_stay=False, input_loads=3): "keep weights",
        Order(input_loads=3): "keep weights",
    }
    assert {order: order.name(9) for order in names} == names
