"""An axis of a sweep: the values that one key of the scenario takes, listed or drawn."""

from __future__ import annotations

import math
import random
from typing import Any

import attrs

from tlm.inputs.errors import BadInput, shown
from tlm.inputs.located import Located
from tlm.inputs.ranges import Range
from tlm.inputs.structure import MISSING, ORIGIN, Fault, structure
from tlm.inputs.units import UNITS

MOST_DRAWN = 100_000


@attrs.frozen
class Draw:
    """`count` numbers between `low` and `high`, both included: whole ones where both are; with `log`, of their logs.

    `unit`, such as MiB, is written behind each. A search draws as many as it likes and knows no count.
    """

    low: float
    high: float
    count: int | None = attrs.field(default=None, validator=Range(least=1, most=MOST_DRAWN, optional=True))
    log: bool = False
    unit: str | None = None
    whole: bool = attrs.field(default=False, metadata=ORIGIN)

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

    def values(self, seed: str) -> list[Any]:
        """The numbers, the same for the same `seed`; a value drawn again occurs once."""
        source = random.Random(seed)
        drawn = [self._value(source) for _ in range(self.count or 0)]
        return list(dict.fromkeys(map(self.written, drawn)))

    def written(self, number: float) -> Any:
        """The value that a number is: with its unit, where there is one."""
        return number if self.unit is None else f"{number} {self.unit}"

    def number(self, value: Any) -> float | None:
        """The number that `written` made `value` of; None where it is not of this axis."""
        if self.unit is not None:
            value = self._parsed(value)
        if type(value) is not (int if self.whole else float) or not self.low <= value <= self.high:
            return None
        found: float = value
        return found

    def ends(self) -> list[Any]:
        """The least and the most, as values."""
        return [self.written(int(end) if self.whole else end) for end in (self.low, self.high)]

    def _parsed(self, value: Any) -> float | None:
        try:
            text = str(value).removesuffix(f" {self.unit}")
            return int(text) if self.whole else float(text)
        except ValueError:
            return None

    def _value(self, source: random.Random) -> float:
        if not self.log:
            return source.randint(int(self.low), int(self.high)) if self.whole else source.uniform(self.low, self.high)
        value = math.exp(source.uniform(math.log(self.low), math.log(self.high)))
        value = min(max(value, self.low), self.high)
        return round(value) if self.whole else value


Axis = list[Any] | Draw


def axis_of(written: Any, searched: bool) -> tuple[Axis, list[Fault]]:
    """An axis from what is written there, and what is wrong with that, with its path below."""
    if isinstance(written, list):
        return _listed(written)
    if not isinstance(written, Located):
        hint = f"a list of values, or a mapping with low{' and high' if searched else ', high and count'}"
        return [], [((), BadInput(f"expected {hint}, not {shown(written)}"))]
    draw, faults = structure(written, Draw)
    if draw is None:
        return [], faults
    if searched is (draw.count is not None):
        said = "means nothing beside search, which draws as many as it has trials" if searched else MISSING
        return [], [(("count",), BadInput(said))]
    fault = draw.fault()
    if fault is not None:
        return [], [fault]
    whole = isinstance(written["low"], int) and isinstance(written["high"], int)
    return attrs.evolve(draw, whole=whole), []


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
