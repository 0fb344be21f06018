"""Bit fields in byte arrays, least significant bit first: many fields written or read at once.

All arithmetic is int64; the top bit may be set, and the sign it gives never reaches a caller.
"""

from __future__ import annotations

import numpy as np

from .format import Bytes, Int64s, Ints

READ_BITS = 32
"""How many bits of a field `take` returns at least; what lies above them is to be masked off."""

BLOCK = 1 << 15
"""So many fields are written at once: what they take on the way stays in a processor's cache."""


def empty_words(bits: int) -> Int64s:
    """Zeroed words with room for `bits` bits and for the spill of the last field."""
    return np.zeros(bits // 64 + 2, "<i8")


def put(words: Int64s, offsets: Int64s, codes: Ints) -> None:
    """Write `codes` [n] (each below 2^32) at bit `offsets` [n], ascending; fields must not overlap."""
    for begin in range(0, offsets.size, BLOCK):
        _put(words, offsets[begin : begin + BLOCK], codes[begin : begin + BLOCK])


def _put(words: Int64s, offsets: Int64s, codes: Ints) -> None:
    codes = codes.astype(np.int64)
    word, shift = offsets >> 6, offsets & 63
    starts = np.flatnonzero(np.concatenate(([True], word[1:] != word[:-1])))
    words[word[starts]] |= np.bitwise_or.reduceat(codes << shift, starts)
    spill = codes >> 1 >> (63 - shift)
    over = np.flatnonzero(spill)  # at most one field crosses each word's end
    words[word[over] + 1] |= spill[over]


def as_bytes(words: Int64s, bits: int) -> Bytes:
    """The first `bits` bits of `words`, as bytes; the last byte is zero padded."""
    return words.view(np.uint8)[: -(-bits // 8)]


def windows(data: Bytes) -> Int64s:
    """The 64 bits that start at every fourth byte of `data`, zeros after its end: what `take` reads."""
    halves = np.zeros(data.size // 4 + 2, "<u4")
    halves.view(np.uint8)[: data.size] = data
    wide = halves.astype(np.int64)
    return wide[:-1] | (wide[1:] << 32)


def take(view: Int64s, offsets: Int64s) -> Int64s:
    """The bits from each of `offsets` on; READ_BITS of them are valid, those above are whatever follows."""
    return view.take(offsets >> 5) >> (offsets & 31)
