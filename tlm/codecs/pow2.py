"""Six bits for every value, which is 0 or plus or minus a power of two: the precision study's weights.

A field is 0 for 0, else i + 1 for 2^i in its low five bits, and 1 in the sixth where the value is negative (Hashemi et
al., "Understanding the impact of precision quantization on the accuracy and energy of neural networks", section IV-A,
has six bits; which stands for what is assumed).
"""

from __future__ import annotations

import numpy as np

from .codec import CorruptContainer, OutsideDomain
from .containers import check_between
from .fields import FieldCodec
from .format import GROUP, Ints, Values

WIDTH = 6
SIGN = 1 << WIDTH - 1
MOST = 1 << SIGN - 2
STORES = "pow2 stores 0 and plus and minus 2^0 to 2^30"


class Pow2(FieldCodec):
    """The `pow2` codec."""

    name = "pow2"
    width = WIDTH

    def check(self, values: Values) -> None:
        """They are 0 or powers of two."""
        check_between(values, -MOST, MOST, STORES)
        magnitudes = np.abs(values.astype(np.int64))
        bad = magnitudes & (magnitudes - 1) != 0
        bad &= magnitudes > 0
        if bad.any():
            at = int(bad.argmax())
            raise OutsideDomain(STORES, values[at], at)

    def fields(self, values: Values) -> Ints:
        """Their exponents and one, 0 of 0, and their signs."""
        exponents = np.frexp(np.abs(values.astype(np.float64)))[1]  # i + 1 of 2^i, 0 of 0
        fields: Ints = exponents | SIGN * (values < 0)
        return fields

    def values(self, fields: Ints) -> Values:
        """There is no 0 with a sign."""
        fields = fields.astype(np.int32)
        if (fields == SIGN).any():
            raise CorruptContainer(int((fields == SIGN).argmax()) // GROUP, "a zero has a sign")
        magnitudes = np.int32(1) << (fields & SIGN - 1) >> 1
        return np.where(fields & SIGN, -magnitudes, magnitudes)
