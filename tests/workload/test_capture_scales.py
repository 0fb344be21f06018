"""The scales that are measured: of what a network gives, and of what is nothing but zeros."""

from __future__ import annotations

import pytest
import torch
from float_networks import Net, faithful
from torch import nn


def logits(*biases: float) -> nn.Linear:
    """A layer whose outputs lie near `biases`."""
    torch.manual_seed(3)
    layer = nn.Linear(8, len(biases))
    with torch.no_grad():
        layer.weight.mul_(0.1)
        layer.bias.copy_(torch.tensor(biases))
    return layer


@pytest.mark.parametrize("end", [nn.Sigmoid(), nn.Tanh(), nn.Softplus(), nn.ReLU6(), nn.SiLU()], ids=str)
def test_a_network_that_ends_in_a_function_gives_codes_of_the_functions_range(end: nn.Module) -> None:
    for biases in ((-3.0, -2.0, -1.0, -2.5), (0.1, 0.2, 0.5, 0.3), (9.0, 2.0, 30.0, 4.0)):
        if biases[0] > 0 or not isinstance(end, nn.ReLU6):
            workload = faithful(nn.Sequential(logits(*biases), end), (8,))
            assert abs(workload.layers[-1].outputs).max() >= 127


def test_a_network_that_ends_in_pooling_gives_codes_of_what_was_pooled() -> None:
    torch.manual_seed(3)
    faithful(nn.Sequential(nn.Conv2d(1, 3, 3), nn.MaxPool2d(2)), (1, 6, 6))
    faithful(nn.Sequential(nn.Conv2d(1, 3, 3), nn.Sigmoid(), nn.AvgPool2d(2)), (1, 6, 6))


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-6])
def test_a_branch_that_is_all_zero_does_not_set_the_unit_of_a_sum(size: float) -> None:
    def run(net: Net, x: torch.Tensor) -> torch.Tensor:
        x = x * size
        return x + torch.zeros(1) * net.a(x)

    torch.manual_seed(3)
    faithful(Net(run, a=nn.Conv2d(2, 2, 3, padding=1)), (2, 4, 4))


def test_a_cell_that_begins_with_computed_zeros() -> None:
    def run(net: Net, x: torch.Tensor) -> torch.Tensor:
        cell = torch.sigmoid(net.a(x)) * torch.zeros(1) + torch.sigmoid(net.b(x)) * torch.tanh(net.a(x))
        return torch.sigmoid(net.b(x)) * torch.tanh(cell)

    torch.manual_seed(3)
    faithful(Net(run, a=nn.Conv2d(2, 2, 3, padding=1), b=nn.Conv2d(2, 2, 1)), (2, 4, 4))
