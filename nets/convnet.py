"""ConvNet of the precision study (Table I, for SVHN): 567 thousand weights, 32x32x3 images."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import finish


def build() -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 32, 32]`.

    The convolutions are not padded: only so do the parameters take the 2150 KB of the study's section V-B.
    """
    network = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 16, 5),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(16, 512, 7),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            fc1=nn.Linear(8192, 20),
            relu3=nn.ReLU(),
            fc2=nn.Linear(20, 10),
        )
    )
    return finish(network, 3, 32, 32)
