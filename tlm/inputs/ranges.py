"""Ranges of a spec's numbers: what is outside is told the same, from a scenario or from Python."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from operator import ge, gt, le
from typing import Any

import attrs

from .errors import BadInput, shown
from .units import written

HOLDS: tuple[Callable[[Any, Any], bool], ...] = (gt, ge, le)


class OutOfRange(BadInput):
    """A number outside its range; `bound` is the one it breaks, such as "> 0"."""

    def __init__(self, bound: str, given: str, key: str | None = None) -> None:
        super().__init__(f"must be {bound}, not {given}", key=key)
        self.bound = bound


@attrs.frozen
class Range:
    """A validator of attrs fields: a number, `whole` or any, within these bounds; `optional` is one that may be None.

    What is told has the `unit` of the field's metadata, where there is one.
    """

    above: float | None = None
    least: float | None = None
    most: float | None = None
    whole: bool = True
    optional: bool = False

    def __call__(self, _spec: Any, field: attrs.Attribute[Any], value: Any) -> None:
        """Raise BadInput, its key the field's name, for a `value` that is none or out of range."""
        if value is None and self.optional:
            return
        if isinstance(value, bool) or not isinstance(value, self._kind):
            expected = "a whole number" if self.whole else "a number"
            raise BadInput(f"expected {expected}, not {shown(value)}", key=field.name)
        unit = field.metadata.get("unit")
        for bound, sign, holds in zip((self.above, self.least, self.most), (">", ">=", "<="), HOLDS, strict=True):
            if bound is not None and not holds(value, bound):
                raise OutOfRange(f"{sign} {_text(bound, unit)}", _text(value, unit), field.name)

    @property
    def _kind(self) -> type:
        return Integral if self.whole else Real  # numpy's numbers too


def _text(value: Any, unit: str | None) -> str:
    return written(value, unit) if unit else shown(value)
