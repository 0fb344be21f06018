"""Effectual operand pairs against a loop over every multiplication."""

from __future__ import annotations

from itertools import product

import pytest
import torch
from torch import Tensor, nn

from nets.training.pairs import PRODUCTS, PairCounter, Pairs

CONVOLUTIONS = {
    "plain": {},
    "strided and padded": {"stride": 2, "padding": 1},
    "grouped": {"groups": 2},
    "depthwise and dilated": {"groups": 4, "dilation": 2, "padding": (2, 1)},
}


def sparse(*shape: int, seed: int) -> Tensor:
    numbers = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=numbers) * (torch.rand(shape, generator=numbers) < 0.5)


def counted(layer: nn.Module, inputs: Tensor, gradient: Tensor) -> Pairs:
    with PairCounter(nn.Sequential(layer)) as counter:
        layer(inputs.requires_grad_()).backward(gradient)
    return counter.layers["0"]


def by_hand(layer: nn.Conv2d, inputs: Tensor, gradient: Tensor) -> Pairs:
    """Every multiplication of the convolution, one by one; a tap on the padding has a zero for its input."""
    found = Pairs()
    (rows, columns), (left, right) = layer.kernel_size, inputs.shape[2:]
    stride, padding, dilation = layer.stride[0], layer.padding, layer.dilation[0]
    in_group, out_group = inputs.shape[1] // layer.groups, gradient.shape[1] // layer.groups
    for n, k, y, x in product(*map(range, gradient.shape)):
        for c, i, j in product(range(in_group), range(rows), range(columns)):
            row, column = y * stride + i * dilation - padding[0], x * stride + j * dilation - padding[1]  # type: ignore[operator]
            inside = 0 <= row < left and 0 <= column < right
            a = bool(inside and inputs[n, k // out_group * in_group + c, row, column] != 0)
            w, g = bool(layer.weight[k, c, i, j] != 0), bool(gradient[n, k, y, x] != 0)
            for name, pair in zip(PRODUCTS, (a and w, inside and w and g, a and g), strict=True):
                found.every[name] += 1
                found.effectual[name] += pair
    return found


@pytest.mark.parametrize("options", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_a_convolution_against_a_plain_loop(options: dict[str, int]) -> None:
    layer = nn.Conv2d(4, 4, 3, **options)  # type: ignore[arg-type]
    with torch.no_grad():
        layer.weight.copy_(sparse(*layer.weight.shape, seed=1))
    inputs = sparse(2, 4, 7, 6, seed=2)
    gradient = sparse(*layer(inputs).shape, seed=3)
    assert counted(layer, inputs.clone(), gradient) == by_hand(layer, inputs, gradient)


@pytest.mark.parametrize("more", [(), (3,)])
def test_a_fully_connected_layer_against_a_plain_loop(more: tuple[int, ...]) -> None:
    layer = nn.Linear(5, 4)
    with torch.no_grad():
        layer.weight.copy_(sparse(4, 5, seed=1))
    inputs, gradient = sparse(6, *more, 5, seed=2), sparse(6, *more, 4, seed=3)
    expected = Pairs()
    for a, g in zip(inputs.reshape(-1, 5), gradient.reshape(-1, 4), strict=True):
        for k, c in product(range(4), range(5)):
            w = layer.weight[k, c]
            for name, pair in zip(PRODUCTS, ((a[c], w), (w, g[k]), (a[c], g[k])), strict=True):
                expected.every[name] += 1
                expected.effectual[name] += bool(pair[0] != 0 and pair[1] != 0)
    assert counted(layer, inputs.clone(), gradient) == expected


def test_a_transposed_convolution_is_a_convolution_backwards() -> None:
    forth, back = nn.Conv2d(2, 3, 3, stride=2, padding=1), nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1)
    with torch.no_grad():
        forth.weight.copy_(sparse(3, 2, 3, 3, seed=1))
        back.weight.copy_(forth.weight)
    wide, narrow = sparse(2, 2, 7, 7, seed=2), sparse(2, 3, 4, 4, seed=3)
    one, other = counted(forth, wide.clone(), narrow), counted(back, narrow.clone(), wide)
    assert one.effectual["weight_gradient"] == other.effectual["weight_gradient"]
    assert one.effectual["input_gradient"] == other.effectual["forward"]
    assert one.effectual["forward"] == other.effectual["input_gradient"]
    assert set(one.every.values()) == set(other.every.values())


def test_the_first_layer_needs_no_gradient_of_its_input() -> None:
    network = nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))
    with PairCounter(network) as counter:
        network(torch.rand(4, 3)).sum().backward()
    assert counter.layers["0"].every == {"forward": 36, "input_gradient": 0, "weight_gradient": 36}
    assert counter.layers["2"].every == {"forward": 24, "input_gradient": 24, "weight_gradient": 24}
    assert counter.total.every["weight_gradient"] == 60


def test_no_hook_is_left() -> None:
    network = nn.Sequential(nn.Linear(3, 3))
    with PairCounter(network) as counter:
        pass
    network(torch.rand(4, 3))
    assert counter.total.shares() == {"forward": 0, "backward": 0}
