"""Functions of one value as tables from codes to codes."""

from __future__ import annotations

import attrs
import numpy as np
import torch

from . import quantisation as q
from .activations import Activation, Function
from .calibration import Range
from .layer import Ints
from .quantisation import Reals
from .scales import Coding

#: How finely a function is looked at to find where it no longer changes.
SAMPLES = 4096
#: How near to the outputs' scale a table's is, relatively, to be taken for it.
NEAR = 0.01


@attrs.frozen(eq=False)
class Table:
    """`codes` [tables, entries] of the outputs, for codes of `scale` from the least to the largest, signed or not."""

    codes: Ints
    scale: float
    signed: bool


def table_for(activation: Activation, found: Range, coding: Coding, own: Coding | None = None) -> Table:
    """The table of `activation` for real numbers in the range `found`, in codes of as many bits as `coding` has.

    The codes it is looked up by are those that its argument has, `own`, if any. Else they end where no function's
    output code changes any more, and are signed where one still does below 0: so their steps are as small as they can
    be. Where that is nearly the outputs' own scale, it is that.
    """
    scale, signed = (own.scale, own.signed) if own else _steps(activation, found, coding)
    least, most = q.code_range(coding.bits, signed)
    numbers = np.arange(least, most + 1) * scale
    return Table(np.stack([_codes(function, numbers, coding) for function in activation.functions]), scale, signed)


def _steps(activation: Activation, found: Range, coding: Coding) -> tuple[float, bool]:
    """The scale of the codes that a table is looked up by, and whether they are signed."""
    ends = [_ends(function, found, coding) for function in activation.functions]
    low, high = min(0.0, *(end[0] for end in ends)), max(0.0, *(end[1] for end in ends))
    signed = low < 0
    scale = q.scale_for(low, high, coding.bits, signed)
    if abs(scale / coding.scale - 1) < NEAR:
        scale = coding.scale
    return scale, signed


def _codes(function: Function, numbers: Reals, coding: Coding) -> Ints:
    with torch.no_grad():
        made: Reals = function(torch.from_numpy(numbers)).numpy()
    codes: Reals = np.rint(made / coding.scale) + coding.zero
    return np.asarray(np.clip(np.nan_to_num(codes), *coding.range).astype(np.int32))


def _ends(function: Function, found: Range, coding: Coding) -> tuple[float, float]:
    """Between which numbers of the range the output code changes."""
    numbers = np.linspace(min(found.low, 0.0), max(found.high, 0.0), SAMPLES)
    changes = np.flatnonzero(np.diff(_codes(function, numbers, coding)))
    if not len(changes):
        return 0.0, 0.0
    return float(numbers[changes[0]]), float(numbers[changes[-1] + 1])
