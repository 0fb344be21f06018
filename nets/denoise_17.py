"""Denoising perceptron of Burger et al. (CVPR 2012: 17x17 to 17x17 pixels, 4 x 2047): 14 million weights."""

from __future__ import annotations

from torch import nn

from nets.building import finish
from nets.mlp import perceptron


def build(activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 289]`, a patch of 17x17 pixels, as is the output.

    The authors' hidden units are `nn.Tanh`; ReLUs take their place because integer accelerators compute those.
    """
    return finish(perceptron((17 * 17, *(2047,) * 4, 17 * 17), activation), 17 * 17)
