"""Values that tell a softmax to leave out a place: infinite, or far larger than all others, so that no code fits both.

They are not stored. The operation that asks for them finds them again from what they were made of.
"""

from __future__ import annotations

import math

from torch import Tensor

from .values import Value

#: Operations that put a mask's values beside others.
MASKS = frozenset(("masked_fill", "where", "add", "sub", "subtract", "rsub"))
#: How many times larger than all that it is made of what a mask puts in is, at least.
BEYOND = 1e4


def is_masked(operation: str, real: object, values: list[Value]) -> bool:
    """Whether an operation gave a tensor `real` of `values` and of what is not to be stored beside them."""
    if not isinstance(real, Tensor) or not real.is_floating_point() or not real.numel():
        return False
    sizes = real.abs()
    least, most = sizes.min().item(), sizes.max().item()  # which pass on what is no number
    given = max((value.real.abs().max().item() for value in values if value.real.numel()), default=0.0)
    return math.isinf(most) or (operation in MASKS and least <= given < most / BEYOND)
