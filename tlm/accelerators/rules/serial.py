"""How long bit-serial units take for a value: `serial_bits` of its bits a cycle (DPRed, section 5.3.1, "Coarser Bit
Granularity Processing")."""

from __future__ import annotations

from typing import TypeVar

import numpy as np
import numpy.typing as npt

from ..spec import AcceleratorSpec

Widths = TypeVar("Widths", int, npt.NDArray[np.uint8])


def serial_cycles(widths: Widths, spec: AcceleratorSpec) -> Widths:
    """The cycles of values of `widths` bits, in their shape."""
    return (widths + spec.serial_bits - 1) // spec.serial_bits
