"""Weights to start from, fitted to the data (Kraehenbuehl et al., "Data-dependent initializations", ICLR 2016).

Without batch normalisation, images whose mean is not 0 drive the first layers far off, and a deep network may not
start to learn. Here every layer that has a bias is scaled and shifted until each of its outputs has mean 0 and
variance 1 over a sample of images.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nets.training.layers import layers

LEAST = 1e-3


def fit_to(network: nn.Module, sample: Tensor) -> None:
    """Scale and shift the layers that have a bias, each seeing what those before it, already fitted, put out."""
    hooks = [layer.register_forward_hook(_fit) for _, layer in layers(network) if layer.bias is not None]
    with torch.no_grad():
        network.eval()(sample)
    for hook in hooks:
        hook.remove()


def _fit(layer: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    assert isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    assert layer.bias is not None
    channel = 1 if output.ndim == 4 else output.ndim - 1
    others = [place for place in range(output.ndim) if place != channel]
    deviation, mean = (found.squeeze() for found in torch.std_mean(output, others, keepdim=True))
    deviation = deviation.clamp_min(LEAST)
    filters = 1 if isinstance(layer, nn.ConvTranspose2d) else 0
    layer.weight /= deviation.reshape([-1 if place == filters else 1 for place in range(layer.weight.ndim)])
    layer.bias.copy_((layer.bias - mean) / deviation)
    shape = [-1 if place == channel else 1 for place in range(output.ndim)]
    return (output - mean.reshape(shape)) / deviation.reshape(shape)
