"""Two bits for every value, which is -1, 0 or 1: two's complement, `11`, `00` and `01`; `10` is nothing."""

from __future__ import annotations

from .containers import check_between, check_decoded
from .fields import FieldCodec
from .format import Ints, Values
from .words import extended

LOW, HIGH = -1, 1


class Ternary(FieldCodec):
    """The `ternary` codec."""

    name = "ternary"
    width = 2

    def check(self, values: Values) -> None:
        """They are -1, 0 and 1."""
        check_between(values, LOW, HIGH, "ternary stores -1, 0 and 1")

    def fields(self, values: Values) -> Ints:
        """Their low bits."""
        return values

    def values(self, fields: Ints) -> Values:
        """No field may be `10`."""
        values = extended(fields, self.width, signed=True)
        check_decoded(values, LOW, HIGH, self.name)
        return values
