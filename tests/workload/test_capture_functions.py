"""Functions of one value, and of two, that become tables and pointwise layers."""

from __future__ import annotations

import pytest
import torch
from float_networks import Net, faithful
from torch import nn


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
