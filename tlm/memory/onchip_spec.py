"""What an on-chip memory is built of, as a preset gives it and a scenario may change it."""

from __future__ import annotations

import attrs

from ..core import BadInput
from ..inputs.errors import shown
from ..inputs.ranges import Range
from .onchip_macros import load_macro


def _is_macro(_spec: object, field: attrs.Attribute[str], value: str) -> None:
    if not isinstance(value, str):
        raise BadInput(f"expected text, not {shown(value)}", key=field.name)
    load_macro(value)


@attrs.frozen
class OnChipSpec:
    """`banks` that each move `width_bits` a cycle; consecutive words of that width lie in consecutive banks.

    With 2 `ports` a bank serves a read and a write in a cycle, with 1 either. `latency_cycles` pass from an access'
    last turn at its banks until its data are there, pipelined. `technology` names a file of `macros/` ("sram" and
    "edram" are those of 65 nm), or a user's own by its path: energy, area and refresh are that one's.
    """

    banks: int = attrs.field(validator=Range(above=0, most=4096))
    width_bits: int = attrs.field(validator=Range(above=0, most=1 << 20))
    latency_cycles: int = attrs.field(default=1, validator=Range(above=0, most=4096))
    ports: int = attrs.field(default=2, validator=Range(least=1, most=2))
    technology: str = attrs.field(default="sram", validator=_is_macro)
