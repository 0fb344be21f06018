"""Zero vectors: 16 bits that say which values of a group are not zero, and so are stored, side by side."""

from __future__ import annotations

import numpy as np

from .codec import CorruptContainer
from .containers import refuse
from .format import GROUP, Int64s, Ints

_ALL = np.arange(1 << GROUP)
_ONES = np.unpackbits(_ALL.astype("<u2").view(np.uint8)).reshape(-1, GROUP).sum(axis=1, dtype=np.int64)


def zero_vectors(padded: Ints) -> Int64s:
    """[groups] of whole groups of values [groups * 16]: bit i set = value i is not zero."""
    return np.packbits(padded != 0, bitorder="little").view("<u2").astype(np.int64)


def stored_values(vectors: Int64s) -> Int64s:
    """How many values each vector says are stored, [groups]."""
    stored: Int64s = _ONES[vectors]
    return stored


def value_offsets(starts: Int64s, widths: Int64s, stored: Int64s) -> Int64s:
    """Where each stored value lies, [sum of stored] bits; a group's begin at `starts`, `widths` bits each [groups]."""
    ends = stored.cumsum()
    first = starts - (ends - stored) * widths
    return first.repeat(stored) + widths.repeat(stored) * np.arange(ends[-1] if ends.size else 0)


def spread(values: Ints, vectors: Int64s) -> Ints:
    """[groups * 16] the stored values in their places, zeros elsewhere."""
    flags = np.unpackbits(vectors.astype("<u2").view(np.uint8), bitorder="little")
    spread = np.zeros(flags.size, values.dtype)
    spread[np.flatnonzero(flags)] = values
    return spread


def check_vectors(padded: Ints, vectors: Int64s, count: int) -> None:
    """The `vectors` that arrived must be those of the values [groups * 16], and a short group's spare bits 0."""
    wrong = zero_vectors(padded) != vectors
    refuse(wrong, lambda g: "a value that its zero vector calls non-zero is zero")
    if padded[count:].any():
        raise CorruptContainer(vectors.size - 1, "its zero vector names values beyond the stream's end")
