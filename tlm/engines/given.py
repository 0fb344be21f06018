"""What a user may give in two ways: bytes as a number or as text with a unit, a clock as such or as its frequency."""

from __future__ import annotations

from ..core import BadInput, Clock
from ..inputs.units import whole_bytes


def in_bytes(given: int | str, key: str) -> int:
    """`given` in bytes, at least one: a whole number of them, or text such as "64 KiB"; BadInput otherwise."""
    try:
        size = whole_bytes(given)
    except BadInput as error:
        raise BadInput(error.message, key=key) from None
    if size < 1:
        raise BadInput(f"must be at least 1 B, not {given!r}", key=key)
    return size


def as_clock(given: Clock | str) -> Clock:
    """`given`, or the clock of a frequency such as "980 MHz"; BadInput otherwise."""
    if isinstance(given, Clock):
        return given
    try:
        return Clock(given)
    except ValueError as error:  # BadInput is one
        raise BadInput(str(error), key="clock") from None
