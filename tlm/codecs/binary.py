"""One bit for every value, which is 1 or, where the bit is set, -1: the precision study's binary weights.

A container is 16 of them; a last, short one holds its own only.
"""

from __future__ import annotations

import numpy as np

from .codec import Encoded, OutsideDomain
from .containers import check_domain, check_range
from .fields import field_sizes, pack, unpack
from .format import Bytes, Format, Int64s, Values

WIDTH = 1


class Binary:
    """The `binary` codec."""

    name = "binary"
    engine = True

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        _check(values, fmt)
        return field_sizes(values.size, WIDTH, fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        _check(values, fmt)
        return pack((values < 0).astype(np.uint8), WIDTH, fmt)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values."""
        values = 1 - 2 * unpack(data, offsets, count, WIDTH, fmt).astype(np.int32)
        check_range(values, fmt)
        return values


def _check(values: Values, fmt: Format) -> None:
    check_domain(values, fmt, Binary.name)
    bad = (values != 1) & (values != -1)
    if bad.any():
        at = int(bad.argmax())
        raise OutsideDomain("binary stores -1 and 1", values[at], at)
