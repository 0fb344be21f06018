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
import numpy.typing as npt

from tlm.inputs.errors import BadInput

from .bits import as_bytes, empty_words, put, take, windows
from .codec import CorruptContainer, Encoded
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
from .format import GROUP, Bytes, Format, Int64s, Ints

Int32s = npt.NDArray[np.int32]

FIELD = 4
HEADER = FIELD + GROUP
WIDEST = 1 << FIELD

_ALL = np.arange(1 << 16)
_POPCOUNT = np.unpackbits(_ALL.astype("<u2").view(np.uint8)).reshape(-1, 16).sum(axis=1, dtype=np.int64)
_LENGTH = np.frexp(_ALL)[1].astype(np.int64)
_WIDTH = {signed: (_LENGTH + signed).clip(1, WIDEST) for signed in (False, True)}
_SIGNED = np.where(_ALL & 1, -(_ALL >> 1), _ALL >> 1).astype(np.int32)
_SIGNED[1] = -(1 << 15)


class Dpred:
    """The `dpred` codec; the layout is the module's docstring."""

    name = "dpred"
    engine = True

    def sizes_bits(self, values: Ints, fmt: Format) -> Int64s:
        """Container sizes [groups] bits."""
        widths, vectors = _measure(_padded(values, fmt), fmt.signed)
        return aligned(HEADER + _POPCOUNT[vectors] * widths, fmt)

    def encode(self, values: Ints, fmt: Format) -> Encoded:
        """The containers of the flat stream `values`."""
        padded = _padded(values, fmt)
        widths, vectors = _measure(padded, fmt.signed)
        stored = _POPCOUNT[vectors]
        offsets = places(aligned(HEADER + stored * widths, fmt))
        words = empty_words(int(offsets[-1]))
        put(words, offsets[:-1], _headers(widths, vectors))
        codes = _codes(padded, fmt.signed)
        put(words, _value_offsets(offsets[:-1], widths, stored), codes[codes != 0])
        return Encoded(as_bytes(words, int(offsets[-1])), offsets)

    def decode(self, data: Bytes, offsets: Int64s, count: int, fmt: Format) -> Ints:
        """The `count` values, int32, of containers that are what encode writes, bit for bit."""
        _check_format(fmt)
        sizes = check_extent(data, offsets, count, HEADER)
        view = windows(data)
        headers = take(view, offsets[:-1]) & ((1 << HEADER) - 1)
        widths, vectors = (headers & (WIDEST - 1)) + 1, headers >> FIELD
        stored = _POPCOUNT[vectors]
        used = HEADER + stored * widths
        check_sizes(used, sizes, fmt)
        if fmt.align_bits is not None:
            check_padding(view, offsets, used)
        codes = take(view, _value_offsets(offsets[:-1], widths, stored)) & ((1 << widths.repeat(stored)) - 1)
        values = _place(codes, vectors, fmt.signed)
        _check_canonical(values, headers, count, fmt)
        return values[:count]


def _check_format(fmt: Format) -> None:
    """The precision field has 4 bits: no width beyond 16."""
    if fmt.bits > WIDEST:
        raise BadInput(f"dpred stores values of up to {WIDEST} bits, not {fmt.bits}")


def _padded(values: Ints, fmt: Format) -> Int32s:
    """The stream with zeros up to whole groups, [groups * 16]; refuses what lies outside the domain."""
    _check_format(fmt)
    check_domain(values, fmt, Dpred.name)
    padded = np.zeros(groups_of(values.size) * GROUP, np.int32)
    padded[: values.size] = values
    return padded


def _measure(padded: Int32s, signed: bool) -> tuple[Int64s, Int64s]:
    """Widths [groups] bits, as figure 2c's leading-one detector finds them, and zero vectors [groups]."""
    magnitudes = np.abs(padded).astype(np.uint16).reshape(-1, GROUP)
    widths = _WIDTH[signed][np.bitwise_or.reduce(magnitudes, axis=1)]
    vectors = np.packbits(padded != 0, bitorder="little").view("<u2").astype(np.int64)
    return widths, vectors


def _headers(widths: Int64s, vectors: Int64s) -> Int64s:
    """Precision field and zero vector as one field of HEADER bits, [groups]."""
    return (widths - 1) | (vectors << FIELD)


def _codes(padded: Int32s, signed: bool) -> Int32s:
    """What is stored for each value; 0 for a zero only. Dropping bit 16 turns -32768 into its escape, 1."""
    if not signed:
        return padded
    return ((np.abs(padded) << 1) | (padded < 0)) & ((1 << WIDEST) - 1)


def _value_offsets(starts: Int64s, widths: Int64s, stored: Int64s) -> Int64s:
    """Where each non-zero value lies, [sum of stored] bits, for containers at `starts` [groups]."""
    ends = stored.cumsum()
    first = starts + HEADER - (ends - stored) * widths
    return first.repeat(stored) + widths.repeat(stored) * np.arange(ends[-1] if ends.size else 0)


def _place(codes: Int64s, vectors: Int64s, signed: bool) -> Int32s:
    """Values [groups * 16] from the codes of the non-zero ones, zeros where the vectors say so."""
    flags = np.unpackbits(vectors.astype("<u2").view(np.uint8), bitorder="little")
    values = np.zeros(flags.size, np.int32)
    values[np.flatnonzero(flags)] = _SIGNED.take(codes) if signed else codes
    return values


def _check_canonical(values: Int32s, headers: Int64s, count: int, fmt: Format) -> None:
    """Values must be of `fmt` and their headers the ones the encoder gives them.

    So widths are minimal, no zero is stored, the escape stands at width 16, a short group's spare bits are 0.
    """
    widths, vectors = _measure(values, fmt.signed)
    expected = _headers(widths, vectors)
    if (expected != headers).any():
        refuse(vectors != headers >> FIELD, lambda g: "a value that its zero vector calls non-zero is zero")
        refuse(expected != headers, lambda g: f"its precision is not {widths[g]} bits, as its values need")
    if values[count:].any():
        raise CorruptContainer(headers.size - 1, "its zero vector names values beyond the stream's end")
    check_range(values, fmt)
