"""The number formats: rules for weights against plain loops, and fake quantisation against integer arithmetic."""

from __future__ import annotations

import math

import pytest
import small_runs
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nets.training import quantise
from nets.training.activations import FakeActivations, FixedPoint, Spread, Symmetric, best_step
from nets.training.formats import FORMATS
from nets.training.quantise import FakeWeights, coded_layers, codes_of
from nets.training.settings import FORMATS as NAMES
from nets.training.weights import Choices, Coded, binary, fixed, int8, oblivious, pow2, ternary

CHOICES = Choices(step=2.0**-6)
LOW = [name for name in FORMATS if name != "fp32"]


def some_weights(count: int = 200) -> Tensor:
    return torch.randn(count, generator=torch.Generator().manual_seed(3)) * 0.2


def codes(coded: Coded) -> list[float]:
    return coded.codes.tolist()


def test_the_names_are_told_without_torch() -> None:
    assert tuple(FORMATS) == NAMES


# --- weights


def test_int8_is_symmetric_and_reaches_127() -> None:
    coded = int8(torch.tensor([-2.0, 1.0, 0.004, 0.0]), CHOICES)
    assert codes(coded) == [-127, 64, 0, 0]
    assert coded.scale.item() == pytest.approx(2 / 127)


def test_the_range_oblivious_codes_reach_from_the_smallest_to_the_largest_weight() -> None:
    coded = oblivious(torch.tensor([-1.0, 0.0, 0.5, 4.1]), CHOICES)
    assert codes(coded) == [0, 50, 75, 255]
    assert coded.zero.item() == 50
    assert coded.scale.item() == pytest.approx(5.1 / 255)


def test_narrow_weights_stay_narrow_unless_their_range_is_obliviously_spread() -> None:
    weights = torch.tensor([1.0, *[0.02] * 8, *[-0.02] * 7])
    assert {abs(code) for code in codes(int8(weights, CHOICES))[1:]} == {3}
    assert min(codes(oblivious(weights, CHOICES))) == 0
    assert oblivious(weights, CHOICES).zero.item() == 5


def test_ternary_keeps_what_is_above_the_threshold_and_takes_its_mean() -> None:
    coded = ternary(torch.tensor([1.0, -0.8, 0.2, -0.1]), CHOICES)
    assert codes(coded) == [1, -1, 0, 0]
    assert coded.scale.item() == pytest.approx(0.9)


def test_a_lower_threshold_keeps_more() -> None:
    coded = ternary(torch.tensor([1.0, -0.8, 0.2, -0.1]), Choices(threshold=0.3))
    assert codes(coded) == [1, -1, 1, 0]


@pytest.mark.parametrize("bits", [4, 8, 16, 32])
def test_fixed_point_against_a_plain_loop(bits: int) -> None:
    weights = some_weights()
    step = best_step([weights], bits)
    assert math.log2(step) == int(math.log2(step))
    top = 2 ** (bits - 1)
    expected = [min(max(round(value / step), -top), top - 1) for value in weights.double().tolist()]
    assert codes(fixed(weights, Choices(step=step), bits)) == expected


def test_powers_of_two_are_the_nearest_ones() -> None:
    weights = some_weights()
    coded = pow2(weights, CHOICES)
    allowed = [0.0, *(sign * 2.0**exponent for exponent in range(15) for sign in (-1, 1))]
    for value, code in zip((weights.double() / coded.scale).tolist(), codes(coded), strict=True):
        assert code in allowed
        assert abs(code - value) == min(abs(other - value) for other in allowed)
    assert max(abs(code) for code in codes(coded)) == 2**14


def test_binary_is_the_sign_and_has_no_zero() -> None:
    coded = binary(torch.tensor([0.5, -0.1, 0.0]), CHOICES)
    assert codes(coded) == [1, -1, 1]
    assert coded.scale.item() == pytest.approx(0.2)


@pytest.mark.parametrize("name", LOW)
def test_weights_of_zero_stay_finite(name: str) -> None:
    rule = FORMATS[name].weights
    assert rule is not None
    coded = rule(torch.zeros(3), CHOICES)
    assert torch.isfinite(coded.real).all()
    assert coded.scale.item() > 0


@pytest.mark.parametrize("name", LOW)
def test_the_gradient_passes_straight_to_the_shadow_weights(name: str) -> None:
    rule = FORMATS[name].weights
    assert rule is not None
    weights = torch.tensor([0.9, -0.3, 0.02], requires_grad=True)
    fake = FakeWeights(rule)
    values = fake(weights)
    assert torch.allclose(values, fake.coded(weights).real)
    (values * torch.tensor([1.0, 2.0, 3.0])).sum().backward()
    assert weights.grad is not None
    assert weights.grad.tolist() == [1, 2, 3]


# --- the radix point that all layers share


def test_the_radix_point_fits_the_largest_value_where_bits_are_many() -> None:
    assert best_step([torch.tensor([3.9, 0.001]), torch.tensor([0.3])], 16) == 2.0**-13


def test_few_bits_clip_a_rare_large_value_to_keep_the_many_small_ones() -> None:
    values = torch.tensor([4.0, *[0.3] * 400])
    assert best_step([values[1:]], 4) == 2.0**-4
    assert 7 * best_step([values], 4) < 4


def test_one_radix_point_holds_for_all_layers() -> None:
    network = small_runs.build()
    quantise.attach(network, FORMATS["fixed8"])
    quantise.calibrate(network, small_runs.few().sample)
    attached = coded_layers(network)
    assert len({weights.step.item() for _, _, weights, _ in attached}) == 1
    assert len({inputs.scale.item() for _, _, _, inputs in attached}) == 1
    assert attached[0][2].step.item() != attached[0][3].scale.item()


# --- activations


def test_activations_are_unsigned_codes_and_clipped_ones_have_no_gradient() -> None:
    fake = Symmetric(8).eval()
    fake.scale.fill_(0.5)
    values = torch.tensor([-1.0, 0.2, 0.3, 200.0], requires_grad=True)
    out = fake(values)
    assert out.tolist() == [0, 0, 0.5, 127.5]
    out.sum().backward()
    assert values.grad is not None
    assert values.grad.tolist() == [0, 1, 1, 0]


def test_one_negative_value_makes_the_input_signed() -> None:
    fake = Symmetric(8)
    fake(torch.tensor([0.0, 1.0]))
    assert (bool(fake.signed), fake.lowest(), fake.highest()) == (False, 0, 255)
    fake(torch.tensor([-2.0, 1.0]))
    assert (bool(fake.signed), fake.lowest(), fake.highest()) == (True, -127, 127)
    assert fake.scale.item() == pytest.approx((0.95 + 0.05 * 2) / 127)


def test_the_activation_scale_follows_the_maximum_only_in_training() -> None:
    fake = Symmetric(8)
    fake(torch.tensor([255.0]))
    assert fake.scale.item() == 1
    fake(torch.tensor([510.0]))
    assert fake.scale.item() == pytest.approx(1.05)
    fake.eval()(torch.tensor([5100.0]))
    assert fake.scale.item() == pytest.approx(1.05)


def test_spread_codes_hold_zero_and_both_ends() -> None:
    fake = Spread(8)
    out = fake(torch.tensor([-1.0, 0.0, 4.1]))
    assert out.tolist() == pytest.approx([-1.0, 0.0, 4.1])
    assert fake.codes(out).tolist() == [0, 50, 255]


def test_fixed_point_is_twos_complement() -> None:
    fake = FixedPoint(4)
    fake.set_radix(0.25)
    assert fake(torch.tensor([-9.0, -2.0, 0.3, 9.0])).tolist() == [-2.0, -2.0, 0.25, 1.75]
    assert bool(fake.signed)


# --- a layer in integers


def in_integers(layer: nn.Module, inputs: FakeActivations, values: Tensor) -> Tensor:
    """What a machine computes: int64 accumulators of codes less their zeros, then one multiplication."""
    weights = codes_of(layer)
    left = inputs.codes(values) - int(inputs.zero)
    right = (weights.codes - weights.zero).to(torch.int64)
    multiply = F.linear if isinstance(layer, nn.Linear) else F.conv2d
    accumulators = multiply(left.double(), right.double())  # exact: below 2^53
    return accumulators * inputs.scale.double() * weights.scale.double()


@pytest.mark.parametrize("name", [name for name in LOW if name != "fixed32"])
def test_every_layer_computes_what_integers_do(name: str) -> None:
    torch.manual_seed(0)
    network = small_runs.build()
    quantise.attach(network, FORMATS[name])
    images = small_runs.few()
    quantise.calibrate(network, images.sample)
    network.train()(images.train)
    network.eval()
    for _, layer, _, inputs in coded_layers(network):
        values: list[Tensor] = []
        hook = layer.register_forward_hook(lambda _, given, output, values=values: values.extend((given[0], output)))
        network(images.test)
        hook.remove()
        low, high = inputs.codes(values[0]).min(), inputs.codes(values[0]).max()
        assert inputs.lowest() <= low < high <= inputs.highest()
        bias = layer.bias if isinstance(layer, nn.Linear) else layer.bias[:, None, None]
        assert torch.allclose(values[1].double() - bias.double(), in_integers(layer, inputs, values[0]), atol=2e-5)


class Fork(nn.Module):
    """Two layers that read one tensor, and one that reads a ReLU of it, made in place."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.left, self.right, self.last = (nn.Linear(3, 3) for _ in range(4))
        self.relu = nn.ReLU(inplace=True)
        self.example_input = torch.rand(1, 3)

    def forward(self, values: Tensor) -> Tensor:
        maps = self.stem(values)
        sides = self.left(maps) + self.right(maps)
        return sides + self.last(self.relu(maps))


def test_two_readers_of_one_tensor_share_a_scale() -> None:
    network = Fork()
    quantise.attach(network, FORMATS["int8"])
    for _ in range(3):
        network.train()(torch.randn(8, 3))
    inputs = {name: quantiser for name, _, _, quantiser in coded_layers(network)}
    assert inputs["left"] is inputs["right"]
    assert inputs["last"] is not inputs["left"]
    assert bool(inputs["left"].signed)
    assert not bool(inputs["last"].signed)
