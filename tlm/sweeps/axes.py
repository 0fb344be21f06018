"""An axis of a sweep: the values that one key of the scenario takes, listed or drawn."""

from __future__ import annotations

import math
import random
from typing import Any

import attrs

from tlm.inputs.errors import BadInput, shown
from tlm.inputs.located import Located
from tlm.inputs.ranges import Range
from tlm.inputs.structure import Fault, structure
from tlm.inputs.units import UNITS

MOST_DRAWN = 100_000


@attrs.frozen
class Draw:
    """`count` numbers between `low` and `high`, both included: whole ones where both are; with `log`, of their logs.

    `unit`, such as MiB, is written behind each.
    """

    low: float
    high: float
    count: int = attrs.field(validator=Range(least=1, most=MOST_DRAWN))
    log: bool = False
    unit: str | None = None

    def fault(self) -> Fault | None:
        """What is wrong with these together, and where."""
        if not (math.isfinite(self.low) and math.isfinite(self.high)):
            return ("low",), BadInput("low and high must be finite")
        if self.low > self.high:
            return ("low",), BadInput(f"must be <= high, {self.high:g}, not {self.low:g}")
        if self.log and self.low <= 0:
            return ("low",), BadInput(f"must be > 0 with log, not {self.low:g}")
        units = [name for known in UNITS.values() for name in known]
        if self.unit is not None and self.unit not in units:
            return ("unit",), BadInput(f"not {shown(self.unit)}", given=self.unit, allowed=units)
        return None

    def values(self, seed: str, whole: bool) -> list[Any]:
        """The numbers, the same for the same `seed`; a value drawn again occurs once."""
        source = random.Random(seed)
        drawn = [self._value(source, whole) for _ in range(self.count)]
        return list(dict.fromkeys(value if self.unit is None else f"{value} {self.unit}" for value in drawn))

    def _value(self, source: random.Random, whole: bool) -> float:
        if not self.log:
            return source.randint(int(self.low), int(self.high)) if whole else source.uniform(self.low, self.high)
        value = math.exp(source.uniform(math.log(self.low), math.log(self.high)))
        value = min(max(value, self.low), self.high)
        return round(value) if whole else value


def values_of(key: str, written: Any, seed: int) -> tuple[list[Any], list[Fault]]:
    """The values of the axis `key`, from what is written there, and what is wrong with that, with its path below."""
    if isinstance(written, list):
        return _listed(written)
    if not isinstance(written, Located):
        hint = "a list of values, or a mapping with low, high and count"
        return [], [((), BadInput(f"expected {hint}, not {shown(written)}"))]
    draw, faults = structure(written, Draw)
    if draw is None:
        return [], faults
    fault = draw.fault()
    if fault is not None:
        return [], [fault]
    whole = isinstance(written["low"], int) and isinstance(written["high"], int)
    return draw.values(f"{seed} {key}", whole), []


def _listed(written: list[Any]) -> tuple[list[Any], list[Fault]]:
    if not written:
        return [], [((), BadInput("the list is empty; an axis needs a value at least"))]
    for place, value in enumerate(written):
        if any(same(value, other) for other in written[:place]):
            return [], [((), BadInput(f"{shown(value)} is written twice"))]
    return written, []


def same(value: Any, other: Any) -> bool:
    """Whether two values are written alike: 1, 1.0 and true are not."""
    return repr(value) == repr(other)
