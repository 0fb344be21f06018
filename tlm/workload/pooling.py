"""The pooling of a torch module on a map of known size."""

from __future__ import annotations

from typing import Any

from torch import nn

from .layer import Pool

Pair = tuple[int, int]


class NotModelled(Exception):
    """Why a layer is refused: a sentence that lacks its subject, the layer."""


def max_pool(module: nn.MaxPool2d, before: Pair, after: Pair) -> Pool:
    """`before` and `after` are the map's (height, width)."""
    refuse_dilation(module.dilation)
    return Pool("max", pair(module.kernel_size), pair(module.stride), pair(module.padding), after)


def average_pool(module: nn.AvgPool2d, before: Pair, after: Pair) -> Pool:
    """`before` and `after` are the map's (height, width); every average must be over the whole kernel."""
    pool = Pool("average", pair(module.kernel_size), pair(module.stride), pair(module.padding), after)
    values = pool.kernel[0] * pool.kernel[1]
    if pool.padding != (0, 0) and not module.count_include_pad:
        raise NotModelled("leaves padding out of its averages: only count_include_pad=True is modelled")
    if module.divisor_override not in (None, values):
        raise NotModelled(f"divides by {module.divisor_override}, not by its {values} values")
    for size, out, kernel, stride, padding in zip(before, after, pool.kernel, pool.stride, pool.padding, strict=True):
        if (out - 1) * stride + kernel > size + 2 * padding:
            raise NotModelled("averages windows that overhang the map: only ceil_mode=False is modelled")
    return pool


def adaptive_pool(_module: nn.AdaptiveAvgPool2d, before: Pair, after: Pair) -> Pool | None:
    """`before` and `after` are the map's (height, width); None where nothing changes."""
    kernel = (before[0] // after[0], before[1] // after[1])
    if (kernel[0] * after[0], kernel[1] * after[1]) != before:
        raise NotModelled(f"does not divide a map of {list(before)} evenly into {list(after)}")
    return None if before == after else Pool("average", kernel, kernel, (0, 0), after)


def refuse_dilation(dilation: Any) -> None:
    """Only windows without gaps are modelled."""
    if pair(dilation) != (1, 1):
        raise NotModelled(f"has dilation {dilation}: only 1 is modelled")


def pair(size: Any) -> Pair:
    """A size as torch takes it, for both directions or for each, as (y, x)."""
    return (size, size) if isinstance(size, int) else (size[0], size[1])
