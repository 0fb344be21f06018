"""The number formats, by name: how weights and how activations are coded, and in how many stored bits.

A new format is one rule for weights in `weights.py` and one line here (and its name in `settings.FORMATS`, which
must not import torch). The fixed-point formats, powers of two and binary weights are those of Hashemi, Anthony, Tann,
Bahar and Reda, "Understanding the impact of precision quantization on the accuracy and energy of neural networks",
section IV-A; their data are two's complement of the format's bits.
"""

from __future__ import annotations

from dataclasses import dataclass

from nets.training import weights as w
from nets.training.activations import FakeActivations, FixedPoint, Spread, Symmetric


@dataclass(frozen=True)
class Format:
    """`bits` of a stored value, the rule for weights, and the kind of activations; all None in floating point."""

    bits: int | None = None
    weights: w.Rule | None = None
    activations: type[FakeActivations] | None = None


FORMATS = {
    "fp32": Format(),
    "int8": Format(8, w.int8, Symmetric),
    "int8-oblivious": Format(8, w.oblivious, Spread),
    "ternary": Format(8, w.ternary, Symmetric),
    "fixed32": Format(32, w.fixed32, FixedPoint),
    "fixed16": Format(16, w.fixed16, FixedPoint),
    "fixed8": Format(8, w.fixed8, FixedPoint),
    "fixed4": Format(4, w.fixed4, FixedPoint),
    "pow2": Format(16, w.pow2, FixedPoint),
    "binary": Format(16, w.binary, FixedPoint),
}
