"""Whatever Python a module's forward is made of: the layers give what the module itself does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from float_networks import Net, captured, faithful, off_by
from torch import Tensor, nn

from tlm.workload.capture import capture
from tlm.workload.spec import WorkloadSpec


def two() -> dict[str, nn.Module]:
    torch.manual_seed(3)
    return {"a": nn.Conv2d(2, 4, 3, padding=1), "b": nn.Conv2d(4, 4, 3, padding=1), "n": nn.BatchNorm2d(4)}


def aliased(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    kept = [y]
    y += 1.0
    return net.b(y) + kept[0]


def through_a_view(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y[:, 0].add_(1.0)
    return F.interpolate(net.b(net.n(y)).flatten(2), scale_factor=2)


def put_into_zeros(net: Net, x: Tensor) -> Tensor:
    out = torch.zeros(len(x), 5, 4, 6)
    out[:, :4] = net.a(x)
    return out


def put_into_itself(net: Net, x: Tensor) -> Tensor:
    y = net.a(x)
    y[:, :, 0] = 0.0
    y[:, 1] = y[:, 2]
    return net.b(y)


def star(net: Net, *inputs: Tensor) -> Tensor:
    return net.a(inputs[0])


def keywords(net: Net, x: Tensor) -> Tensor:
    x = torch.add(net.a(x), other=net.b(net.a(x)))
    return torch.mul(input=x.amax(axis=(2, 3)).T.data.mT, other=x.flatten(2).max(dim=2).values.clamp_min(min=0.1))


@pytest.mark.parametrize("forward", [aliased, through_a_view, put_into_zeros, put_into_itself, star, keywords])
def test_what_no_plain_graph_shows(forward: Callable[..., Tensor]) -> None:
    workload = faithful(Net(forward, **two()), (2, 4, 6))
    assert not [layer for layer in workload.layers if layer.kind == "other"]


def test_hooks_are_heard() -> None:
    net = Net(lambda net, x: net.b(net.a(x)), **two())
    net.a.register_forward_hook(lambda _module, _given, made: made * 2 + 1)
    faithful(net, (2, 4, 4))


def test_arguments_behind_the_first_are_what_they_are_by_default() -> None:
    class Optional(Net):
        def forward(self, x: Tensor, mask: Tensor | None = None, *, deep: bool = True) -> Tensor:
            x = self.a(x)
            if mask is not None:
                x = x * mask
            return self.b(x) if deep else x

    workload = faithful(Optional(lambda: None, **two()), (2, 4, 4))
    assert [layer.name for layer in workload.layers] == ["a", "b"]


def test_what_forward_keeps_in_the_module_is_not_there_before() -> None:
    class Keeps(Net):
        state: Any = None

        def forward(self, x: Tensor) -> Tensor:
            self.state = self.a(x) if self.state is None else self.state * 2
            return self.state

    inputs = np.ones((1, 2, 4, 4), np.float32)
    workload = capture(WorkloadSpec(network="tests:net"), Keeps(lambda: None, **two()), inputs)
    assert [layer.name for layer in workload.layers] == ["a"]


def test_what_torch_draws_is_a_constant() -> None:
    def sampled(net: Net, x: Tensor) -> Tensor:
        mean, deviation = net.a(x).chunk(2, 1)
        return mean + torch.randn_like(deviation) * torch.exp(deviation)

    inputs = np.ones((1, 2, 4, 4), np.float32)
    workloads = [capture(WorkloadSpec(network="tests:net"), Net(sampled, **two()), inputs) for _ in range(2)]
    assert "other" not in {layer.kind for layer in workloads[0].layers}
    assert np.array_equal(workloads[0].layers[-1].outputs, workloads[1].layers[-1].outputs)


@dataclass
class Data:
    logits: Tensor
    deep: Any = None


class Named(NamedTuple):
    logits: Tensor
    deep: Tensor


@pytest.mark.parametrize("make", [Data, Named, lambda one, other: {"logits": one, "deep": [other]}])
def test_results_in_any_wrapping(make: Callable[..., Any]) -> None:
    workload, _ = captured(Net(lambda net, x: make(net.a(x), net.b(net.a(x))), **two()), (2, 4, 4), 1)
    assert [layer.kind for layer in workload.layers] == ["conv"] * 3
    assert len(workload.given) == 2


ENDS: dict[str, Callable[[Tensor], Tensor]] = {
    "a crop": lambda x: x[:, :, :3, :3],
    "one channel": lambda x: x[:, 1:2],
    "a token": lambda x: x.flatten(2).transpose(1, 2)[:, 0],
    "larger": lambda x: F.interpolate(x, scale_factor=2),
    "larger in one direction": lambda x: F.interpolate(x.flatten(2), scale_factor=2),
    "padded": lambda x: F.pad(x, (1, 0, 2, 1)),
    "repeated": lambda x: x.mean((2, 3)).repeat(1, 2),
}


@pytest.mark.parametrize("name", ENDS)
def test_a_result_that_is_part_of_a_tensor_or_repeats_one(name: str) -> None:
    faithful(Net(lambda net, x: ENDS[name](F.relu(net.a(x))), **two()), (2, 4, 5))


def test_results_that_share_a_tensor() -> None:
    workload, real = captured(Net(lambda net, x: net.a(x).chunk(2, 1), **two()), (2, 4, 4))
    given = [workload.layers[number - workload.inputs].outputs for number in workload.given]
    assert len(given) == 2
    assert all(off_by(codes, half) < 0.02 for codes, half in zip(given, real, strict=True))


def test_windows_taken_apart_have_zeros_around() -> None:
    torch.manual_seed(3)
    faithful(Net(lambda net, x: net.fc(F.unfold(x, 3, padding=1).transpose(1, 2)), fc=nn.Linear(18, 3)), (2, 4, 4))
