"""A perceptron of four hidden layers for 28x28 images of one channel: 151 thousand weights."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import pairwise

from torch import nn

from nets.building import finish


def build(width: int = 128) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 1, 28, 28]`; `width` units in each hidden layer."""
    return finish(perceptron((28 * 28, *(width,) * 4, 10)), 1, 28, 28)


def perceptron(sizes: Sequence[int], activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Fully connected layers between values of these sizes, `activation` after all but the last."""
    modules: OrderedDict[str, nn.Module] = OrderedDict(flatten=nn.Flatten())
    for place, (inputs, outputs) in enumerate(pairwise(sizes), 1):
        modules[f"fc{place}"] = nn.Linear(inputs, outputs)
        modules[f"hidden{place}"] = activation()
    modules.popitem()
    return nn.Sequential(modules)
