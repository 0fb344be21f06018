"""Raw words of 8, 16 or 32 bits: the narrowest that holds a format's bits; floats are the words that they are."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlm.inputs.errors import BadInput

from .containers import check_domain, check_range
from .format import Format, Ints, Values

WORDS = (8, 16, 32)


def word_bits(bits: int) -> int:
    """The width of the word that holds `bits` bits."""
    return next(word for word in WORDS if word >= bits)


def word_type(bits: int, kind: str = "u") -> np.dtype[Any]:
    """The type of the word that holds `bits` bits: unsigned, or of another of numpy's kinds."""
    return np.dtype(f"<{kind}{word_bits(bits) // 8}")


def to_words(values: Values, fmt: Format, codec: str) -> Ints:
    """`values` as unsigned words, integers in two's complement; refuses what is not of `fmt`."""
    if not fmt.floats:
        check_domain(values, fmt, codec)
        return values.astype(word_type(fmt.bits))
    floats = word_type(fmt.bits, "f")
    if values.dtype != floats:
        raise BadInput(f"{codec} of {fmt}, stores {floats}, not {values.dtype}")
    return values.astype(floats).view(word_type(fmt.bits))


def from_words(words: Ints, fmt: Format) -> Values:
    """The values of unsigned words, each of which must be one of `fmt`."""
    if fmt.floats:
        return words.astype(word_type(fmt.bits)).view(word_type(fmt.bits, "f"))
    values = extended(words, word_bits(fmt.bits), fmt.signed)
    check_range(values, fmt)
    return values


def extended(fields: Ints, width: int, signed: bool) -> Ints:
    """The integers, int32 (int64 where 32 bits are unsigned), of `width` bits each, the sign's first where `signed`."""
    if not signed:
        return fields.astype(np.int64 if width == 32 else np.int32)
    return fields.astype(np.int32) << 32 - width >> 32 - width
