"""Pruning and the DPRed figures, on small tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nets.training import prune
from nets.training.formats import FORMATS
from nets.training.layers import layers
from nets.training.measure import container_bits, measure, stream
from nets.training.quantise import attach, coded_layers, codes_of


@pytest.mark.parametrize("name", [name for name in FORMATS if name != "binary"])
def test_pruned_weights_stay_zero_through_quantisation(name: str) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 10))
    network.example_input = torch.rand(1, 2, 3, 3)
    prune.attach(network)
    attach(network, FORMATS[name])
    prune.prune(network, 0.75)
    for _, layer in layers(network):
        zeros = codes_of(layer).real == 0 if name != "fp32" else layer.weight == 0
        assert zeros.double().mean().item() >= 0.74
        assert (layer.weight == 0).double().mean().item() >= 0.74


def test_the_smallest_weights_are_pruned() -> None:
    network = nn.Sequential(nn.Linear(4, 1, bias=False))
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[0.4, -0.1, -0.3, 0.2]]))
    prune.attach(network)
    prune.prune(network, 0.5)
    assert network[0].weight.tolist() == [pytest.approx([0.4, 0, -0.3, 0])]


def test_the_pruning_ramp_is_cubic_between_its_ends() -> None:
    assert prune.sparsity_at(0.1, 0.8) == 0
    assert prune.sparsity_at(0.45, 0.8) == pytest.approx(0.7)
    assert prune.sparsity_at(0.9, 0.8) == 0.8


def _container_bits_by_hand(values: list[int], signed: bool) -> int:
    bits = 0
    for start in range(0, len(values), 16):
        nonzero = [abs(value) for value in values[start : start + 16] if value]
        width = max((value.bit_length() for value in nonzero), default=0) + signed
        bits += 20 + len(nonzero) * width
    return bits


@pytest.mark.parametrize("signed", [False, True])
def test_container_bits_against_a_plain_loop(signed: bool) -> None:
    rng = np.random.default_rng(1)
    values = rng.integers(-127 if signed else 0, 128, 75) * (rng.random(75) < 0.4)
    values[16:32] = 0
    assert container_bits(values, signed) == _container_bits_by_hand(values.tolist(), signed)


def test_a_stream_has_the_channel_fastest_then_x_then_y() -> None:
    maps = torch.arange(8).reshape(1, 2, 2, 2)
    assert stream(maps).tolist() == [0, 4, 1, 5, 2, 6, 3, 7]


def one_layer(number_format: str) -> nn.Sequential:
    network = nn.Sequential(nn.Linear(16, 1, bias=False))
    network.example_input = torch.rand(1, 16)
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([[127.0, 0, 0, 0, *[0.0] * 11, 3]]))
    attach(network, FORMATS[number_format])
    return network


def test_measure_counts_codes_of_weights_and_inputs() -> None:
    network = one_layer("int8")
    coded_layers(network)[0][3].scale.fill_(1.0)
    assert measure(network, torch.tensor([[3.0, 1, *[0.0] * 14]]), 8) == {
        "weight_zeros": 14 / 16,
        "weight_dpred_ratio": (20 + 2 * 8) / 128,
        "activation_zeros": 14 / 16,
        "activation_dpred_ratio": (20 + 2 * 2) / 128,
    }


def test_narrow_codes_are_measured_against_the_stored_bits() -> None:
    network = one_layer("int8")
    coded_layers(network)[0][3].scale.fill_(1.0)
    for quantiser in coded_layers(network)[0][2:]:
        quantiser.bits = 4  # type: ignore[union-attr]
    found = measure(network, torch.tensor([[3.0, 1, *[0.0] * 14]]), 8)
    assert found["weight_dpred_ratio"] == (20 + 1 * 4) / 128
    assert found["activation_dpred_ratio"] == (20 + 2 * 2) / 128


def test_a_machine_sees_no_zeros_where_real_0_is_another_code() -> None:
    network = one_layer("int8-oblivious")
    with torch.no_grad():
        network[0].parametrizations.weight.original[0, 1] = -127.0  # type: ignore[union-attr,index]
    found = measure(network, torch.rand(1, 16), 8)
    assert found["weight_zeros"] == 1 / 16
    assert found["weight_dpred_ratio"] > 1


def test_values_of_32_bits_have_no_container() -> None:
    assert set(measure(one_layer("fixed32"), torch.rand(1, 16), 32)) == {"weight_zeros", "activation_zeros"}


def test_floating_point_is_not_measured() -> None:
    assert measure(one_layer("fp32"), torch.rand(1, 16), None) == {}
