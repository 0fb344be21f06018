"""A VGG-style network for 32x32 images of one channel: 1.1 million weights."""

from __future__ import annotations

from collections import OrderedDict
from typing import cast

import torch
from torch import nn

from nets.building import with_example

GROUPS = ((1, 1), (2, 2), (8, 8), (16, 16))


def build(channels: int = 1, width: int = 16) -> nn.Sequential:
    """Untrained; `example_input` is `[1, channels, 32, 32]`.

    A layer has `width` times as many filters as `GROUPS` says; a 2x2 max pooling ends each group.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    inputs = channels
    for group, factors in enumerate(GROUPS, 1):
        for place, factor in enumerate(factors, 1):
            modules[f"conv{group}_{place}"] = conv = nn.Conv2d(inputs, factor * width, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(cast(torch.Tensor, conv.bias))
            modules[f"relu{group}_{place}"] = nn.ReLU()
            inputs = factor * width
        modules[f"pool{group}"] = nn.MaxPool2d(2)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(inputs * 2 * 2, 10)
    return with_example(nn.Sequential(modules), channels, 32, 32)
