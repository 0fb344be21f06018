"""Operators that give what no image has a part in: constants, and shapes, which are known."""

from __future__ import annotations

import torch
from torch import Tensor

from .call import Call
from .graph import Refused
from .torchgraph import Operand, checked_size


def constant(call: Call) -> Operand:
    """A tensor, a number or a list of numbers."""
    for name, value in call.node.attributes.items():
        if isinstance(value, Tensor):
            return Operand(value)
        if name in ("value_float", "value_floats"):
            return Operand(torch.tensor(value, dtype=torch.float32))
        if name in ("value_int", "value_ints"):
            return Operand(torch.tensor(value, dtype=torch.int64))
    raise Refused("holds no numbers: text and sparse tensors are not taken")


def constant_of_shape(call: Call, shape: Operand) -> Operand:
    """One number everywhere."""
    value = call.attribute("value", torch.zeros(1))
    return Operand(value.reshape(()).expand(checked_size(call.integers(shape, "shape") or [])).clone())


def shape(call: Call, x: Operand) -> Operand:
    """The sizes of a tensor, or of some of its directions."""
    whole = list(x.real.shape)
    return Operand(torch.tensor(whole[call.attribute("start", 0) : call.attribute("end")], dtype=torch.int64))


def size(call: Call, x: Operand) -> Operand:
    """How many values a tensor has."""
    return Operand(torch.tensor(x.real.numel()))


def numbers(call: Call, start: Operand, limit: Operand, step: Operand) -> Operand:
    """Numbers at equal distances."""
    first, last, by = (call.constant(one, "a bound").item() for one in (start, limit, step))
    checked_size([max(int((last - first) / by), 0)] if by else [-1])
    return Operand(torch.arange(first, last, by, dtype=start.real.dtype))


def eye_like(call: Call, x: Operand) -> Operand:
    """Ones on a diagonal."""
    rows, columns = x.real.shape
    places = torch.arange(columns) - torch.arange(rows).unsqueeze(1)
    return Operand((places == int(call.attribute("k", 0))).to(x.real.dtype))


def non_zero(call: Call, x: Operand) -> Operand:
    """The places of what is not 0, of a constant."""
    return Operand(torch.nonzero(call.constant(x, "what")).T.contiguous())
