"""Quantisation-aware training: the formats, and how they are attached to a network.

Weights: shadow weights stay floating point; the forward pass sees integer codes times one scale a tensor, and the
gradient passes straight through. Activations: the input of every convolution and fully connected layer (which
must not be negative, as after a ReLU) becomes unsigned 8-bit codes times one scale a layer, the moving average
of its largest value over 255; where it is clipped the gradient is zero.
A new format is one function from weights to (codes, scale) and one line in `FORMATS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

ACTIVATION_MAX = 255
EMA_KEEP = 0.95
TWN_THRESHOLD = 0.7

Quantiser = Callable[[Tensor], tuple[Tensor, Tensor]]


def int8(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Signed, symmetric, 8 bits: codes in -127..127, scale = max|w| / 127."""
    scale = (weights.abs().amax() / 127).clamp_min(torch.finfo(torch.float32).tiny)
    return torch.round(weights / scale), scale


def ternary(weights: Tensor) -> tuple[Tensor, Tensor]:
    """Ternary weight networks: 0 up to 0.7 mean|w|, else the sign; scale = mean|w| of those that are not 0."""
    large = weights.abs() > TWN_THRESHOLD * weights.abs().mean()
    scale = (weights.abs() * large).sum() / large.sum().clamp_min(1)
    return torch.sign(weights) * large, scale


@dataclass(frozen=True)
class Format:
    """A number format: `bits` of a stored value and its weights' quantiser, both None in floating point."""

    bits: int | None
    quantiser: Quantiser | None


FORMATS = {"fp32": Format(None, None), "int8": Format(8, int8), "ternary": Format(8, ternary)}


class FakeWeights(nn.Module):
    """Weights as the quantiser's codes times scale; the gradient goes to the shadow weights unchanged."""

    def __init__(self, quantiser: Quantiser) -> None:
        super().__init__()
        self.quantiser = quantiser

    def forward(self, weights: Tensor) -> Tensor:
        """The values that the integers stand for, in the shape of `weights`."""
        codes, scale = self.quantiser(weights.detach())
        return weights + (codes * scale - weights).detach()


class FakeActivations(nn.Module):
    """Activations as unsigned 8-bit codes times `scale`, which follows their maximum while training."""

    scale: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(0.0))

    def forward(self, values: Tensor) -> Tensor:
        """The values that the integers stand for, in the shape of `values`."""
        if self.training:
            seen = values.detach().amax() / ACTIVATION_MAX
            self.scale = torch.where(self.scale > 0, torch.lerp(seen, self.scale, EMA_KEEP), seen)
        clipped = torch.clamp(values, min=torch.tensor(0.0), max=ACTIVATION_MAX * self.scale)
        return clipped + (torch.round(clipped / self.scale) * self.scale - clipped).detach()


def layers(network: nn.Module) -> Iterator[tuple[str, nn.Conv2d | nn.Linear]]:
    """The layers that hold weights, by name, in order."""
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            yield name, module


def attach(network: nn.Module, number_format: Format) -> None:
    """Let `network` compute in `number_format` from now on; call before the optimiser is made."""
    if number_format.quantiser is None:
        return
    for _, layer in list(layers(network)):
        parametrize.register_parametrization(layer, "weight", FakeWeights(number_format.quantiser))
        layer.input_quantiser = FakeActivations()
        layer.register_forward_pre_hook(_quantise_input)


def input_scale(layer: nn.Module) -> Tensor:
    """The scale of a layer's input, once `attach` was called; a tensor that may be written to."""
    return cast(FakeActivations, layer.input_quantiser).scale


def _quantise_input(layer: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    return cast(Tensor, cast(FakeActivations, layer.input_quantiser)(inputs[0]))
