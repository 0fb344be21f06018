"""How far operators reach over the edges of a map: `pads` and `auto_pad`."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import torch.nn.functional as F

from .call import Call
from .graph import Refused
from .torchgraph import Operand, checked_size

Sizes = tuple[int, ...]


def around(
    call: Call, x: Operand, kernel: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> tuple[Sizes, Sizes]:
    """What is padded before and after the map in each direction."""
    way = call.word("auto_pad", "NOTSET", ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"))
    directions = len(kernel)
    if way == "VALID":
        return (0,) * directions, (0,) * directions
    if way == "NOTSET":
        pads = [int(size) for size in call.attribute("pads", [0] * 2 * directions)]
        if len(pads) != 2 * directions or min(pads) < 0:
            raise Refused(f"has pads {pads}: {2 * directions} sizes from 0 on are needed")
        return tuple(pads[:directions]), tuple(pads[directions:])
    whole = []
    for size, width, stride, gap in zip(x.real.shape[2:], kernel, strides, dilations, strict=True):
        outputs = -(-size // stride)
        whole.append(max((outputs - 1) * stride + (width - 1) * gap + 1 - size, 0))
    less, more = tuple(size // 2 for size in whole), tuple(size - size // 2 for size in whole)
    return (less, more) if way == "SAME_UPPER" else (more, less)


def zero_padded(call: Call, x: Operand, before: Sizes, after: Sizes, value: float = 0.0) -> Operand:
    """A map with values around it."""
    sizes = [size for pair in zip(before[::-1], after[::-1], strict=True) for size in pair]
    shape = x.real.shape
    inner = [size + one + other for size, one, other in zip(shape[-len(before) :], before, after, strict=True)]
    checked_size([*shape[: -len(before)], *inner])
    return attrs.evolve(call.function(F.pad, x, sizes, "constant", value), codes=None if value else x.codes)
