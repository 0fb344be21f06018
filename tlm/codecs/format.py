"""How the values of a stream are stored: the part of a codec's input that is not the values."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
from attrs import validators as check

Ints = npt.NDArray[np.integer[Any]]
Int64s = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]

GROUP = 16
"""Consecutive values of a stream that share one container (DPRed, section 4)."""


@attrs.frozen
class Format:
    """`bits` is the storage width; `signed` whether the tensor has negative values.

    `align_bits` pads each container to a multiple of this, the memory interface; None packs them.
    """

    bits: int = attrs.field(validator=[check.ge(1), check.le(32)])
    signed: bool
    align_bits: int | None = attrs.field(default=None, validator=check.optional(check.gt(0)))

    @property
    def low(self) -> int:
        """The least value of the format: two's complement where signed, else 0."""
        return -(1 << (self.bits - 1)) if self.signed else 0

    @property
    def high(self) -> int:
        """The greatest value of the format."""
        return (1 << (self.bits - self.signed)) - 1
