"""The compression of a scenario: which codec, and how many engines stand between DRAM and chip."""

from __future__ import annotations

import attrs
from attrs import validators as check

lanes = [check.gt(0), check.le(1 << 16)]


@attrs.frozen
class CompressionSpec:
    """`weights` names a codec of their own for the weights; engines handle one value a cycle each.

    `clock` is theirs, in Hz; None: the accelerator's.
    """

    codec: str = "dpred"
    weights: str | None = None
    decompressors: int = attrs.field(default=256, validator=lanes)
    compressors: int = attrs.field(default=64, validator=lanes)
    align_bits: int | None = attrs.field(default=None, validator=check.optional([check.gt(0), check.le(4096)]))
    clock: float | None = attrs.field(
        default=None, validator=check.optional([check.ge(1), check.le(10**12)]), metadata={"unit": "Hz"}
    )
