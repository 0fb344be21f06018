"""A zero vector, and the values that are not zero in full: words of 8, 16 or 32 bits, as `none` has them.

A container, from its first bit on, each field least significant bit first:

    16 bits   zero vector: bit i set = value i of the group is not zero
    a word    each non-zero value, in order

A last, short group has the whole vector, its spare bits 0. A float is zero where all of its bits are: -0.0 is stored.
"""

from __future__ import annotations

import numpy as np

from .bits import as_bytes, empty_words, put, take, windows
from .codec import Encoded
from .containers import aligned, check_extent, check_padding, check_sizes, groups_of, places
from .format import GROUP, Bytes, Format, Int64s, Ints, Values
from .words import from_words, to_words, word_bits
from .zero_vector import check_vectors, spread, stored_values, value_offsets, zero_vectors


class Bitmap:
    """The `bitmap` codec; the layout is the module's docstring."""

    name = "bitmap"
    engine = True

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        return aligned(_used(zero_vectors(_padded(values, fmt)), fmt), fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        padded = _padded(values, fmt)
        vectors = zero_vectors(padded)
        offsets = places(aligned(_used(vectors, fmt), fmt))
        words = empty_words(int(offsets[-1]))
        put(words, offsets[:-1], vectors)
        put(words, _value_offsets(offsets, vectors, fmt), padded[padded != 0])
        return Encoded(as_bytes(words, int(offsets[-1])), offsets)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values of containers that are what encode writes, bit for bit."""
        sizes = check_extent(data, offsets, count, GROUP)
        view = windows(data)
        vectors = take(view, offsets[:-1]) & ((1 << GROUP) - 1)
        used = _used(vectors, fmt)
        check_sizes(used, sizes, fmt)
        if fmt.align_bits is not None:
            check_padding(view, offsets, used)
        words = take(view, _value_offsets(offsets, vectors, fmt)) & ((1 << word_bits(fmt.bits)) - 1)
        padded = spread(words, vectors)
        check_vectors(padded, vectors, count)
        return from_words(padded[:count], fmt)


def _padded(values: Values, fmt: Format) -> Ints:
    """The words of the stream, with zeros up to whole groups, [groups * 16]."""
    words = to_words(values, fmt, Bitmap.name)
    padded = np.zeros(groups_of(words.size) * GROUP, words.dtype)
    padded[: words.size] = words
    return padded


def _used(vectors: Int64s, fmt: Format) -> Int64s:
    """Bits of content of each container, [groups]."""
    return GROUP + stored_values(vectors) * word_bits(fmt.bits)


def _value_offsets(offsets: Int64s, vectors: Int64s, fmt: Format) -> Int64s:
    """Where each word of the containers at `offsets` lies, bits."""
    widths = np.full(vectors.size, word_bits(fmt.bits))
    return value_offsets(offsets[:-1] + GROUP, widths, stored_values(vectors))
