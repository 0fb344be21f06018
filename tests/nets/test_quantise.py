"""Formats, straight-through gradients, pruning and the DPRed figures, on small tensors."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from nets import prune
from nets.measure import container_bits, measure, stream
from nets.quantise import FORMATS, FakeActivations, FakeWeights, attach, input_scale, int8, layers, ternary


def test_int8_is_symmetric_and_reaches_127() -> None:
    codes, scale = int8(torch.tensor([-2.0, 1.0, 0.004, 0.0]))
    assert codes.tolist() == [-127, 64, 0, 0]
    assert scale.item() == pytest.approx(2 / 127)


def test_int8_of_zeros_is_zeros() -> None:
    codes, _ = int8(torch.zeros(3))
    assert codes.tolist() == [0, 0, 0]


def test_ternary_keeps_what_is_above_the_threshold_and_takes_its_mean() -> None:
    codes, scale = ternary(torch.tensor([1.0, -0.8, 0.2, -0.1]))
    assert codes.tolist() == [1, -1, 0, 0]
    assert scale.item() == pytest.approx(0.9)


@pytest.mark.parametrize("quantiser", [int8, ternary])
def test_the_gradient_passes_straight_to_the_shadow_weights(quantiser: object) -> None:
    weights = torch.tensor([0.9, -0.3, 0.02], requires_grad=True)
    values = FakeWeights(quantiser)(weights)  # type: ignore[arg-type]
    codes, scale = quantiser(weights.detach())  # type: ignore[operator]
    assert torch.allclose(values, codes * scale)
    (values * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert weights.grad is not None
    assert weights.grad.tolist() == [1, 2, 3]


def test_activations_are_unsigned_codes_and_clipped_ones_have_no_gradient() -> None:
    fake = FakeActivations().eval()
    fake.scale.fill_(0.5)
    values = torch.tensor([-1.0, 0.2, 0.3, 200.0], requires_grad=True)
    out = fake(values)
    assert out.tolist() == [0, 0, 0.5, 127.5]
    out.sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [0, 1, 1, 0]


def test_the_activation_scale_follows_the_maximum_only_in_training() -> None:
    fake = FakeActivations()
    fake(torch.tensor([255.0]))
    assert fake.scale.item() == 1
    fake(torch.tensor([510.0]))
    assert fake.scale.item() == pytest.approx(1.05)
    fake.eval()(torch.tensor([5100.0]))
    assert fake.scale.item() == pytest.approx(1.05)


def test_pruned_weights_stay_zero_through_quantisation() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 10))
    prune.attach(network)
    attach(network, FORMATS["int8"])
    prune.prune(network, 0.75)
    network(torch.rand(1, 2, 3, 3))
    for _, layer in layers(network):
        share = (layer.weight == 0).double().mean().item()
        assert 0.74 < share < 0.85


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


def test_measure_counts_codes_of_weights_and_inputs() -> None:
    network = nn.Sequential(nn.Linear(16, 1, bias=False))
    attach(network, FORMATS["int8"])
    weights = network[0].parametrizations.weight.original  # type: ignore[union-attr]
    with torch.no_grad():
        weights.copy_(torch.tensor([[127.0, 0, 0, 0, *[0.0] * 11, 3]]))
    input_scale(network[0]).fill_(1.0)
    found = measure(network, FORMATS["int8"], torch.tensor([[3.0, 1, *[0.0] * 14]]))
    assert found == {
        "weight_zeros": 14 / 16,
        "weight_dpred_ratio": (20 + 2 * 8) / 128,
        "activation_zeros": 14 / 16,
        "activation_dpred_ratio": (20 + 2 * 2) / 128,
    }
