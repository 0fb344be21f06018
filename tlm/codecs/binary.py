"""One bit for every value, which is 1 or, where the bit is set, -1: the precision study's binary weights."""

from __future__ import annotations

import numpy as np

from .codec import OutsideDomain
from .fields import FieldCodec
from .format import Ints, Values


class Binary(FieldCodec):
    """The `binary` codec."""

    name = "binary"
    width = 1

    def check(self, values: Values) -> None:
        """They are -1 and 1."""
        bad = (values != 1) & (values != -1)
        if bad.any():
            at = int(bad.argmax())
            raise OutsideDomain("binary stores -1 and 1", values[at], at)

    def fields(self, values: Values) -> Ints:
        """Their signs."""
        return (values < 0).astype(np.uint8)

    def values(self, fields: Ints) -> Values:
        """1, or -1."""
        return 1 - 2 * fields.astype(np.int32)
