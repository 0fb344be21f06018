"""A layer's weights and bias as integers, batch normalisation folded in."""

from __future__ import annotations

import attrs
import numpy as np
from torch import Tensor, nn

from ..inputs.errors import BadInput
from .chain import Stage
from .layer import Ints
from .quantisation import Reals

ACCUMULATOR_BITS = 54
DEAD_GAIN = 2.0**-20


@attrs.frozen(eq=False)
class Weights:
    """A layer's integers: `codes` in torch's layout, `bias` int64 [F] or None.

    `real` is the real value of an accumulator of 1, above 0: [1], or [F] after batch normalisation.
    """

    codes: Ints
    bias: Ints | None
    real: Reals

    def bound(self, largest_input: int) -> Ints:
        """The largest magnitude that an accumulator can have, [1] or [F] as `real`."""
        most: Ints = np.abs(self.codes.astype(np.int64)).reshape(len(self.codes), -1).sum(axis=1) * largest_input
        if self.bias is not None:
            most += np.abs(self.bias)
        return most if len(self.real) > 1 else most.max(keepdims=True)


def fold(stage: Stage, codes: Ints, weight_scale: float, scale: float) -> Weights:
    """Fold batch normalisation into the bias and the real value of an accumulator.

    A filter that it multiplies by a negative number gets its weights' signs flipped, one that it multiplies
    by (nearly) nothing loses its weights and keeps its bias.
    """
    bias = stage.module.bias
    offset = np.zeros(len(codes)) if bias is None else bias.detach().numpy().astype(np.float64)
    real = np.array([weight_scale * scale])
    if stage.norm is None:
        return Weights(codes, None if bias is None else _to_int64(offset / real, stage), real)
    gain, shift = _gain_and_shift(stage.norm)
    dead = np.abs(gain) <= DEAD_GAIN * (np.abs(gain).max() or 1.0)
    sign = np.where(dead, 0, np.sign(gain)).astype(np.int32)
    size = np.where(dead, np.abs(gain).max() or 1.0, np.abs(gain))
    return Weights(
        codes * sign.reshape(-1, 1, 1, 1), _to_int64((gain * offset + shift) / (real * size), stage), real * size
    )


def _gain_and_shift(norm: nn.BatchNorm2d) -> tuple[Reals, Reals]:
    """What batch normalisation multiplies each filter by, and what it then adds; [F] each."""
    mean, variance = (_numbers(values) for values in (norm.running_mean, norm.running_var))
    gain = 1.0 / np.sqrt(variance + norm.eps)
    if not norm.affine:
        return gain, -gain * mean
    gain = gain * _numbers(norm.weight)
    return gain, _numbers(norm.bias) - gain * mean


def _numbers(values: Tensor | None) -> Reals:
    assert values is not None
    return values.detach().numpy().astype(np.float64)


def _to_int64(values: Reals, stage: Stage) -> Ints:
    if not np.abs(values).max() < 2.0**ACCUMULATOR_BITS:
        raise BadInput(f"layer {stage.name!r} has a bias out of all proportion", key="workload.network")
    return np.rint(values).astype(np.int64)
