"""A VGG-style network of 1.1 million weights for 32x32 images of one channel."""

from __future__ import annotations

from collections import OrderedDict
from typing import cast

import torch
from torch import nn

WIDTHS = ((16, 16), (32, 32), (128, 128), (256, 256))


def build() -> nn.Sequential:
    """Untrained; `example_input` is `[1, 1, 32, 32]`; a 2x2 max pooling ends each group of `WIDTHS`."""
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    channels = 1
    for group, widths in enumerate(WIDTHS, 1):
        for place, width in enumerate(widths, 1):
            modules[f"conv{group}_{place}"] = conv = nn.Conv2d(channels, width, 3, padding=1)
            nn.init.kaiming_normal_(conv.weight, nonlinearity="relu")
            nn.init.zeros_(cast(torch.Tensor, conv.bias))
            modules[f"relu{group}_{place}"] = nn.ReLU()
            channels = width
        modules[f"pool{group}"] = nn.MaxPool2d(2)
    modules["flatten"] = nn.Flatten()
    modules["fc"] = nn.Linear(channels * 2 * 2, 10)
    network = nn.Sequential(modules)
    network.example_input = torch.rand(1, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    return network
