"""The entropy of a stream: the limit that no codec of single values can pass."""

from __future__ import annotations

import numpy as np

from .format import Int64s, Ints, Values

MOST_BINS = 2**20
BLOCK = 2**20  # values counted at a time: counting takes eight bytes of each


def entropy_bits(values: Values) -> float:
    """The empirical entropy bound of the stream, flat, in bits: the sum over values of log2(n / occurrences).

    Floats count as the words that they are.
    """
    occurrences = _occurrences(values.view(f"i{values.itemsize}") if values.dtype.kind == "f" else values)
    return float((occurrences * np.log2(values.size / occurrences)).sum())


def _occurrences(values: Ints) -> Int64s:
    """How often each value that is there occurs, in order of value."""
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    if high - low >= MOST_BINS:
        return np.unique(values, return_counts=True)[1]
    counts = np.zeros(high - low + 1, np.int64)
    for start in range(0, values.size, BLOCK):
        counts += np.bincount(values[start : start + BLOCK].astype(np.int64) - low, minlength=len(counts))
    return counts[counts > 0]
