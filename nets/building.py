"""What every network's `build` ends with: weights to start training from, and an example of its input."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


def finish(network: Network, *shape: int) -> Network:
    """`network` with weights drawn for the ReLUs after them and an `example_input` of `shape`."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return with_example(network, *shape)


def with_example(network: Network, *shape: int) -> Network:
    """`network` with its `example_input` `[1, *shape]` in 0..1, the same numbers in every process."""
    numbers = torch.Generator().manual_seed(0)
    network.example_input = torch.rand(1, *shape, generator=numbers, device="cpu")
    return network
