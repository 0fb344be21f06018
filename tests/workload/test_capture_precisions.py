"""Modules that compute in other floating points than torch's usual one: their layers are the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from float_networks import Net, captured, off_by
from layers_by_hand import check_exact
from torch import Tensor, nn

from tlm.workload.capture import capture
from tlm.workload.spec import WorkloadSpec

PRECISIONS = [torch.float64, torch.float16, torch.bfloat16]


@pytest.mark.parametrize("dtype", PRECISIONS, ids=str)
def test_a_layer_in_another_precision(dtype: torch.dtype) -> None:
    def run(net: Net, x: Tensor) -> Tensor:
        return net.a(x) + net.n(net.b(x.to(dtype))).float().softmax(1)

    torch.manual_seed(3)
    net = Net(run, a=nn.Conv2d(2, 3, 1), b=nn.Conv2d(2, 3, 1).to(dtype), n=nn.BatchNorm2d(3).to(dtype))
    workload, real = captured(net, (2, 4, 4))
    check_exact(workload)
    assert off_by(workload.layers[-1].outputs, real) < 0.02


@pytest.mark.parametrize("dtype", PRECISIONS, ids=str)
def test_a_network_in_another_precision(dtype: torch.dtype) -> None:
    torch.manual_seed(3)
    inputs = np.random.default_rng(1).random((2, 3, 6), dtype=np.float32)
    net = Net(
        lambda net, x: net.fc(net.rnn(x)[0][:, -1]).log_softmax(1),
        rnn=nn.GRU(6, 4, batch_first=True),
        fc=nn.Linear(4, 3),
    )
    with torch.no_grad():
        real = net.eval()(torch.from_numpy(inputs))
    workload = capture(WorkloadSpec(network="tests:net", images=2), net.to(dtype), inputs)
    check_exact(workload)
    assert off_by(workload.layers[-1].outputs, real) < 0.02
