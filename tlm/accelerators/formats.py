"""Number formats that a machine's operands may be made for: the precision study's (Hashemi et al., section IV-A).

Where a machine says for which, they are how wide its memories' entries are: an entry holds a value, whatever width the
workload has. Its time does not depend on them, so a network of another format runs; the result then says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import attrs
import numpy as np

from tlm.inputs.errors import BadInput
from tlm.workload.layer import Ints, Layer

#: Whether all values are of a format.
Holds = Callable[[Ints], bool]


@attrs.frozen
class NumberFormat:
    """`bits` of a value, and what it `holds`."""

    bits: int
    holds: Holds


def _fixed(bits: int) -> NumberFormat:
    """Two's complement; of values that are never negative, without a sign."""

    def holds(values: Ints) -> bool:
        least, most = int(values.min(initial=0)), int(values.max(initial=0))
        return least >= -(1 << bits - 1) and most < 1 << (bits - 1 if least < 0 else bits)

    return NumberFormat(bits, holds)


def _powers(values: Ints) -> bool:
    magnitudes = np.abs(values.astype(np.int64))
    return not (magnitudes & (magnitudes - 1))[magnitudes > 0].any()


def _signs(values: Ints) -> bool:
    return bool((np.abs(values.astype(np.int64)) == 1).all())


def _floats(values: Ints) -> bool:
    return bool((values.astype(np.float32) == values).all())


FORMATS = {
    "fp32": NumberFormat(32, _floats),
    "fixed32": _fixed(32),
    "fixed16": _fixed(16),
    "fixed8": _fixed(8),
    "fixed4": _fixed(4),
    "pow2": NumberFormat(6, _powers),
    "binary": NumberFormat(1, _signs),
}


def _is_format(_spec: object, field: attrs.Attribute[str], value: str) -> None:
    if value not in FORMATS:
        raise BadInput(f"there is no number format {value!r}", key=field.name, given=value, allowed=FORMATS)


@attrs.frozen
class OperandFormats:
    """The formats of weights and of activations."""

    weights: str = attrs.field(validator=_is_format)
    activations: str = attrs.field(validator=_is_format)

    @property
    def weight_bits(self) -> int:
        """The width of an entry of WM."""
        return FORMATS[self.weights].bits

    @property
    def activation_bits(self) -> int:
        """The width of an entry of AM."""
        return FORMATS[self.activations].bits

    def others(self, layers: Iterable[Layer]) -> dict[str, list[str]]:
        """{weights, inputs: the layers whose are of other formats}, without those of which none are."""
        found: dict[str, list[str]] = {"weights": [], "inputs": []}
        for layer in layers:
            if not FORMATS[self.weights].holds(layer.weights):
                found["weights"].append(layer.name)
            if not all(FORMATS[self.activations].holds(operand) for operand in layer.operands):
                found["inputs"].append(layer.name)
        return {operand: names for operand, names in found.items() if names}
