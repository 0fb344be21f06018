"""Integer codes of weights, one rule a format: real value = (code - zero) * scale, with one scale a layer.

A rule is a function of a layer's weights and of `Choices`, the little that it cannot see in them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

TINY = torch.finfo(torch.float32).tiny
#: 15 octaves: what a signed code of 16 bits reaches. Six bits, a sign and an exponent, would reach 31.
POW2_TOP = 14


class Coded(NamedTuple):
    """Integer `codes` (held in floating point), the real value of a step between two, and the code of real 0."""

    codes: Tensor
    scale: Tensor
    zero: Tensor

    @property
    def real(self) -> Tensor:
        """What the codes stand for, float32."""
        return ((self.codes - self.zero) * self.scale).to(torch.float32)


@dataclass
class Choices:
    """What a rule is told: the `step` of all layers in fixed point, ternary's `threshold`, the `bits` of int8."""

    step: float = 1.0
    threshold: float = 0.7
    bits: int = 8


Rule = Callable[[Tensor, Choices], Coded]


def int8(weights: Tensor, choices: Choices) -> Coded:
    """Signed, symmetric, 8 bits or fewer: codes in -127..127, scale = max|w| / 127, real 0 is code 0."""
    scale = (weights.abs().amax() / ((1 << choices.bits - 1) - 1)).clamp_min(TINY)
    return _symmetric(torch.round(weights / scale), scale)


def oblivious(weights: Tensor, _: Choices) -> Coded:
    """256 values spread linearly from the smallest to the largest weight (DPRed, section 6.6: TensorFlow's way)."""
    scale, zero = spread(weights.amin(), weights.amax())
    return Coded(torch.clamp(torch.round(weights / scale) + zero, 0, 255), scale, zero)


def spread(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """(scale, zero) of the codes 0..255 over `low`..`high`, widened to hold 0 and moved so that 0 is a code."""
    low, high = low.clamp_max(0.0), high.clamp_min(0.0)
    scale = ((high - low) / 255).clamp_min(TINY)
    return scale, torch.round(-low / scale)


def ternary(weights: Tensor, choices: Choices) -> Coded:
    """Ternary weight networks: 0 up to threshold x mean|w|, else the sign; scale = mean|w| of those that are not 0."""
    large = weights.abs() > choices.threshold * weights.abs().mean()
    scale = (weights.abs() * large).sum() / large.sum().clamp_min(1)
    return _symmetric(torch.sign(weights) * large, scale.clamp_min(TINY))


def fixed(weights: Tensor, choices: Choices, bits: int) -> Coded:
    """Two's complement of `bits`, one radix point for all layers' weights; what does not fit is clipped."""
    top = 2 ** (bits - 1)
    codes = torch.round(weights.double() / choices.step).clamp(-top, top - 1)
    return _symmetric(codes, codes.new_tensor(choices.step))


def pow2(weights: Tensor, _: Choices) -> Coded:
    """The nearest of 0 and plus or minus 2^i, so that products are shifts; codes are 0 and +-1..+-2^14."""
    magnitude = weights.double().abs().clamp_min(TINY)
    top = torch.floor(torch.log2(magnitude.amax() / 1.5)) + 1
    scale = torch.exp2(top - POW2_TOP)
    exponent = torch.floor(torch.log2(magnitude / scale / 1.5)) + 1
    powers = torch.where(magnitude < scale / 2, 0.0, torch.exp2(exponent.clamp_min(0)))
    return _symmetric(torch.sign(weights) * powers, scale)


def binary(weights: Tensor, _: Choices) -> Coded:
    """The sign, 0 counting as positive, times mean|w|."""
    return _symmetric(torch.where(weights < 0, -1.0, 1.0), weights.abs().mean().clamp_min(TINY))


def _symmetric(codes: Tensor, scale: Tensor) -> Coded:
    return Coded(codes, scale, torch.zeros_like(scale))


fixed32, fixed16, fixed8, fixed4 = (partial(fixed, bits=bits) for bits in (32, 16, 8, 4))
