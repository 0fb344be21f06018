"""No compression: each value a word of 8, 16 or 32 bits, two's complement or a float, least significant bit first.

A word is the narrowest of the three that holds the format's bits. Groups of 16 are containers as everywhere;
a last, short one holds the words of its values only, so a stream is exactly values x word, padding apart.
"""

from __future__ import annotations

from .codec import Encoded
from .fields import field_sizes, pack, unpack
from .format import Bytes, Format, Int64s, Values
from .words import from_words, to_words, word_bits


class Raw:
    """The `none` codec."""

    name = "none"
    engine = False

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        return field_sizes(to_words(values, fmt, self.name).size, word_bits(fmt.bits), fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        return pack(to_words(values, fmt, self.name), word_bits(fmt.bits), fmt)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values; every word must hold a value of `fmt`."""
        return from_words(unpack(data, offsets, count, word_bits(fmt.bits), fmt), fmt)
