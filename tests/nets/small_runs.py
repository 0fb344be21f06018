"""A small network and few images, which a test has time to train."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from nets.data import digits
from nets.training.images import Images
from nets.training.settings import Recipe, Settings

SHAPE = (1, 12, 12)


def build(width: int = 4) -> nn.Sequential:
    """Two convolutions and a fully connected layer for `SHAPE`."""
    network = nn.Sequential(
        nn.Conv2d(1, width, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(width, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(54, 10),
    )
    network.example_input = torch.rand(1, *SHAPE, generator=torch.Generator().manual_seed(0))
    return network


def few(shape: tuple[int, ...] = SHAPE) -> Images:
    """96 digits to train with and 48 to test with."""
    images, labels = (torch.from_numpy(array) for array in digits(144, shape))
    return Images(images[:96], labels[:96], images[96:], labels[96:])


def settings(number_format: str = "int8", epochs: int = 4, **recipe: object) -> Settings:
    """Of the small network, with the plain recipe but for what is given."""
    chosen = replace(Recipe(), **recipe)  # type: ignore[arg-type]
    return Settings("small_runs:build", number_format, epochs=epochs, recipe=chosen, patience=0)
