"""Captured integers against plain loops, and what they stand for against the float network."""

from __future__ import annotations

import itertools

import numpy as np
import numpy.typing as npt
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from tlm.workload import quantisation as q
from tlm.workload.capture import capture
from tlm.workload.checkpoint import Checkpoint
from tlm.workload.layer import Layer, Pool, Workload, stream
from tlm.workload.spec import WorkloadSpec

Maps = npt.NDArray[np.integer]


def by_hand(layer: Layer) -> tuple[Maps, Maps]:
    """A layer's (accumulators, outputs) from its inputs, in Python integers."""
    inputs, weights = layer.inputs, layer.weights
    if layer.kind == "fc":
        inputs, weights = inputs[:, :, None, None], weights[:, :, None, None]
    accumulators = np.stack([convolve(image, weights, layer) for image in inputs])
    outputs = requantise(accumulators, layer)
    if layer.pool:
        outputs = np.stack([[pool_map(m, layer.pool) for m in image] for image in outputs])
    return (accumulators[..., 0, 0], outputs[..., 0, 0]) if layer.kind == "fc" else (accumulators, outputs)


def convolve(image: Maps, weights: Maps, layer: Layer) -> Maps:
    """[C, H, W] to [F, Oy, Ox]."""
    (stride_y, stride_x), (pad_y, pad_x) = layer.stride, layer.padding
    filters, depth, height, width = weights.shape
    out = np.zeros((filters, *layer.out_size), np.int64)
    for f, oy, ox in np.ndindex(out.shape):
        first = f // (filters // layer.groups) * depth
        total = 0 if layer.bias is None else int(layer.bias[f])
        for c, ky, kx in itertools.product(range(depth), range(height), range(width)):
            y, x = oy * stride_y + ky - pad_y, ox * stride_x + kx - pad_x
            if 0 <= y < image.shape[1] and 0 <= x < image.shape[2]:
                total += int(image[first + c, y, x]) * int(weights[f, c, ky, kx])
        out[f, oy, ox] = total
    return out


def requantise(accumulators: Maps, layer: Layer) -> Maps:
    rule = layer.requant
    assert rule is not None
    out = np.zeros(accumulators.shape, np.int64)
    for place in np.ndindex(accumulators.shape):
        m, s = (int(values[place[1] % len(values)]) for values in (rule.multiplier, rule.shift))
        value = ((int(accumulators[place]) * m + 2 ** (s - 1)) >> s) + rule.zero
        out[place] = min(max(value, rule.low), rule.high)
    return out


def pool_map(values: Maps, pool: Pool) -> list[list[int]]:
    return [[pool_window(values, pool, y, x) for x in range(pool.out[1])] for y in range(pool.out[0])]


def pool_window(values: Maps, pool: Pool, oy: int, ox: int) -> int:
    ys = range(oy * pool.stride[0] - pool.padding[0], oy * pool.stride[0] - pool.padding[0] + pool.kernel[0])
    xs = range(ox * pool.stride[1] - pool.padding[1], ox * pool.stride[1] - pool.padding[1] + pool.kernel[1])
    inside = [int(values[y, x]) for y in ys for x in xs if 0 <= y < values.shape[0] and 0 <= x < values.shape[1]]
    if pool.kind == "max":
        return max(inside)
    n = pool.kernel[0] * pool.kernel[1]
    return (2 * sum(inside) + n) // (2 * n)


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


def check_exact(workload: Workload) -> None:
    """Every layer is what loops make of its inputs, and hands on what it should."""
    for layer in workload.layers:
        accumulators, outputs = by_hand(layer)
        assert np.array_equal(layer.accumulators, accumulators), layer.name
        assert np.array_equal(layer.outputs, outputs), layer.name
        assert layer.accumulators.dtype == np.int64
        assert {layer.inputs.dtype, layer.weights.dtype, layer.outputs.dtype} == {np.dtype(np.int32)}
    for one, two in itertools.pairwise(workload.layers):
        handed = one.outputs
        if two.kind == "fc" and one.kind == "conv":
            handed = np.stack([stream(image) for image in handed])
        assert np.array_equal(handed, two.inputs)


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
    layer = capture(WorkloadSpec(network="t:n"), network, inputs, None, checkpoint).layers[0]
    assert layer.inputs.item() == 10
    assert layer.weights.ravel().tolist() == [3, -5]
    assert layer.outputs.ravel().tolist() == [min(round(30 * 0.25 * 0.5 / 0.125), 255), 0]


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
