"""Denoising perceptron of Burger et al. (arXiv 1211.1544: 39x39 to 17x17 pixels): 28 million weights."""

from __future__ import annotations

from torch import nn

from nets.building import finish
from nets.mlp import perceptron


def build(activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 1521]`, a patch of 39x39 pixels, and the output one of 17x17.

    The authors' hidden units are `nn.Tanh`; ReLUs take their place because integer accelerators compute those.
    """
    return finish(perceptron((39 * 39, 3072, 3072, 2559, 2047, 17 * 17), activation), 39 * 39)
