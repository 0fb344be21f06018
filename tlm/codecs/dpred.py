"""DPRed's container (DPRed, section 4, figure 2b): a precision for each group, and no zeros.

A container, from its first bit on, each field least significant bit first:

    4 bits    precision field: width - 1
    16 bits   zero vector: bit i set = value i of the group is not zero
    width     each non-zero value, in order

and then, where `align_bits` is set, zeros up to its multiple. Unsigned values are stored as they are, signed
ones as sign and magnitude with the sign in the least significant bit; `width` is that of the group's widest
value, sign included, and 1 where all are zero. A last, short group has the whole vector, its spare bits 0.

Values are integers of up to 16 bits. Sign and magnitude of 16 bits reach from -32767 to 32767; the one value
left, -32768, is stored as the pattern that is otherwise unused, "negative zero" (magnitude 0, sign 1), at
width 16 and there only.
"""

from __future__ import annotations

import numpy as np

from tlm.inputs.errors import BadInput

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
    refuse,
)
from .format import GROUP, Bytes, Format, Int32s, Int64s, Ints, Values
from .zero_vector import check_vectors, spread, stored_values, value_offsets, zero_vectors

FIELD = 4
HEADER = FIELD + GROUP
WIDEST = 1 << FIELD

_ALL = np.arange(1 << 16)
_LENGTH = np.frexp(_ALL)[1].astype(np.int64)
_WIDTH = {signed: (_LENGTH + signed).clip(1, WIDEST) for signed in (False, True)}
_SIGNED = np.where(_ALL & 1, -(_ALL >> 1), _ALL >> 1).astype(np.int32)
_SIGNED[1] = -(1 << 15)


class Dpred:
    """The `dpred` codec; the layout is the module's docstring."""

    name = "dpred"
    engine = True

    def sizes_bits(self, values: Values, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        padded = _padded(values, fmt)
        stored = stored_values(zero_vectors(padded))
        return aligned(HEADER + stored * _widths(padded, fmt.signed), fmt)

    def encode(self, values: Values, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        padded = _padded(values, fmt)
        widths, vectors = _widths(padded, fmt.signed), zero_vectors(padded)
        stored = stored_values(vectors)
        offsets = places(aligned(HEADER + stored * widths, fmt))
        words = empty_words(int(offsets[-1]))
        put(words, offsets[:-1], (widths - 1) | (vectors << FIELD))
        codes = _codes(padded, fmt.signed)
        put(words, value_offsets(offsets[:-1] + HEADER, widths, stored), codes[codes != 0])
        return Encoded(as_bytes(words, int(offsets[-1])), offsets)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Values:
        """The `count` values, int32, of containers that are what encode writes, bit for bit."""
        _check_format(fmt)
        sizes = check_extent(data, offsets, count, HEADER)
        view = windows(data)
        headers = take(view, offsets[:-1]) & ((1 << HEADER) - 1)
        widths, vectors = (headers & (WIDEST - 1)) + 1, headers >> FIELD
        stored = stored_values(vectors)
        used = HEADER + stored * widths
        check_sizes(used, sizes, fmt)
        if fmt.align_bits is not None:
            check_padding(view, offsets, used)
        places_of_codes = value_offsets(offsets[:-1] + HEADER, widths, stored)
        codes = take(view, places_of_codes) & ((1 << widths.repeat(stored)) - 1)
        values = spread(_values(codes, fmt.signed), vectors)
        _check_canonical(values, widths, vectors, count, fmt)
        return values[:count]


def _check_format(fmt: Format) -> None:
    """The precision field has 4 bits: no width beyond 16."""
    if fmt.bits > WIDEST:
        raise BadInput(f"dpred stores values of up to {WIDEST} bits, not {fmt.bits}")


def _padded(values: Values, fmt: Format) -> Int32s:
    """The stream with zeros up to whole groups, [groups * 16]; refuses what lies outside the domain."""
    check_domain(values, fmt, Dpred.name)
    _check_format(fmt)
    padded = np.zeros(groups_of(values.size) * GROUP, np.int32)
    padded[: values.size] = values
    return padded


def _widths(padded: Ints, signed: bool) -> Int64s:
    """The width of each group's widest value, [groups] bits, as figure 2c's leading-one detector finds it."""
    magnitudes = np.abs(padded).astype(np.uint16).reshape(-1, GROUP)
    return _WIDTH[signed][np.bitwise_or.reduce(magnitudes, axis=1)]


def _codes(padded: Int32s, signed: bool) -> Int32s:
    """What is stored for each value; 0 for a zero only. Dropping bit 16 turns -32768 into its escape, 1."""
    if not signed:
        return padded
    return ((np.abs(padded) << 1) | (padded < 0)) & ((1 << WIDEST) - 1)


def _values(codes: Int64s, signed: bool) -> Int32s:
    """The values that are stored as `codes`."""
    return _SIGNED.take(codes) if signed else codes.astype(np.int32)


def _check_canonical(values: Ints, widths: Int64s, vectors: Int64s, count: int, fmt: Format) -> None:
    """Values must be of `fmt`, and their vectors and widths the ones the encoder gives them.

    So widths are minimal, no zero is stored, the escape stands at width 16, a short group's spare bits are 0.
    """
    check_vectors(values, vectors, count)
    needed = _widths(values, fmt.signed)
    refuse(needed != widths, lambda g: f"its precision is not {needed[g]} bits, as its values need")
    check_range(values, fmt)
