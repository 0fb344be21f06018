"""One factor or shift for all values: part of what is there already, or no layer at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from float_networks import Net, captured, faithful
from torch import Tensor, nn

from tlm.scenario import load
from tlm.system import run
from tlm.workload.layer import Workload

Forward = Callable[[Net, Tensor], Tensor]

#: Forward functions of fully connected layers a and b, and the layers that they are.
VECTORS: dict[str, tuple[Forward, list[str]]] = {
    "a scaled residual": (lambda net, x: net.b(x + 0.1 * F.gelu(net.a(x))), ["a fc", "add pointwise", "b fc"]),
    "and a shift": (lambda net, x: net.b(x + (0.1 * F.gelu(net.a(x)) - 0.2)), ["a fc", "add pointwise", "b fc"]),
    "in front of a layer": (lambda net, x: net.b(0.5 * F.relu(net.a(x / 255))), ["a fc", "b fc"]),
    "in front of a function": (lambda net, x: net.b(torch.tanh(F.relu(net.a(x)) + 0.5)), ["a fc", "b fc"]),
    "at the end": (lambda net, x: 3 * torch.sigmoid(net.a(x)), ["a fc"]),
    "a mean": (lambda net, x: F.relu((net.a(x) + net.b(x)) / 2), ["a fc", "b fc", "add pointwise"]),
    "of a sum and its part": (lambda net, x: net.b(F.relu(net.a(x)) + 2 * F.relu(net.a(x))), []),
    "below 0": (lambda net, x: net.b(-F.relu(net.a(x))), ["a fc", "neg pointwise", "b fc"]),
    "alone": (lambda net, x: x * 0.3, ["mul pointwise"]),
    "a shift alone": (lambda net, x: F.relu(x - 0.5), ["sub pointwise"]),
    "zero": (lambda net, x: net.b(x + 0 * F.gelu(net.a(x))), ["a fc", "mul pointwise", "add pointwise", "b fc"]),
}


@pytest.mark.parametrize("name", VECTORS)
def test_a_constant_for_all_values(name: str) -> None:
    torch.manual_seed(3)
    forward, layers = VECTORS[name]
    workload = faithful(Net(forward, a=nn.Linear(8, 8), b=nn.Linear(8, 8)), (8,))
    assert not layers or layers == [f"{layer.name} {layer.kind}" for layer in workload.layers]


def query(net: Net, x: Tensor) -> Tensor:
    one, two, three = net.a(x).chunk(3, -1)
    return net.b(((one * 0.5) @ two.transpose(1, 2)).softmax(-1) @ three)


def test_a_factor_of_a_part_moves_nothing() -> None:
    torch.manual_seed(3)
    workload = faithful(Net(query, a=nn.Linear(6, 18), b=nn.Linear(6, 6)), (5, 6))
    assert [layer.kind for layer in workload.layers] == ["conv", "other", "other", "other", "conv"]


def twice(net: Net, x: Tensor) -> Tensor:
    x = F.relu(net.a(x))
    return net.b(x) + (0.5 * x + x)


def maps() -> Workload:
    torch.manual_seed(3)
    modules = {"a": nn.Conv2d(2, 2, 3, padding=1), "b": nn.Conv2d(2, 2, 3, padding=1)}
    return captured(Net(twice, **modules), (2, 12, 12), 1)[0]


@pytest.mark.parametrize("am", ["4 MiB", "1000 B"])
def test_a_machine_reads_one_tensor_as_two_operands(am: str) -> None:
    workload = maps()
    assert [layer.sources for layer in workload.layers] == [(0,), (1,), (1, 1), (2, 3)]
    run(load("lenet", ["check=true", f"accelerator.am={am}"]), workload)


def test_joined_maps_keep_the_layer_that_gives_them_one_scale() -> None:
    torch.manual_seed(3)
    net = Net(
        lambda net, x: net.b(torch.cat([0.1 * F.relu(net.a(x)), x], 1)), a=nn.Conv2d(2, 2, 1), b=nn.Conv2d(4, 2, 1)
    )
    assert [layer.kind for layer in faithful(net, (2, 4, 4)).layers] == ["conv", "pointwise", "conv"]


EACH = torch.tensor([0.5, -2.0])[:, None, None]
CHANNELS: dict[str, tuple[Forward, str]] = {
    "a factor": (lambda net, x: net.b(F.gelu(net.a(x)) * EACH), "pointwise"),
    "a factor, a function, a pool": (
        lambda net, x: net.b(F.max_pool2d(torch.tanh(F.gelu(net.a(x)) * EACH), 2)),
        "pointwise",
    ),
    "a shift": (lambda net, x: net.b(0.5 * F.gelu(net.a(x)) + EACH), "pointwise"),
    "both": (lambda net, x: net.b(F.gelu(net.a(x)) * EACH + EACH), "conv"),
}


@pytest.mark.parametrize("name", CHANNELS)
def test_a_constant_for_each_channel(name: str) -> None:
    torch.manual_seed(3)
    forward, kind = CHANNELS[name]
    workload = faithful(Net(forward, a=nn.Conv2d(2, 2, 3, padding=1), b=nn.Conv2d(2, 2, 1)), (2, 4, 4))
    assert [layer.kind for layer in workload.layers] == ["conv", kind, "conv"]


def complement(net: Net, x: Tensor) -> Tensor:
    x = F.relu(net.a(x))
    return net.b(x) + (1 - x)


def test_codes_are_looked_up_as_they_are() -> None:
    torch.manual_seed(3)
    layers = faithful(Net(complement, a=nn.Linear(8, 8), b=nn.Linear(8, 8)), (8,)).layers
    (layer,) = [layer for layer in layers if layer.table is not None]
    assert layer.requant is not None
    assert ((layer.accumulators * layer.requant.multiplier) >> layer.requant.shift == layer.accumulators).all()
