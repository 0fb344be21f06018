"""ALEX++ of the precision study (Table II): 3x3 filters, twice as many where the map halves, 2.5 million weights."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import finish


def build() -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 32, 32]`."""
    network = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 64, 3, padding=1),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(64, 128, 3, padding=1),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(128, 256, 3, padding=1),
            relu3=nn.ReLU(),
            pool3=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc1=nn.Linear(256 * 4 * 4, 512),
            relu4=nn.ReLU(),
            fc2=nn.Linear(512, 10),
        )
    )
    return finish(network, 3, 32, 32)
