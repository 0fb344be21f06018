"""Sums, products, comparisons and choices."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .call import Call, as_number
from .torchgraph import Operand


def div(call: Call, x: Operand, y: Operand) -> Operand:
    """A quotient; of whole numbers, towards 0."""
    if not x.real.is_floating_point():
        return call.function(torch.div, x, y, rounding_mode="trunc")
    return call.pointwise(operator.truediv, x, y)


def power(call: Call, x: Operand, exponent: Operand) -> Operand:
    """A power; the exponent may be of another type."""
    if x.is_constant and exponent.is_constant:
        return Operand(torch.pow(x.real, exponent.real).to(x.real.dtype))
    return call.pointwise(operator.pow, x, exponent)


def mod(call: Call, x: Operand, y: Operand) -> Operand:
    """What a division leaves, with the sign of the divisor or, with `fmod`, of what is divided."""
    return call.function(torch.fmod if call.attribute("fmod", 0) else torch.remainder, x, y)


def bound(side: str, function: Callable[[Any, Any], Any]) -> Callable[..., Operand]:
    """The handler of Max (`side` "min") or Min ("max"): with a number it is a bound, else a function of two values."""

    def of_two(call: Call, x: Operand, y: Operand) -> Operand:
        value, number = (y, x) if x.is_constant else (x, y)
        if number.is_constant and not value.is_constant and number.real.numel() == 1:
            return call.pointwise(torch.clamp, value, **{side: as_number(number.real)})
        return call.pointwise(function, x, y)

    def handle(call: Call, first: Operand, *others: Operand) -> Operand:
        for other in others:
            first = of_two(call, first, other)
        return first

    return handle


def of_several(function: Callable[[Any, Any], Any]) -> Callable[..., Operand]:
    """The handler of a function of two values for any number of them."""

    def handle(call: Call, first: Operand, *others: Operand) -> Operand:
        for other in others:
            first = call.pointwise(function, first, other)
        return first

    return handle


def mean(call: Call, first: Operand, *others: Operand) -> Operand:
    """The average of several tensors."""
    whole = of_several(operator.add)(call, first, *others)
    return call.pointwise(operator.truediv, whole, float(1 + len(others))) if others else whole


def plain(function: Callable[..., Any]) -> Callable[..., Any]:
    """The handler of an operator that is a torch function of its operands, and whose result is no curve."""

    def handle(call: Call, *operands: Operand) -> Any:
        return call.function(function, *operands)

    return handle


def cast(call: Call, x: Operand, like: Operand | None = None) -> Operand:
    """As another type; between types of real numbers it is nothing."""
    dtype = like.real.dtype if like is not None else _TYPES.get(int(call.attribute("to", 1)), torch.float32)
    if x.real.dtype == dtype:
        return x
    return call.function(Tensor.to, x, dtype)


#: Types by their numbers in the format.
_TYPES = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    5: torch.int16,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
    16: torch.bfloat16,
}
