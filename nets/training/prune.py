"""Gradual magnitude pruning (Zhu and Gupta, 2017): in every layer the smallest weights become and stay zero."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from nets.training.layers import chain, layers, shadow_weights
from nets.training.settings import PRUNE_END, PRUNE_START


class Mask(nn.Module):
    """Weights times a mask of zeros and ones."""

    mask: Tensor

    def __init__(self, weights: Tensor) -> None:
        super().__init__()
        self.register_buffer("mask", torch.ones_like(weights))

    def forward(self, weights: Tensor) -> Tensor:
        """`weights`, the pruned ones zero."""
        return weights * self.mask

    def keep_largest(self, weights: Tensor, sparsity: float) -> None:
        """Prune the `sparsity` share of `weights` that is smallest in magnitude."""
        pruned = int(sparsity * weights.numel())
        if pruned:
            limit = weights.abs().flatten().kthvalue(pruned).values
            self.mask = (weights.abs() > limit).to(weights.dtype)


def attach(network: nn.Module) -> None:
    """Put a mask before every layer's weights; call before the quantisers are attached."""
    for _, layer in list(layers(network)):
        parametrize.register_parametrization(layer, "weight", Mask(layer.weight))


def prune(network: nn.Module, sparsity: float) -> None:
    """Renew every layer's mask from its shadow weights."""
    for _, layer in layers(network):
        mask = next(step for step in chain(layer) or () if isinstance(step, Mask))
        mask.keep_largest(shadow_weights(layer), sparsity)


def sparsity_at(progress: float, final: float) -> float:
    """The share to prune when `progress` (0..1) of training is over: a cubic ramp, then `final`."""
    ramp = min(max((progress - PRUNE_START) / (PRUNE_END - PRUNE_START), 0.0), 1.0)
    return final * (1 - (1 - ramp) ** 3)
