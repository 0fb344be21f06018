"""Containers of a field of one width for each value: written and read as a matrix of single bits.

A container is 16 fields; a last, short one holds those of its own values only.
"""

from __future__ import annotations

import numpy as np

from .codec import Encoded
from .containers import aligned, check_domain, check_extent, check_range, check_sizes, groups_of, places, refuse
from .format import GROUP, Bytes, Format, Int64s, Ints, Values
from .words import word_bits, word_type


class FieldCodec:
    """A codec whose every value is a field of `width` bits; which field stands for what is a subclass's to say."""

    name: str
    width: int
    engine = True

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        self._check(values, fmt)
        return field_sizes(values.size, self.width, fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        self._check(values, fmt)
        return pack(self.fields(values), self.width, fmt)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values."""
        values = self.values(unpack(data, offsets, count, self.width, fmt))
        check_range(values, fmt)
        return values

    def check(self, values: Values) -> None:
        """OutsideDomain where there is no field for a value."""
        raise NotImplementedError

    def fields(self, values: Values) -> Ints:
        """The field of each value, in its low bits."""
        raise NotImplementedError

    def values(self, fields: Ints) -> Values:
        """The value of each field; CorruptContainer where one is none's."""
        raise NotImplementedError

    def _check(self, values: Values, fmt: Format) -> None:
        check_domain(values, fmt, self.name)
        self.check(values)


def field_sizes(count: int, width: int, fmt: Format) -> Int64s:
    """Container sizes [groups] bits of `count` fields, padding included; a short group has its own fields only."""
    return aligned(_used(count, width), fmt)


def pack(values: Ints, width: int, fmt: Format) -> Encoded:
    """Containers of the low `width` bits of every value."""
    offsets = places(field_sizes(values.size, width, fmt))
    fields = np.zeros((offsets.size - 1) * GROUP, word_type(width))
    fields[: values.size] = values
    bits = np.zeros((offsets.size - 1, _stride(width, fmt)), np.uint8)
    words = _bits(fields.view(np.uint8)).reshape(len(bits), GROUP, word_bits(width))
    _lanes(bits, width)[:] = words[:, :, :width]
    return Encoded(np.packbits(bits.reshape(-1)[: offsets[-1]], bitorder="little"), offsets)


def unpack(data: Bytes, offsets: Int64s, count: int, width: int, fmt: Format) -> Ints:
    """The `count` fields, unsigned, of containers whose sizes and padding are verified."""
    sizes = check_extent(data, offsets, count, 1)
    check_sizes(_used(count, width), sizes, fmt)
    first, last = int(offsets[0]), int(offsets[-1])
    bits = np.zeros((sizes.size, _stride(width, fmt)), np.uint8)
    bits.reshape(-1)[: last - first] = _bits(data[first // 8 : -(-last // 8)])[first % 8 :][: last - first]
    fields = np.zeros((sizes.size, GROUP, word_bits(width)), np.uint8)
    fields[:, :, :width] = _lanes(bits, width)
    words = np.packbits(fields.reshape(-1), bitorder="little").view(word_type(width))
    ones = np.count_nonzero(bits[:, GROUP * width :], axis=1)
    ones[-1:] += np.count_nonzero(words[count:])
    refuse(ones > 0, lambda g: "its padding is not zero")
    return words[:count]


def _used(count: int, width: int) -> Int64s:
    """Bits of content of each container, [groups]."""
    used = np.full(groups_of(count), GROUP * width)
    used[-1:] -= (-count % GROUP) * width
    return used


def _stride(width: int, fmt: Format) -> int:
    """Bits from one whole container to the next."""
    return int(aligned(np.array(GROUP * width), fmt))


def _lanes(bits: Bytes, width: int) -> Bytes:
    """The bits of all fields, [groups, 16, width], as a view into those of their containers, [groups, stride]."""
    return bits[:, : GROUP * width].reshape(len(bits), GROUP, width)


def _bits(data: Bytes) -> Bytes:
    """The bits of bytes, one by one."""
    return np.unpackbits(data, bitorder="little")
