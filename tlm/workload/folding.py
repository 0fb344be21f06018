"""A layer's weights and bias as integers, normalisation folded in."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

from ..inputs.errors import BadInput
from .layer import Ints
from .quantisation import Reals
from .stage import Product

ACCUMULATOR_BITS = 54
DEAD_GAIN = 2.0**-20
#: Rows of weights taken to int64 at a time: large layers would need several times their memory otherwise.
BLOCK = 2**22


@attrs.frozen(eq=False)
class Weights:
    """A layer's integers: `codes` in torch's layout, of real 0 the code `zero`, `bias` int64 [F] or None.

    `real` is the real value of an accumulator of 1: [1], or [F] after normalisation. It is above 0, but for a filter
    that normalisation turns round where `zero` is not 0. `full_precision` is the Layer's.
    """

    codes: Ints
    bias: Ints | None
    real: Reals
    zero: int = 0
    full_precision: bool = False

    def bound(self, largest_input: int) -> Ints:
        """The largest magnitude that an accumulator can have, [1] or [F] as `real`."""
        most = self.magnitudes() * largest_input
        if self.bias is not None:
            most += np.abs(self.bias)
        return most if len(self.real) > 1 else most.max(keepdims=True)

    def magnitudes(self) -> Ints:
        """The sum of each filter's weights without their signs, int64 [F]."""
        rows = self.codes.reshape(len(self.codes), -1)
        step = max(1, BLOCK // max(rows.shape[1], 1))
        blocks = (rows[first : first + step].astype(np.int64) for first in range(0, len(rows), step))
        return np.concatenate([np.abs(block - self.zero).sum(axis=1) for block in blocks])


def fold(name: str, work: Product, codes: Ints, zero: int, weight_scale: float, scale: float) -> Weights:
    """Fold normalisation into the bias and the real value of an accumulator.

    `codes` have `weight_scale`, the input has `scale`. A filter that normalisation multiplies by a negative number
    gets its weights' signs flipped, one that it multiplies by (nearly) nothing loses its weights and keeps its bias.
    """
    bias = work.bias
    offset = np.zeros(len(codes)) if bias is None else bias.numpy().astype(np.float64)
    real = np.array([weight_scale * scale])
    if work.affine is None:
        return Weights(codes, None if bias is None else _to_int64(offset / real, name), real, zero)
    gain, shift = work.affine.gain, work.affine.shift
    dead = np.abs(gain) <= DEAD_GAIN * (np.abs(gain).max() or 1.0)
    sign = np.where(dead, 0, np.sign(gain)).astype(np.int32)
    size = np.where(dead, np.abs(gain).max() or 1.0, np.abs(gain))
    if zero:  # codes cannot be turned round their zero within their range: the multiplier is
        codes = np.where(_per_row(dead, codes), np.int32(zero), codes)
        size = size * np.where(sign < 0, -1, 1)
    else:
        codes = codes * _per_row(sign, codes)
    return Weights(codes, _to_int64((gain * offset + shift) / (real * size), name), real * size, zero)


def _per_row(values: npt.NDArray[Any], codes: Ints) -> npt.NDArray[Any]:
    return values.reshape(-1, *[1] * (codes.ndim - 1))


def _to_int64(values: Reals, name: str) -> Ints:
    if not np.abs(values).max() < 2.0**ACCUMULATOR_BITS:
        raise BadInput(f"layer {name!r} has a bias out of all proportion", key="workload.network")
    return np.rint(values).astype(np.int64)
