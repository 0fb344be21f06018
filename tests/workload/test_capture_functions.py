"""Functions of one value, and of two, that become tables and pointwise layers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from float_networks import Net, captured, faithful, off_by
from layers_by_hand import check_exact
from torch import Tensor, nn


def sloped(channels: int) -> nn.PReLU:
    module = nn.PReLU(channels)
    with torch.no_grad():
        module.weight.copy_(torch.linspace(-0.2, 0.8, channels))
    return module


@pytest.mark.parametrize(
    ("before", "shape"),
    [(nn.Conv2d(2, 5, 3), (2, 5, 6)), (nn.Conv1d(2, 5, 3), (2, 9)), (nn.Linear(6, 5), (6,))],
    ids=str,
)
def test_a_slope_for_each_channel_is_a_table_for_each_filter(before: nn.Module, shape: tuple[int, ...]) -> None:
    torch.manual_seed(3)
    workload = faithful(nn.Sequential(before, sloped(5)), shape)
    (layer,) = workload.layers
    assert layer.table is not None
    assert len(layer.table) == 5


def test_slopes_of_joined_maps() -> None:
    torch.manual_seed(3)
    faithful(
        Net(
            lambda net, x: net.p(torch.cat([net.a(x), net.b(x)], 1)),
            a=nn.Conv2d(2, 2, 1),
            b=nn.Conv2d(2, 3, 1),
            p=sloped(5),
        ),
        (2, 4, 4),
    )


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "log": lambda x: (x.relu() + 0.1).log(),
    "log1p": lambda x: torch.log1p(x.relu()),
    "sqrt": lambda x: torch.sqrt(x * x + 0.1),
    "rsqrt": lambda x: (x.abs() + 0.5).rsqrt(),
    "reciprocal": lambda x: torch.reciprocal(x.abs() + 0.5),
    "a number over it": lambda x: 3 / (x.sigmoid() + 1),
    "sign": torch.sign,
    "round": lambda x: torch.round(x * 4) / 4,
    "floor": lambda x: torch.floor(x * 8) * 0.5,
    "ceil": lambda x: torch.ceil(x * 8),
    "clamp": lambda x: x.clamp_min(-0.1).clamp_max(max=0.2),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_of_one_value(name: str) -> None:
    torch.manual_seed(3)
    net = Net(lambda net, x: net.b(FUNCTIONS[name](net.a(x))), a=nn.Conv2d(2, 3, 1), b=nn.Conv2d(3, 2, 1))
    workload, real = captured(net, (2, 4, 4), bits=16)
    check_exact(workload)
    assert not [layer.operation for layer in workload.layers if layer.kind == "other"]
    assert off_by(workload.layers[-1].outputs, real) < 0.001


def test_where_a_function_is_not_finite_its_code_is_the_last_one() -> None:
    torch.manual_seed(3)
    net = Net(lambda net, x: torch.log(net.a(x).relu() + 1e-5), a=nn.Conv2d(2, 3, 1))
    (*_, layer) = captured(net, (2, 4, 4))[0].layers
    assert layer.table is not None
    assert layer.table.min() == layer.table[0, 0] == -127


OF_TWO: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "maximum": torch.maximum,
    "max": torch.max,
    "minimum": torch.minimum,
    "min": lambda x, y: x.min(y),
    "of a constant": lambda x, y: torch.maximum(x, torch.tensor(0.05)) + y,
    "glu": lambda x, y: F.glu(torch.cat([x, y], 1), 1),
}


@pytest.mark.parametrize("name", OF_TWO)
def test_a_function_of_two_values(name: str) -> None:
    torch.manual_seed(3)
    net = Net(lambda net, x: OF_TWO[name](net.a(x), net.b(x)), a=nn.Conv2d(2, 3, 1), b=nn.Conv2d(2, 3, 1))
    assert not [layer for layer in faithful(net, (2, 4, 4)).layers if layer.kind == "other"]
