"""ALEX of the precision study (Table I, for CIFAR-10): 89 thousand weights, 32x32x3 images."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import finish


def build(width: int = 32) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 32, 32]`; `width` filters in the first two layers, twice in the third.

    Padding and overlapping, ceiled pools are those of Caffe's cifar10_full, whose local response normalisation
    the study's table does not list.
    """
    network = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, width, 5, padding=2),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
            conv2=nn.Conv2d(width, width, 5, padding=2),
            relu2=nn.ReLU(),
            pool2=nn.AvgPool2d(3, 2, ceil_mode=True),
            conv3=nn.Conv2d(width, 2 * width, 5, padding=2),
            relu3=nn.ReLU(),
            pool3=nn.AvgPool2d(3, 2, ceil_mode=True),
            flatten=nn.Flatten(),
            fc1=nn.Linear(2 * width * 4 * 4, 10),
        )
    )
    return finish(network, 3, 32, 32)
