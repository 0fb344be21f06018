"""How the values of a stream are stored: the part of a codec's input that is not the values."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import validators as check

Ints = npt.NDArray[np.integer[Any]]
Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
#: Integers, or floats where the format says so.
Values = npt.NDArray[Any]

GROUP = 16
"""Consecutive values of a stream that share one container (DPRed, section 4)."""

FLOAT_BITS = (16, 32)


@attrs.frozen
class Format:
    """`bits` is the storage width; `signed` whether the tensor has negative values.

    `align_bits` pads each container to a multiple of this, the memory interface; None packs them. `profile` is the
    precision that is known of the whole tensor, its sign included; None: nothing is. `floats`: values are IEEE floats
    of `bits` bits, and no integers.
    """

    bits: int = attrs.field(validator=[check.ge(1), check.le(32)])
    signed: bool
    align_bits: int | None = attrs.field(default=None, validator=check.optional(check.gt(0)))
    profile: int | None = attrs.field(default=None, validator=check.optional(check.gt(0)))
    floats: bool = attrs.field(default=False)

    @floats.validator
    def _check_floats(self, _attribute: Any, floats: bool) -> None:
        if floats and self.bits not in FLOAT_BITS:
            raise ValueError(f"floats must be 16 or 32 bits wide, not {self.bits}")

    @property
    def low(self) -> int:
        """The least value of the format: two's complement where signed, else 0."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The greatest value of the format."""
        return (1 << (self.bits - self.signed)) - 1

    @property
    def precision(self) -> int:
        """The bits that every value of the tensor is known to fit, never more than `bits`."""
        return min(self.profile or self.bits, self.bits)

    def __str__(self) -> str:
        return f"{self.bits} bits, {'floats' if self.floats else 'signed' if self.signed else 'unsigned'}"
