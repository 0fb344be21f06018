"""Captured integers against plain loops, and what they stand for against the float network."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from layers_by_hand import check_exact
from torch import Tensor, nn

from tlm.workload import quantisation as q
from tlm.workload import reference
from tlm.workload.capture import capture
from tlm.workload.checkpoint import Checkpoint
from tlm.workload.layer import Workload
from tlm.workload.spec import WorkloadSpec


def seeded(*modules: nn.Module) -> nn.Sequential:
    torch.manual_seed(3)
    network = nn.Sequential(*modules)
    for module in network:
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.reset_parameters()
    return network


def norm(channels: int, gains: list[float] | None = None) -> nn.BatchNorm2d:
    """Batch normalisation that has seen something."""
    module = nn.BatchNorm2d(channels)
    rng = np.random.default_rng(2)
    with torch.no_grad():
        module.weight.copy_(torch.tensor(gains if gains else rng.uniform(-2, 2, channels)))
        module.bias.copy_(torch.from_numpy(rng.uniform(-0.5, 0.5, channels)))
        module.running_mean.copy_(torch.from_numpy(rng.uniform(-0.5, 0.5, channels)))  # type: ignore[union-attr]
        module.running_var.copy_(torch.from_numpy(rng.uniform(0.3, 2, channels)))  # type: ignore[union-attr]
    return module


def images(*shape: int, signed: bool = False) -> npt.NDArray[np.float32]:
    values = np.random.default_rng(1).random(shape, dtype=np.float32)
    return values * 2 - 1 if signed else values


def captured(network: nn.Module, inputs: npt.NDArray[np.float32], **spec: object) -> Workload:
    return capture(WorkloadSpec(network="tests:net", images=len(inputs), **spec), network, inputs)  # type: ignore[arg-type]


class Functional(nn.Module):
    """Everything by function and method instead of by module."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.conv1, self.conv2, self.fc = nn.Conv2d(2, 4, 3), nn.Conv2d(4, 4, 1), nn.Linear(4, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(F.max_pool2d(input=self.conv1(x), kernel_size=2, ceil_mode=True))
        x = F.dropout(torch.relu(self.conv2(x)), training=self.training)
        x = F.adaptive_avg_pool2d(F.avg_pool2d(x, 1) if False else x, 1)
        return self.fc(x.view(x.size(0), -1))


TINY = {
    "stride_and_padding": (
        lambda: seeded(nn.Conv2d(3, 4, (3, 2), stride=(2, 1), padding=(1, 2)), nn.ReLU()),
        (2, 3, 6, 5),
    ),
    "groups": (
        lambda: seeded(nn.Conv2d(4, 6, 3, groups=2, padding="same"), nn.ReLU(), nn.Conv2d(6, 6, 1, groups=6)),
        (2, 4, 5, 4),
    ),
    "no_bias_no_relu": (
        lambda: seeded(nn.Conv2d(2, 3, 3, bias=False, padding="valid"), nn.Conv2d(3, 2, 2)),
        (2, 2, 5, 6),
    ),
    "max_pool_overlapping_padded": (
        lambda: seeded(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.MaxPool2d(3, 2, padding=1), nn.Conv2d(2, 2, 1)),
        (2, 1, 6, 7),
    ),
    "max_pool_ceil": (
        lambda: seeded(nn.Conv2d(1, 2, 1), nn.MaxPool2d((2, 3), 2, ceil_mode=True), nn.Conv2d(2, 2, 1)),
        (2, 1, 5, 6),
    ),
    "max_pool_that_leaves_a_rest": (
        lambda: seeded(nn.Conv2d(1, 2, 1), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(2, 2, 1)),
        (2, 1, 5, 7),
    ),
    "average_pool_padded": (
        lambda: seeded(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AvgPool2d(3, 2, padding=1), nn.Conv2d(2, 2, 1)),
        (2, 1, 7, 7),
    ),
    "average_pool_ceil": (
        lambda: seeded(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True), nn.Conv2d(2, 2, 1)),
        (2, 1, 8, 6),
    ),
    "average_pool_ceil_padded": (
        lambda: seeded(nn.Conv2d(1, 2, 1), nn.AvgPool2d((2, 4), (3, 2), (1, 2), ceil_mode=True), nn.Conv2d(2, 2, 1)),
        (2, 1, 6, 5),
    ),
    "average_pool_without_padding": (
        lambda: seeded(
            nn.Conv2d(1, 2, 1), nn.ReLU(), nn.AvgPool2d(3, 2, 1, True, count_include_pad=False), nn.Conv2d(2, 2, 1)
        ),
        (2, 1, 6, 7),
    ),
    "average_pool_of_signed": (
        lambda: seeded(nn.Conv2d(1, 2, 1), nn.AvgPool2d(2), nn.Conv2d(2, 2, 1)),
        (2, 1, 4, 4),
    ),
    "adaptive_pool": (
        lambda: seeded(nn.Conv2d(1, 3, 1), nn.ReLU(), nn.AdaptiveAvgPool2d((2, None)), nn.Flatten(), nn.Linear(18, 4)),
        (2, 1, 4, 3),
    ),
    "adaptive_pool_that_changes_nothing": (
        lambda: seeded(
            nn.Conv2d(1, 3, 1), nn.MaxPool2d(2), nn.ReLU(), nn.AdaptiveAvgPool2d((2, 3)), nn.Flatten(), nn.Linear(18, 4)
        ),
        (2, 1, 4, 6),
    ),
    "flatten": (
        lambda: seeded(nn.Conv2d(2, 3, 2), nn.ReLU(), nn.Dropout(), nn.Flatten(), nn.Linear(3 * 2 * 4, 5)),
        (3, 2, 3, 5),
    ),
    "fully_connected_alone": (
        lambda: seeded(nn.Flatten(), nn.Linear(12, 4), nn.ReLU(), nn.Identity(), nn.Linear(4, 2)),
        (3, 2, 3, 2),
    ),
    "vectors": (lambda: seeded(nn.Linear(7, 4), nn.ReLU(), nn.Linear(4, 2)), (3, 7)),
    "norm": (
        lambda: seeded(nn.Conv2d(2, 5, 3), norm(5), nn.ReLU(), nn.Conv2d(5, 2, 2, bias=False), norm(2)),
        (2, 2, 6, 6),
    ),
    "dead_filter": (
        lambda: seeded(nn.Conv2d(2, 3, 3), norm(3, [1.0, 0.0, -1e-9]), nn.ReLU(), nn.Conv2d(3, 2, 2)),
        (2, 2, 6, 6),
    ),
    "functional": (Functional, (2, 2, 7, 7)),
}


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("name", TINY)
def test_integers_are_what_loops_compute(name: str, signed: bool) -> None:
    build, shape = TINY[name]
    check_exact(captured(build(), images(*shape, signed=signed)))


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("name", TINY)
def test_integers_stand_for_the_float_network(name: str, signed: bool, bits: int) -> None:
    build, shape = TINY[name]
    network, inputs = build(), images(*shape, signed=signed)
    workload = captured(network, inputs, bits=bits)
    with torch.no_grad():
        real = network.eval()(torch.from_numpy(inputs)).numpy()
    codes = workload.layers[-1].outputs.astype(np.float64)
    scale = (real * codes).sum() / (codes * codes).sum()
    tolerance = {8: 0.05, 16: 0.0004}[bits]
    assert np.abs(codes * scale - real).max() <= tolerance * np.abs(real).max()


def test_a_negative_gain_flips_the_filter_and_keeps_the_multiplier_positive() -> None:
    network = seeded(nn.Conv2d(1, 2, 1), norm(2, [1.0, -1.0]), nn.ReLU())
    layer = captured(network, images(1, 1, 2, 2)).layers[0]
    conv = network[0]
    assert isinstance(conv, nn.Conv2d)
    flipped = np.sign(layer.weights.reshape(2)) / np.sign(conv.weight.detach().numpy().reshape(2))
    assert flipped.tolist() == [1, -1]
    assert layer.requant is not None
    assert (layer.requant.multiplier > 0).all()


def test_relu_is_the_lower_bound_whichever_side_of_max_pooling_it_stands() -> None:
    before = seeded(nn.Conv2d(1, 3, 2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(3, 1, 1))
    after = seeded(nn.Conv2d(1, 3, 2), nn.MaxPool2d(2), nn.ReLU(), nn.Conv2d(3, 1, 1))
    one, two = (captured(network, images(2, 1, 7, 7)).layers for network in (before, after))
    assert np.array_equal(one[0].outputs, two[0].outputs)
    assert np.array_equal(one[1].accumulators, two[1].accumulators)


def test_the_weights_of_a_flattened_map_are_in_stream_order() -> None:
    network = seeded(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 2 * 3, 1, bias=False))
    linear = network[3]
    assert isinstance(linear, nn.Linear)
    with torch.no_grad():
        linear.weight.copy_(torch.arange(12) / 11 * 127)
    layer = captured(network, images(1, 1, 2, 3)).layers[1]
    stream_order = np.arange(12).reshape(2, 2, 3).transpose(1, 2, 0).ravel()
    assert layer.weights[0].tolist() == np.rint(stream_order / 11 * 127).tolist()


def test_ternary_takes_weights_to_three_values() -> None:
    network = seeded(nn.Conv2d(2, 4, 3), norm(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 3))
    workload = captured(network, images(2, 2, 4, 4), ternary=True)
    check_exact(workload)
    assert all(set(np.unique(layer.weights)) <= {-1, 0, 1} for layer in workload.layers)
    assert [layer.weight_bits for layer in workload.layers] == [2, 2]


def test_a_checkpoints_codes_and_scales_win() -> None:
    network = seeded(nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 1, 1, bias=False))
    codes = {"0": np.array([3, -5], np.int32).reshape(2, 1, 1, 1)}
    checkpoint = Checkpoint("x.pt", 8, {}, codes, {"0": 0.5}, {"0": 0.25, "2": 0.125})
    inputs = np.full((1, 1, 1, 1), 2.5, np.float32)
    layer, last = capture(WorkloadSpec(network="t:n"), network, inputs, None, checkpoint).layers
    assert (layer.full_precision, last.full_precision) == (False, True)
    assert layer.inputs.item() == 10
    assert layer.weights.ravel().tolist() == [3, -5]
    assert layer.outputs.ravel().tolist() == [min(round(30 * 0.25 * 0.5 / 0.125), 255), 0]


@pytest.mark.parametrize("ternary", [False, True])
def test_weights_are_in_full_precision_only_beside_codes_that_are_taken(ternary: bool) -> None:
    network = seeded(nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 1, 1, bias=False))
    codes = {"0": np.array([3, -5], np.int32).reshape(2, 1, 1, 1)}
    for held in ({}, codes):
        scales = dict.fromkeys(held, 0.5)
        checkpoint = Checkpoint("x.pt", 8, {}, held, scales, {})
        spec = WorkloadSpec(network="t:n", ternary=ternary)
        layers = capture(spec, network, images(1, 1, 2, 2), None, checkpoint).layers
        assert [layer.full_precision for layer in layers] == [False, bool(held) and not ternary]


def test_widths_are_the_narrowest() -> None:
    assert [q.unsigned_width(np.array([0, v])) for v in (0, 1, 2, 255, 256)] == [1, 1, 2, 8, 9]
    assert [q.signed_width(np.array([v])) for v in (0, 1, -1, -2, 127, -128, -129)] == [1, 2, 1, 2, 8, 8, 9]
    assert q.activation_width(np.array([-4, 3])) == 3


def test_predictions_are_the_largest_accumulators() -> None:
    network = seeded(nn.Flatten(), nn.Linear(4, 3))
    workload = captured(network, images(5, 1, 2, 2))
    assert workload.predictions == tuple(workload.layers[0].accumulators.argmax(axis=1).tolist())
    assert captured(seeded(nn.Conv2d(1, 2, 1)), images(1, 1, 2, 2)).predictions is None


def test_dark_images_and_zero_weights_are_zeros() -> None:
    network = seeded(nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(), nn.Conv2d(2, 1, 1))
    with torch.no_grad():
        network[0].weight.zero_()  # type: ignore[union-attr, operator]
    workload = captured(network, np.zeros((1, 1, 2, 2), np.float32))
    check_exact(workload)
    assert workload.layers[0].act_bits == workload.layers[0].weight_bits == 1


@settings(max_examples=100, deadline=None)
@given(
    ratio=st.floats(1e-25, 1e12),
    accumulator=st.integers(-(2**54), 2**54),
    bits=st.integers(2, 16),
)
def test_a_requantisation_never_overflows_and_is_as_near_as_its_multiplier(
    ratio: float, accumulator: int, bits: int
) -> None:
    rule = q.requant_for(np.array([ratio]), np.array([max(abs(accumulator), 1)]), bits, signed=True)
    multiplier, shift = int(rule.multiplier[0]), int(rule.shift[0])
    assert abs(accumulator * multiplier) + 2 ** (shift - 1) < 2**63
    value = min(max((accumulator * multiplier + 2 ** (shift - 1)) >> shift, rule.low), rule.high)
    exact = min(max(accumulator * ratio, rule.low), rule.high)
    assert abs(value - exact) <= 0.5 + 2.0**-7 * abs(exact)


def zeros_checkpoint() -> Checkpoint:
    """Unsigned codes whose zeros lie within, as range-oblivious quantisation gives them."""
    rng = np.random.default_rng(4)
    codes = {"0": rng.integers(0, 256, (3, 2, 3, 3)).astype(np.int32), "3": rng.integers(0, 256, (2, 3, 2, 2))}
    return Checkpoint(
        "z.pt",
        8,
        {},
        {name: values.astype(np.int32) for name, values in codes.items()},
        {"0": 0.01, "3": 0.02},
        {"0": 0.008, "3": 0.05},
        weight_zeros={"0": 128, "3": 40},
        activation_zeros={"0": 128, "3": 100},
    )


@pytest.mark.parametrize(
    "pool", [nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AvgPool2d(2, ceil_mode=True), nn.AvgPool2d(2, 2, 1, False, False)]
)
def test_codes_whose_zero_is_not_0(pool: nn.Module) -> None:
    network = seeded(nn.Conv2d(2, 3, 3, padding=1), norm(3, [0.7, -1.1, 0.0]), pool, nn.Conv2d(3, 2, 2), nn.ReLU())
    given, inputs = zeros_checkpoint(), images(2, 2, 6, 5, signed=True)
    workload = capture(WorkloadSpec(network="t:n", images=2), network, inputs, None, given)
    check_exact(workload)
    first, last = workload.layers
    assert (first.input_zero, first.weight_zero, last.input_zero, last.weight_zero) == (128, 128, 100, 40)
    assert first.requant is not None and (first.requant.zero, first.requant.low, first.requant.high) == (100, 0, 255)
    assert (first.weight_bits, first.act_bits) == (8, 8)
    weights = {
        name: (codes - given.weight_zeros[name]) * given.weight_scales[name] for name, codes in given.codes.items()
    }
    with torch.no_grad():
        for name, values in weights.items():
            network[int(name)].weight.copy_(torch.from_numpy(values))  # type: ignore[union-attr, operator]
        real = network.eval()(torch.from_numpy(inputs)).numpy()
    assert np.corrcoef(last.outputs.ravel(), real.ravel())[0, 1] > 0.99


def test_a_relu_of_codes_whose_zero_is_not_0_is_bounded_by_it() -> None:
    network = seeded(nn.Conv2d(2, 3, 1), nn.ReLU6(), nn.Conv2d(3, 1, 1))
    given = Checkpoint("z.pt", 8, {}, {}, {}, {"2": 0.05}, activation_zeros={"2": 100})
    layer = capture(WorkloadSpec(network="t:n"), network, images(1, 2, 3, 3, signed=True), None, given).layers[0]
    assert layer.requant is not None
    assert (layer.requant.zero, layer.requant.low, layer.requant.high) == (100, 100, 220)


def test_signed_codes_where_the_checkpoint_says_so() -> None:
    network = seeded(nn.Conv2d(2, 3, 1), nn.ReLU(), nn.Conv2d(3, 1, 1))
    given = Checkpoint("z.pt", 8, {}, {}, {}, {"2": 0.01}, activation_signed={"2": True})
    layer = capture(WorkloadSpec(network="t:n"), network, images(1, 2, 3, 3), None, given).layers[0]
    assert layer.requant is not None
    assert (layer.requant.low, layer.requant.high) == (0, 127)


def test_small_outputs_of_relus_are_zero_up_to_the_checkpoints_threshold() -> None:
    network = seeded(nn.Conv2d(2, 8, 1), nn.ReLU(), nn.Conv2d(8, 1, 1))
    given = Checkpoint("z.pt", 8, {}, {}, {}, {"2": 0.01}, relu_threshold=0.1)
    workload = capture(WorkloadSpec(network="t:n"), network, images(1, 2, 9, 9), None, given)
    check_exact(workload)
    codes = workload.layers[0].outputs
    assert (codes == 0).any() and (codes > 10).any()
    assert not ((codes > 0) & (codes < 10)).any()


def test_sums_in_floating_point_are_those_in_integers(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(6)
    values, weights = rng.integers(-9, 9, (3, 4, 9, 8)), rng.integers(-9, 9, (6, 2, 3, 2))
    flat, matrix = rng.integers(-(2**15), 2**15, (3, 500)), rng.integers(-(2**15), 2**15, (7, 500))
    geometry = {"stride": (2, 1), "padding": (1, 2), "groups": 2, "dilation": (1, 2), "out": (5, 11), "zeros": (3, -2)}

    def both() -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        line = {"stride": (1, 1), "padding": (0, 0), "groups": 1}
        conv = reference.accumulate("conv", values, weights, **geometry)  # type: ignore[arg-type]
        return conv, reference.accumulate("fc", flat, matrix, **line)  # type: ignore[arg-type]

    found = both()
    monkeypatch.setattr(reference, "STRIP", 1)
    strips = both()
    monkeypatch.setattr(reference, "EXACT", 0)
    integers = both()
    for one, two, three in zip(found, strips, integers, strict=True):
        assert one.dtype == np.int64
        assert np.array_equal(one, two)
        assert np.array_equal(one, three)
