"""Activations as a layer's input sees them: integer codes times a scale, straight-through where they are not clipped.

`FakeActivations` is the interface and holds what the codes mean; how the scale is found is what its three kinds
differ in. Every reader of one tensor shares one of them, so their scales are equal.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from nets.training.weights import TINY, spread

EMA_KEEP = 0.95
FINER = 8


class FakeActivations(nn.Module, ABC):
    """Activations rounded to codes; real value = (code - zero) * scale.

    `enabled` codes them, else they pass unchanged; `watched`, where it is a list, is given what passes.
    """

    scale: Tensor
    zero: Tensor
    signed: Tensor

    def __init__(self, bits: int) -> None:
        super().__init__()
        self.bits = bits
        self.enabled = True
        self.watched: list[Tensor] | None = None
        self.register_buffer("scale", torch.tensor(0.0))
        self.register_buffer("zero", torch.tensor(0.0))
        self.register_buffer("signed", torch.tensor(False))

    @abstractmethod
    def follow(self, values: Tensor) -> None:
        """Let the scale follow what training sees."""

    @abstractmethod
    def lowest(self) -> int:
        """The least code."""

    def highest(self) -> int:
        """The largest code."""
        return (1 << self.bits - bool(self.signed)) - 1

    def forward(self, values: Tensor) -> Tensor:
        """The values that the codes stand for, in the shape of `values`."""
        if self.watched is not None:
            self.watched.append(values.detach())
        if not self.enabled:
            return values
        if self.training or not self.scale:
            self.follow(values.detach())
        low, high = ((end - self.zero) * self.scale for end in (self.lowest(), self.highest()))
        clipped = torch.clamp(values, min=low, max=high)
        return clipped + (torch.round(clipped / self.scale) * self.scale - clipped).detach()

    def codes(self, values: Tensor) -> Tensor:
        """The codes of `values` that this has put out, int64."""
        return torch.round(values.double() / self.scale.double() + self.zero).to(torch.int64)


class Symmetric(FakeActivations):
    """Real 0 is code 0: unsigned where nothing is negative, as after a ReLU, else signed; scale follows the maximum."""

    peak: Tensor

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.register_buffer("peak", torch.tensor(0.0))

    def lowest(self) -> int:
        """The least code: symmetric where signed."""
        return -self.highest() if self.signed else 0

    def set_bits(self, bits: int) -> None:
        """Spread the same range over the codes of so many bits."""
        self.bits = bits
        self.scale = (self.peak / self.highest()).clamp_min(TINY)

    def follow(self, values: Tensor) -> None:
        """Move `peak` a twentieth of the way to the largest magnitude; one negative value makes the input signed."""
        self.signed = self.signed | (values.amin() < 0)
        seen = values.abs().amax()
        self.peak = torch.where(self.peak > 0, torch.lerp(seen, self.peak, EMA_KEEP), seen)
        self.set_bits(self.bits)


class Spread(FakeActivations):
    """Codes 0..255 linearly over the range seen, whatever it is (DPRed, section 6.6: TensorFlow's way)."""

    ends: Tensor

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.register_buffer("ends", torch.zeros(2))

    def lowest(self) -> int:
        """The least code."""
        return 0

    def follow(self, values: Tensor) -> None:
        """Move both ends a twentieth of the way to those of `values`."""
        seen = torch.stack(torch.aminmax(values))
        self.ends = torch.lerp(seen, self.ends, EMA_KEEP) if self.ends.any() else seen
        self.scale, self.zero = spread(self.ends[0], self.ends[1])


class FixedPoint(FakeActivations):
    """Two's complement with one radix point for all layers' data, which `set_radix` chooses."""

    def __init__(self, bits: int) -> None:
        super().__init__(bits)
        self.signed.fill_(True)

    def lowest(self) -> int:
        """The least code of two's complement."""
        return -(1 << self.bits - 1)

    def follow(self, values: Tensor) -> None:
        """Nothing: the radix point belongs to all layers."""

    def set_radix(self, step: float) -> None:
        """Let one code step stand for `step`, a power of two."""
        self.scale.fill_(step)


def best_step(tensors: Sequence[Tensor], bits: int) -> float:
    """The power of two that represents `tensors` best as two's complement of `bits`, all with this one step.

    Best is the least sum, over the tensors, of squared error over squared values: each counts alike. A step that
    clips the largest values is taken where finer steps win more than clipping loses.
    """
    top = 1 << bits - 1
    tensors = [values.double() for values in tensors if values.any()]
    if not tensors:
        return 1.0 / top
    largest = max(values.abs().amax().item() for values in tensors)
    whole = math.ceil(math.log2(largest / (top - 1)))
    steps = [math.ldexp(1.0, whole - finer) for finer in range(min(bits, FINER))]
    return min(steps, key=lambda step: sum(_relative_error(values, step, top) for values in tensors))


def _relative_error(values: Tensor, step: float, top: int) -> float:
    rounded = torch.round(values / step).clamp(-top, top - 1) * step
    return float((rounded - values).square().sum() / values.square().sum())
