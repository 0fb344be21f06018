"""No compression: each value a word of 8, 16 or 32 bits, two's complement, least significant bit first.

A word is the narrowest of the three that holds the format's bits. Groups of 16 are containers as everywhere;
a last, short one holds the words of its values only, so a stream is exactly values x word, padding apart.
"""

from __future__ import annotations

import numpy as np

from .bits import as_bytes, empty_words, put, take, windows
from .codec import Encoded
from .containers import (
    aligned,
    check_domain,
    check_extent,
    check_padding,
    check_range,
    check_sizes,
    groups_of,
    places,
)
from .format import GROUP, Bytes, Format, Int64s, Ints

WORDS = (8, 16, 32)


class Raw:
    """The `none` codec."""

    name = "none"
    engine = False

    def sizes_bits(self, values: Ints, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        check_domain(values, fmt, self.name)
        return aligned(_used(values.size, fmt), fmt)

    def encode(self, values: Ints, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        offsets = places(self.sizes_bits(values, fmt))
        words = empty_words(int(offsets[-1]))
        mask = (1 << word_bits(fmt)) - 1
        put(words, _word_offsets(offsets, values.size, fmt), values.astype(np.int64) & mask)
        return Encoded(as_bytes(words, int(offsets[-1])), offsets)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Ints:
        """The `count` values; every word must hold a value of `fmt`."""
        sizes = check_extent(data, offsets, count, 1)
        used = _used(count, fmt)
        check_sizes(used, sizes, fmt)
        view = windows(data)
        if fmt.align_bits is not None:
            check_padding(view, offsets, used)
        values = _from_words(take(view, _word_offsets(offsets, count, fmt)), fmt)
        check_range(values, fmt)
        return values if fmt.high >> 31 else values.astype(np.int32)


def word_bits(fmt: Format) -> int:
    """The width of a stored word: the first of 8, 16 and 32 that holds `fmt.bits`."""
    return next(word for word in WORDS if word >= fmt.bits)


def _used(count: int, fmt: Format) -> Int64s:
    """Bits of content of each container, [groups]."""
    used = np.full(groups_of(count), GROUP * word_bits(fmt))
    used[-1:] -= (-count % GROUP) * word_bits(fmt)
    return used


def _word_offsets(offsets: Int64s, count: int, fmt: Format) -> Int64s:
    """Where each of `count` words lies, [count] bits."""
    lanes = np.arange(GROUP) * word_bits(fmt)
    return (offsets[:-1, None] + lanes).reshape(-1)[:count]


def _from_words(raw: Int64s, fmt: Format) -> Int64s:
    """Values from the low bits of `raw`, sign-extended where `fmt` is signed."""
    up = 64 - word_bits(fmt)
    values: Int64s = raw << up >> up if fmt.signed else raw & ((1 << word_bits(fmt)) - 1)
    return values
