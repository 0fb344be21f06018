"""Two bits for every value, which is -1, 0 or 1: two's complement, `11`, `00` and `01`; `10` is nothing.

A container is 16 of these fields; a last, short one holds the fields of its values only.
"""

from __future__ import annotations

from .codec import Encoded
from .containers import check_between, check_decoded, check_domain, check_range
from .fields import field_sizes, pack, unpack
from .format import Bytes, Format, Int64s, Values
from .words import extended

WIDTH = 2
LOW, HIGH = -1, 1


class Ternary:
    """The `ternary` codec."""

    name = "ternary"
    engine = True

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        _check(values, fmt)
        return field_sizes(values.size, WIDTH, fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        _check(values, fmt)
        return pack(values, WIDTH, fmt)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values; no field may be `10`."""
        values = extended(unpack(data, offsets, count, WIDTH, fmt), WIDTH, signed=True)
        check_decoded(values, LOW, HIGH, "ternary")
        check_range(values, fmt)
        return values


def _check(values: Values, fmt: Format) -> None:
    check_domain(values, fmt, Ternary.name)
    check_between(values, LOW, HIGH, "ternary stores -1, 0 and 1")
