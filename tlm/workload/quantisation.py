"""Real numbers to integers: scales, codes, widths, and the multiplier and shift of a requantisation.

A scale is the real value of code 1. Codes of `bits` are unsigned, 0..2^bits - 1, or signed and symmetric,
-(2^(bits-1) - 1)..2^(bits-1) - 1.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .layer import Ints, Requant

Reals = npt.NDArray[np.floating[Any]]

MULTIPLIER_BITS = 31
PRODUCT_BITS = 62
TWN_THRESHOLD = 0.7
#: Values taken to float64 at a time: few enough to stay near the processor.
BLOCK = 2**16


def code_range(bits: int, signed: bool) -> tuple[int, int]:
    """The least and the largest code of `bits`."""
    return (1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)


def scale_for(low: float, high: float, bits: int, signed: bool) -> float:
    """The scale that gives the largest magnitude of `low`..`high` the largest code; 1 where all is zero."""
    largest = max(abs(low), abs(high)) if signed else max(high, 0.0)
    return largest / code_range(bits, signed)[1] or 1.0


def to_codes(values: Reals, scale: float, bits: int, signed: bool, zero: int = 0) -> Ints:
    """int32 codes of `values`, rounded to nearest, ties to even, `zero` added, and clipped; same shape."""
    codes = np.empty(values.shape, np.int32)
    flat, given = codes.reshape(-1), values.reshape(-1)
    for first in range(0, len(flat), BLOCK):
        block = given[first : first + BLOCK].astype(np.float64)
        block /= scale
        np.rint(block, out=block)
        block += zero
        flat[first : first + BLOCK] = np.clip(block, *code_range(bits, signed), out=block)
    return codes


def ternary_codes(weights: Reals) -> tuple[Ints, float]:
    """Codes -1, 0, 1 and their scale as in ternary weight networks.

    0 up to 0.7 mean|w|, else the sign; the scale is the mean |w| of those that are not 0.
    """
    size = np.abs(weights.astype(np.float64))
    large = size > TWN_THRESHOLD * size.mean()
    scale = float(size[large].mean()) if large.any() else 1.0
    return (np.sign(weights) * large).astype(np.int32), scale


def unsigned_width(values: Ints) -> int:
    """The bits that hold every one of `values`, none negative; at least 1."""
    return max(int(values.max()).bit_length(), 1)


def signed_width(values: Ints) -> int:
    """The bits of two's complement, sign included, that hold every one of `values`."""
    return max(int(values.max()), -1 - int(values.min()), 0).bit_length() + 1


def activation_width(values: Ints) -> int:
    """The narrowest width of `values`: unsigned where none is negative."""
    return signed_width(values) if values.min() < 0 else unsigned_width(values)


def requant_for(ratio: Reals, bound: Ints, bits: int, signed: bool) -> Requant:
    """The requantisation that multiplies an accumulator by about `ratio`, [1] or [F], and clips to `bits`.

    `bound` is the largest magnitude of an accumulator, per ratio. The multiplier is normalised to 31 bits, fewer
    where accumulator times multiplier plus the rounding constant would not fit int64.
    """
    bits_of_bound = np.array([int(most).bit_length() for most in bound])
    multiplier_bits = np.minimum(MULTIPLIER_BITS, PRODUCT_BITS - bits_of_bound)
    shift = np.clip(multiplier_bits - np.frexp(ratio)[1], 1, PRODUCT_BITS)
    most = 2.0**multiplier_bits
    multiplier = np.clip(np.rint(np.ldexp(ratio, shift)), -most, most)
    low, high = code_range(bits, signed)
    return Requant(multiplier.astype(np.int64), shift.astype(np.int64), zero=0, low=low, high=high)
