"""LeNet as the precision study draws it (Table I): 430.5 thousand weights, 28x28 images."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import with_example


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
    return with_example(network, 1, 28, 28)
