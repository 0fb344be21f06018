"""Containers of a field of one width for each value: written and read as a matrix of single bits."""

from __future__ import annotations

import numpy as np

from .codec import Encoded
from .containers import aligned, check_extent, check_sizes, groups_of, places, refuse
from .format import GROUP, Bytes, Format, Int64s, Ints
from .words import word_bits, word_type


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
