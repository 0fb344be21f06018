"""Time is an integer number of femtoseconds; a clock is arithmetic, never an event a cycle."""

from __future__ import annotations

import math
import string
from decimal import Decimal
from fractions import Fraction
from numbers import Rational

from ...inputs.errors import BadInput, shown
from ...inputs.units import quantity

FS_PER_S = 10**15
FS_PER_NS = 10**6

#: Units of time, in fs.
FS_PER_UNIT = {"fs": 1, "ps": 10**3, "ns": FS_PER_NS, "us": 10**9, "ms": 10**12, "s": FS_PER_S}
ALIASES = {"µs": "us", "μs": "us"}  # with a micro sign, with a Greek letter

_LETTERS = string.ascii_letters + "µμ"


def to_fs(value: float | Decimal | Rational | str, unit: str = "") -> int:
    """A time in whole femtoseconds, rounded half up: `to_fs(1.5, "ns")` or `to_fs("1.5 ns")`.

    Exact for integers and fractions of any size and for decimal text; a float counts as the decimal it is written as.
    BadInput, a ValueError, where it is negative, no number or has no such unit.
    """
    number = value
    if isinstance(value, str) and not unit:
        number = value.strip().rstrip(_LETTERS)
        unit = value.strip()[len(number) :]
    size = FS_PER_UNIT.get(ALIASES.get(unit, unit))
    if size is None:
        what = f"{shown(unit)} is not a unit of time" if unit else f"{shown(value)} has no unit of time"
        raise BadInput(what, given=unit, allowed=FS_PER_UNIT)
    exact = _exact(number)
    if exact is None:
        raise BadInput(f"{shown(value)} is not a time")
    if exact < 0:
        raise BadInput(f"a time cannot be negative, as {shown(value)} is")
    return math.floor(exact * size + Fraction(1, 2))


def _exact(number: float | Decimal | Rational | str) -> Fraction | None:
    """A number exactly, a float as the decimal it is written as; None for what is none."""
    try:
        if isinstance(number, Rational):
            return Fraction(int(number.numerator), int(number.denominator))
        return Fraction(number if isinstance(number, (str, Decimal)) else repr(float(number)))
    except (TypeError, ValueError, OverflowError, ZeroDivisionError):
        return None


class Clock:
    """A clock of `frequency`, in Hz or as text such as "980 MHz"; its period is rounded once to a whole fs, half up.

    BadInput where it is no frequency, not positive, or its period is below one fs.
    """

    __slots__ = ("frequency_hz", "period_fs")

    def __init__(self, frequency: float | str) -> None:
        frequency_hz = quantity(frequency, "Hz") if isinstance(frequency, str) else frequency
        if not frequency_hz > 0:
            raise BadInput(f"a clock needs a positive frequency, not {frequency_hz} Hz")
        self.frequency_hz = frequency_hz
        self.period_fs = int(FS_PER_S / frequency_hz + 0.5)
        if self.period_fs < 1:
            raise BadInput(f"{frequency_hz} Hz has a period below one femtosecond")

    def next_edge(self, now: int) -> int:
        """The first edge at or after `now`, in fs; edges are whole multiples of the period."""
        return -(-now // self.period_fs) * self.period_fs

    def cycles(self, duration_fs: int) -> int:
        """Whole periods in a duration; ValueError where it is no multiple of the period."""
        count, rest = divmod(duration_fs, self.period_fs)
        if rest:
            raise ValueError(f"{duration_fs} fs is not a whole number of {self.period_fs} fs periods")
        return count
