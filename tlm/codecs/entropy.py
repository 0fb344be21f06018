"""The entropy of a stream: the limit that no codec of single values can pass."""

from __future__ import annotations

import numpy as np

from .format import Ints


def entropy_bits(values: Ints) -> float:
    """The empirical entropy bound of the stream, in bits: the sum over values of log2(n / occurrences)."""
    _, occurrences = np.unique(values, return_counts=True)
    return float((occurrences * np.log2(values.size / occurrences)).sum())
