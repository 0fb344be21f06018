"""The layer's profile precision for every value: what a machine of static precisions stores (SP in DPRed).

A container is 16 fields of that width, two's complement where signed, least significant bit first; a last, short one
holds the fields of its values only. Where a format knows of no precision, the width is its own.
"""

from __future__ import annotations

import attrs

from .codec import Encoded
from .containers import check_domain
from .fields import field_sizes, pack, unpack
from .format import Bytes, Format, Int64s, Values
from .words import extended


class Profile:
    """The `profile` codec; its domain is what fits the precision."""

    name = "profile"
    engine = True

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        check_domain(values, attrs.evolve(fmt, bits=fmt.precision), self.name)
        return field_sizes(values.size, fmt.precision, fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        check_domain(values, attrs.evolve(fmt, bits=fmt.precision), self.name)
        return pack(values, fmt.precision, fmt)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values; every pattern of the width is one."""
        return extended(unpack(data, offsets, count, fmt.precision, fmt), fmt.precision, fmt.signed)
