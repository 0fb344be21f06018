"""Recurrent layers that are fed by what is no image: constants, their own results, rows that are no steps."""

from __future__ import annotations

import torch
from float_networks import Net, captured, faithful
from torch import Tensor, nn


def test_a_cell_whose_input_is_a_constant() -> None:
    torch.manual_seed(3)
    start = torch.rand(1, 3)
    faithful(
        Net(lambda net, x: net.cell(start.expand(len(x), -1), net.a(x)), a=nn.Linear(6, 4), cell=nn.GRUCell(3, 4)),
        (6,),
        1,
    )


def test_an_lstm_whose_input_is_a_constant() -> None:
    def run(net: Net, x: Tensor) -> Tensor:
        state = net.a(x).unsqueeze(0)
        return net.rnn(torch.ones(2, len(x), 3), (state, state))[1][0][0]

    torch.manual_seed(3)
    faithful(Net(run, a=nn.Linear(6, 4), rnn=nn.LSTM(3, 4)), (6,), 1)


def test_rows_that_are_images_to_torch_are_left_to_it_and_told() -> None:
    torch.manual_seed(3)
    workload, _ = captured(Net(lambda net, x: net.rnn(x)[0], rnn=nn.LSTM(3, 4)), (5, 3), 1)
    (layer,) = workload.layers
    assert (layer.kind, layer.name, layer.macs) == ("other", "rnn", 5 * 16 * (3 + 4))
    assert "[1, 5, 3] is 5 images of 1 step: pass batch_first=True" in layer.operation
