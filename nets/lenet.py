"""LeNet as the precision study draws it (Table I): 431 thousand weights, 28x28 images."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import nn


def build() -> nn.Sequential:
    """Untrained; `example_input` is `[1, 1, 28, 28]`."""
    network = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 20, 5),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(20, 50, 5),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc1=nn.Linear(800, 500),
            relu3=nn.ReLU(),
            fc2=nn.Linear(500, 10),
        )
    )
    network.example_input = torch.rand(1, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    return network
