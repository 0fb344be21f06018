"""Functions of one value that a file spells out in steps, and that torch has under one name.

x * sigmoid(x) is SiLU, and exporters write it so. A value knows, for each value that it is made of alone by functions
of one value, what it is over a range of numbers: its curve. One that is a known function's is that function of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import attrs
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .torchgraph import Operand

#: The numbers that curves are taken over.
GRID = torch.linspace(-8.0, 8.0, 257)
#: How far a curve may be from the function that it is taken for: rounding in 32 bits, in another order.
APART = 1e-5
#: How many values back a function may have begun.
MOST_STEPS = 16


@attrs.frozen(eq=False)
class Known:
    """A function as a torch module and as a torch function."""

    module: Callable[..., nn.Module]
    function: Callable[..., Tensor]
    options: Mapping[str, Any] = attrs.Factory(dict)

    def curve(self) -> Tensor:
        """What it is over the grid."""
        return self.function(GRID, **self.options)


KNOWN = (
    Known(nn.SiLU, F.silu),
    Known(nn.GELU, F.gelu, {"approximate": "none"}),
    Known(nn.GELU, F.gelu, {"approximate": "tanh"}),
    Known(nn.Hardswish, F.hardswish),
    Known(nn.Mish, F.mish),
)


def curves(function: Callable[..., Any], arguments: Any, options: Any) -> dict[Operand, Tensor]:
    """The curves of what a function of one value gives; none where another value of many, or a constant, is in it."""
    operands = [one for one in arguments if isinstance(one, Operand)]
    if any(one.is_constant for one in operands):
        return {}
    over = [_over(one) for one in operands]
    common = [one for one in over[0] if all(one in other for other in over)][:MOST_STEPS]
    return {
        one: function(*(_over(part)[one] if isinstance(part, Operand) else part for part in arguments), **options)
        for one in common
    }


def _over(operand: Operand) -> dict[Operand, Tensor]:
    """The curves of a value, itself among what it is made of."""
    return {operand: GRID, **operand.curves}


def recognised(found: Mapping[Operand, Tensor]) -> tuple[Operand, Known] | None:
    """The function that a value is, and of which other one; None where it is none of the known ones."""
    for operand, curve in reversed(list(found.items())):
        for known in KNOWN:
            if curve.shape == GRID.shape and torch.allclose(curve, known.curve(), rtol=APART, atol=APART):
                return operand, known
    return None
