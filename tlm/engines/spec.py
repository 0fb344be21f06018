"""The compression of a scenario: which codec, and how many engines stand between DRAM and chip."""

from __future__ import annotations

import attrs

from ..inputs.ranges import Range

lanes = Range(above=0, most=1 << 16)


@attrs.frozen
class CompressionSpec:
    """`weights` names a codec of their own for the weights; engines handle one value a cycle each.

    `clock` is theirs, in Hz; None: the accelerator's.
    """

    codec: str = "dpred"
    weights: str | None = None
    decompressors: int = attrs.field(default=256, validator=lanes)
    compressors: int = attrs.field(default=64, validator=lanes)
    align_bits: int | None = attrs.field(default=None, validator=Range(above=0, most=4096, optional=True))
    clock: float | None = attrs.field(
        default=None, validator=Range(least=1, most=10**12, whole=False, optional=True), metadata={"unit": "Hz"}
    )
