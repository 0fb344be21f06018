"""Operands as they are stored: with whose precision, and how what a codec refuses is told."""

from __future__ import annotations

import re
from typing import Any

import attrs
import numpy as np
import pytest
from small_networks import network

from tlm.accelerators.plan import Plan
from tlm.accelerators.spec import AcceleratorSpec
from tlm.core import BadInput
from tlm.engines import CompressionSpec, Cut
from tlm.mapping import make_plan
from tlm.memory import OnChipSpec
from tlm.workload.layer import Layer, Workload

PORT = OnChipSpec(16, 256)
SPEC = AcceleratorSpec("test", {"conv": "dstripes", "fc": "dstripes"}, 2, 4, 16, 16, 1e9, 2**20, 2**20, PORT, PORT)


def planned(workload: Workload, *, check: bool = False, **compression: Any) -> Plan:
    return make_plan(workload, SPEC, CompressionSpec(**compression), Cut(64, 2048, 0), exact=False, check=check)


def with_layer(number: int, **changes: Any) -> Workload:
    """The small network with one layer changed."""
    layers = list(network().layers)
    layers[number] = attrs.evolve(layers[number], **changes)
    return attrs.evolve(network(), layers=tuple(layers))


def ternary(layer: Layer) -> Layer:
    return attrs.evolve(layer, weights=np.sign(layer.weights) * (np.abs(layer.weights) > 20), weight_bits=2)


def all_ternary() -> Workload:
    return attrs.evolve(network(), layers=tuple(map(ternary, network().layers)))


def test_a_tensor_takes_the_widest_of_its_readers_precisions() -> None:
    one, two, *rest = network().layers
    apart = attrs.evolve(two, act_bits=5, outputs=one.outputs)
    wider = attrs.evolve(two, act_bits=7, sources=(1,))
    workload = Workload("w", (one, apart, wider, *rest), chained=True)
    assert workload.readers(1) == (1, 2)
    assert [workload.precision(tensor) for tensor in (0, 1)] == [one.act_bits, 7]
    assert workload.precision(len(workload.layers)) == 8  # what nobody reads is as wide as it is stored


def test_regions_know_the_profile() -> None:
    plan = planned(network(), codec="profile")
    layers = plan.workload.layers
    for tensor, regions in enumerate(plan.encoded_tensors[:-1]):
        assert {region.fmt.profile for region in regions} == {layers[tensor].act_bits}
    for layer, tiles in zip(layers, plan.weights, strict=True):
        assert {region.fmt.profile for regions in tiles for region in regions} == {layer.weight_bits}


@pytest.mark.parametrize("check", [False, True])
def test_an_activation_wider_than_its_profile_is_refused(check: bool) -> None:
    layer = network().layers[1]
    with pytest.raises(BadInput) as refused:
        planned(with_layer(1, act_bits=4), codec="profile", check=check)
    told = re.fullmatch(
        rf"compression\.codec: layer {layer.name}, inputs: profile of 4 bits, unsigned, stores 0 to 15: "
        r"value (\d+) at position \[(.*)\] of \[2, 20, 6, 6\] is outside",
        str(refused.value),
    )
    assert told is not None, refused.value
    assert layer.inputs[tuple(map(int, told[2].split(", ")))] == int(told[1]) > 15


@pytest.mark.parametrize("check", [False, True])
def test_weights_that_are_not_ternary_are_refused(check: bool) -> None:
    layer = ternary(network().layers[2])
    layer.weights[3, 7, 0, 0] = layer.weights[20, 1, 0, 0] = -2
    workload = attrs.evolve(all_ternary(), layers=(*all_ternary().layers[:2], layer, *all_ternary().layers[3:]))
    with pytest.raises(BadInput) as refused:
        planned(workload, codec="dpred", weights="ternary", check=check)
    assert str(refused.value) == (
        f"compression.weights: layer {layer.name}, weights: ternary stores -1, 0 and 1: "
        "value -2 at position [3, 7, 0, 0] of [24, 40, 1, 1] is outside"
    )


def test_weights_in_full_precision_beside_ternary_ones_take_the_other_codec() -> None:
    first, *others = all_ternary().layers
    wide = attrs.evolve(network().layers[0], full_precision=True)
    marked = attrs.evolve(others[0], full_precision=True)  # and yet ternary
    plan = planned(attrs.evolve(network(), layers=(wide, marked, *others[1:])), codec="dpred", weights="ternary")
    names = [{region.codec.name for regions in tiles for region in regions} for tiles in plan.weights]
    assert names == [{"dpred"}] + 4 * [{"ternary"}]
    [note] = plan.notes
    assert note.startswith(f"the weights of layer {first.name} are in dpred: ternary does not store them")
    assert planned(all_ternary(), codec="dpred", weights="ternary").notes == ()


def test_full_precision_is_no_excuse_where_there_is_no_other_codec() -> None:
    wide = attrs.evolve(network().layers[0], full_precision=True)
    workload = attrs.evolve(all_ternary(), layers=(wide, *all_ternary().layers[1:]))
    with pytest.raises(BadInput, match=r"compression\.codec: layer 0, inputs: ternary stores -1, 0 and 1"):
        planned(workload, codec="ternary")
