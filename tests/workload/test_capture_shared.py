"""One tensor of weights read in several ways: each is itself, and the codes of the same one are made once."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from float_networks import Net, faithful
from torch import nn


def test_a_matrix_and_its_transpose_are_two_sets_of_weights() -> None:
    torch.manual_seed(3)
    net = Net(lambda net, x: F.linear(F.relu(net.a(x)), net.a.weight.t()), a=nn.Linear(6, 6, bias=False))
    first, second = faithful(net, (6,)).layers
    assert (first.weights == second.weights.T).all() and not (first.weights == second.weights).all()


def test_views_that_begin_at_one_place_are_told_apart() -> None:
    torch.manual_seed(3)
    net = Net(
        lambda net, x: F.conv2d(F.conv2d(x, net.a.weight[:3, :3]), net.a.weight[:3, :3].transpose(0, 1)),
        a=nn.Conv2d(5, 5, 2),
    )
    faithful(net, (3, 4, 4))
