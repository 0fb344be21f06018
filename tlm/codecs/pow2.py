"""Six bits for every value, which is 0 or plus or minus a power of two: the precision study's weights.

A field is 0 for 0, else i + 1 for 2^i in its low five bits, and 1 in the sixth where the value is negative (Hashemi et
al., "Understanding the impact of precision quantization on the accuracy and energy of neural networks", section IV-A,
has six bits; which stands for what is assumed). A container is 16 of these; a last, short one holds its own only.
"""

from __future__ import annotations

import numpy as np

from .codec import CorruptContainer, Encoded, OutsideDomain
from .containers import check_between, check_domain, check_range
from .fields import field_sizes, pack, unpack
from .format import GROUP, Bytes, Format, Int64s, Values

WIDTH = 6
SIGN = 1 << WIDTH - 1
MOST = 1 << SIGN - 2
STORES = "pow2 stores 0 and plus and minus 2^0 to 2^30"


class Pow2:
    """The `pow2` codec."""

    name = "pow2"
    engine = True

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        _check(values, fmt)
        return field_sizes(values.size, WIDTH, fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        _check(values, fmt)
        exponents = np.frexp(np.abs(values.astype(np.float64)))[1]  # i + 1 of 2^i, 0 of 0
        return pack(exponents | SIGN * (values < 0), WIDTH, fmt)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values; there is no 0 with a sign."""
        fields = unpack(data, offsets, count, WIDTH, fmt).astype(np.int32)
        if (fields == SIGN).any():
            raise CorruptContainer(int((fields == SIGN).argmax()) // GROUP, "a zero has a sign")
        magnitudes = np.int32(1) << (fields & SIGN - 1) >> 1
        values = np.where(fields & SIGN, -magnitudes, magnitudes)
        check_range(values, fmt)
        return values


def _check(values: Values, fmt: Format) -> None:
    check_domain(values, fmt, Pow2.name)
    check_between(values, -MOST, MOST, STORES)
    magnitudes = np.abs(values.astype(np.int64))
    bad = magnitudes & (magnitudes - 1) != 0
    bad &= magnitudes > 0
    if bad.any():
        at = int(bad.argmax())
        raise OutsideDomain(STORES, values[at], at)
