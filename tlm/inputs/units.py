"""Quantities with units: "4 MiB" is bytes, "980 MHz" is Hz; what is written back reads back the same."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

from quantiphy import InvalidNumber, Quantity

from .errors import BadInput, shown

#: What a user may write for each dimension, smallest first, with its size; and an example.
UNITS = {
    "B": {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30},
    "Hz": {"Hz": 1, "kHz": 10**3, "MHz": 10**6, "GHz": 10**9, "THz": 10**12},
}
DIMENSIONS = {"B": "capacity", "Hz": "frequency", "B/s": "rate", "s": "time", "b": "number of bits"}
EXAMPLES = {"B": "'4 MiB'", "Hz": "'980 MHz'"}


def quantity(given: Any, unit: str) -> float:
    """`given`, a string such as "4 MiB", in `unit` ("B", always whole, or "Hz")."""
    hint = f"write a number and one of {', '.join(UNITS[unit])}, such as {EXAMPLES[unit]}"
    if isinstance(given, (int, float)) and not isinstance(given, bool):
        raise BadInput(f"{given} has no unit; {hint}")
    if not isinstance(given, str):
        raise BadInput(f"expected a {DIMENSIONS[unit]}, not {shown(given)}; {hint}")
    try:
        parsed = Quantity(given, binary=True)
    except InvalidNumber:
        raise BadInput(f"{shown(given)} is not a {DIMENSIONS[unit]}; {hint}") from None
    value = float(parsed)
    if not parsed.units and given.strip()[-1:].isdigit():
        raise BadInput(f"{shown(given)} has no unit; {hint}")
    if parsed.units in DIMENSIONS and parsed.units != unit:
        raise BadInput(f"{shown(given)} is a {DIMENSIONS[parsed.units]}, not a {DIMENSIONS[unit]}; {hint}")
    if parsed.units != unit or not math.isfinite(value) or given.lstrip("+-0123456789.,_ ") not in UNITS[unit]:
        raise BadInput(f"{shown(given)} is not a {DIMENSIONS[unit]} this reads; {hint}")
    if unit == "B" and value != int(value):
        raise BadInput(f"{given!r} is {value} bytes; a capacity is a whole number of bytes")
    return int(value) if unit == "B" else value


def whole_bytes(given: Any) -> int:
    """`given` in bytes: a whole number of them, or text such as "4 KiB"; BadInput otherwise."""
    return int(given) if isinstance(given, Integral) and not isinstance(given, bool) else int(quantity(given, "B"))


def written(value: float, unit: str) -> str:
    """`value` as a string that `quantity` reads back to exactly `value`, in the largest unit that can."""
    for name, size in reversed(UNITS[unit].items()):
        if value % size == 0 and (value or size == 1):
            return f"{int(value // size)} {name}"
    return f"{value!r} {unit}"
