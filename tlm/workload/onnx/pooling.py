"""Pooling by windows, and over whole directions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .call import Call
from .graph import Refused
from .padding import Sizes, around, zero_padded
from .torchgraph import Operand

#: An operation as a torch module and as a torch function.
Kind = tuple[Any, Any]

_MAX: tuple[Kind, ...] = ((nn.MaxPool1d, F.max_pool1d), (nn.MaxPool2d, F.max_pool2d), (nn.MaxPool3d, F.max_pool3d))
_AVERAGE: tuple[Kind, ...] = ((nn.AvgPool1d, F.avg_pool1d), (nn.AvgPool2d, F.avg_pool2d), (nn.AvgPool3d, F.avg_pool3d))
_WHOLE: dict[str, tuple[Kind, ...]] = {
    "average": (
        (nn.AdaptiveAvgPool1d, F.adaptive_avg_pool1d),
        (nn.AdaptiveAvgPool2d, F.adaptive_avg_pool2d),
        (nn.AdaptiveAvgPool3d, F.adaptive_avg_pool3d),
    ),
    "max": (
        (nn.AdaptiveMaxPool1d, F.adaptive_max_pool1d),
        (nn.AdaptiveMaxPool2d, F.adaptive_max_pool2d),
        (nn.AdaptiveMaxPool3d, F.adaptive_max_pool3d),
    ),
}


def max_pool(call: Call, x: Operand) -> Operand:
    """The largest of each window."""
    if len(call.node.outputs) > 1:
        raise Refused("gives the places of its maxima, which are not taken")
    kernel, strides, dilations = _windows(call, x)
    before, after = around(call, x, kernel, strides, dilations)
    ceil = bool(call.attribute("ceil_mode", 0))
    sides = _even(x, kernel, strides, dilations, before, after, ceil)
    if sides is None:
        x, before = zero_padded(call, x, before, after, -torch.inf), (0,) * len(kernel)
    options: dict[str, Any] = {"kernel_size": kernel, "stride": strides, "padding": before, "dilation": dilations}
    return call.either(*_MAX[len(kernel) - 1], x, **options, ceil_mode=ceil if sides is None else sides)


def average_pool(call: Call, x: Operand) -> Operand:
    """The average of each window, with or without what is padded."""
    kernel, strides, dilations = _windows(call, x)
    if any(gap != 1 for gap in dilations):
        raise Refused(f"has dilations {list(dilations)}: only 1 is taken")
    before, after = around(call, x, kernel, strides, dilations)
    counted, ceil = bool(call.attribute("count_include_pad", 0)), bool(call.attribute("ceil_mode", 0))
    if counted and before != after:
        x, before, after = zero_padded(call, x, before, after), (0,) * len(kernel), (0,) * len(kernel)
    sides = _even(x, kernel, strides, dilations, before, after, ceil)
    if sides is None:
        raise Refused(f"is padded by {list(before)} before and {list(after)} after: averages of such are not taken")
    options: dict[str, Any] = {"kernel_size": kernel, "stride": strides, "padding": before, "ceil_mode": sides}
    return call.either(*_AVERAGE[len(kernel) - 1], x, **options, count_include_pad=counted)


def over_all(kind: str) -> Callable[..., Operand]:
    """The handler of a pooling of whole maps."""

    def handle(call: Call, x: Operand) -> Operand:
        directions = x.real.ndim - 2
        if not 1 <= directions <= 3:
            raise Refused(f"is given {list(x.real.shape)}: maps of 1 to 3 directions are taken")
        return call.either(*_WHOLE[kind][directions - 1], x, output_size=1)

    return handle


def reduced(function: Callable[..., Any], average: bool = False) -> Callable[..., Operand]:
    """The handler of a reduction over directions, named as an attribute or, in newer opsets, as an operand."""

    def handle(call: Call, x: Operand, axes: Operand | None = None) -> Operand:
        given = call.integers(axes, "axes")
        if not given and call.attribute("noop_with_empty_axes", 0):
            return x
        dims = sorted(axis % x.real.ndim for axis in given or range(x.real.ndim))
        keep = bool(call.attribute("keepdims", 1))
        directions = x.real.ndim - 2
        is_pooling = average and keep and 1 <= directions <= 3 and dims == list(range(2, x.real.ndim))
        if is_pooling and call.names.module(call.node):
            return call.either(*_WHOLE["average"][directions - 1], x, output_size=1)
        return call.function(function, x, dims, keep)

    return handle


def product(x: Any, dims: list[int], keep: bool) -> Any:
    """The product over directions."""
    for dim in reversed(dims):
        x = torch.prod(x, dim, keep)
    return x


def _windows(call: Call, x: Operand) -> tuple[Sizes, Sizes, Sizes]:
    """Sizes of the windows, how far apart they begin, and how far apart their values are."""
    kernel = tuple(int(size) for size in call.attribute("kernel_shape", ()))
    if not 1 <= len(kernel) <= 3 or len(kernel) != x.real.ndim - 2:
        raise Refused(f"has windows of {list(kernel)} for {list(x.real.shape)}")
    ones = [1] * len(kernel)
    return kernel, tuple(call.attribute("strides", ones)), tuple(call.attribute("dilations", ones))


def _even(
    x: Operand, kernel: Sizes, strides: Sizes, dilations: Sizes, before: Sizes, after: Sizes, ceil: bool
) -> bool | None:
    """Whether to ceil so that windows over `before` on both sides are those asked for; None where neither gives them.

    Maxima, and averages of what is not padded, are the same however much is padded behind the last window's values.
    """
    if before == after:
        return ceil
    if any(2 * size > width for size, width in zip(before, kernel, strict=True)):
        return None
    asked, floored, ceiled = [], [], []
    for size, width, stride, gap, one, other in zip(
        x.real.shape[2:], kernel, strides, dilations, before, after, strict=True
    ):
        reach = (width - 1) * gap + 1
        asked.append(_count(size + one + other - reach, stride, ceil))
        floored.append(_count(size + 2 * one - reach, stride, False))
        ceiled.append(_count(size + 2 * one - reach, stride, True))
    return False if asked == floored else True if asked == ceiled else None


def _count(room: int, stride: int, ceil: bool) -> int:
    return (-(-room // stride) if ceil else room // stride) + 1
