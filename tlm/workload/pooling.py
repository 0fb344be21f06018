"""Pooling, as the layers' own where it directly follows one, else as a layer that does nothing but pool."""

from __future__ import annotations

from typing import Any

import torch

from .builder import Builder, NotModelled
from .layer import Pool
from .values import Value

Pair = tuple[int, int]


def max_pool2d(
    builder: Builder,
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Any:
    """The largest of each window and, with `return_indices`, where it was."""
    if pair(dilation) != (1, 1):
        raise NotModelled(f"has dilation {dilation}: only 1 is modelled")
    places = builder.real[1] if return_indices else None
    if places is not None:
        builder.real = builder.real[0]
    pool = Pool("max", pair(kernel_size), pair(stride or kernel_size), pair(padding), _out(builder))
    largest = _pooled(builder, x, pool)
    return largest if places is None else (largest, builder.derived(places, (1,)))


def max_pool2d_with_indices(builder: Builder, x: Value, *options: Any, **named: Any) -> Any:
    """The largest of each window and where it was."""
    return max_pool2d(builder, x, *options[:5], **{**named, "return_indices": True})


def avg_pool2d(
    builder: Builder,
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Value:
    """The average of each window, over what of it lies in the map and, with `count_include_pad`, in the padding."""
    around = pair(padding)
    counted = around if count_include_pad else (0, 0)
    pool = Pool("average", pair(kernel_size), pair(stride or kernel_size), around, _out(builder), counted)
    if divisor_override is not None and (pool.counts(_size(x)) != divisor_override).any():
        raise NotModelled(f"divides by {divisor_override}, not by the number of its values")
    return _pooled(builder, x, pool)


def adaptive_avg_pool2d(builder: Builder, x: Value, output_size: Any) -> Value:
    """The average of each of so many equal windows."""
    return _adaptive(builder, x, "average")


def adaptive_max_pool2d(builder: Builder, x: Value, output_size: Any, return_indices: bool = False) -> Value:
    """The largest of each of so many equal windows."""
    return _adaptive(builder, x, "max")


def max_pool1d(builder: Builder, x: Value, kernel_size: Any, *options: Any, **named: Any) -> Value:
    """The same along one direction."""
    return _in_one_direction(max_pool2d, builder, x, kernel_size, *options, **named)


def avg_pool1d(builder: Builder, x: Value, kernel_size: Any, *options: Any, **named: Any) -> Value:
    """The same along one direction."""
    return _in_one_direction(avg_pool2d, builder, x, kernel_size, *options, **named)


def adaptive_avg_pool1d(builder: Builder, x: Value, output_size: Any) -> Value:
    """The same along one direction."""
    return _in_one_direction(adaptive_avg_pool2d, builder, x, 0)


def adaptive_max_pool1d(builder: Builder, x: Value, output_size: Any, return_indices: bool = False) -> Value:
    """The same along one direction."""
    return _in_one_direction(adaptive_max_pool2d, builder, x, 0)


def mean(builder: Builder, x: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Value:
    """The average over directions of a value, as one window."""
    return _over(builder, x, dim, "average")


def amax(builder: Builder, x: Value, dim: Any = None, keepdim: bool = False) -> Value:
    """The largest over directions of a value, as one window."""
    return _over(builder, x, dim, "max")


def largest(builder: Builder, x: Value, dim: Any = None, keepdim: bool = False) -> Any:
    """The largest over one direction, and where it was."""
    if dim is None:
        return _over(builder, x, None, "max")
    real, places = builder.real
    builder.real = real
    return _over(builder, x, dim, "max"), builder.derived(places, (1,))


def pair(size: Any) -> Pair:
    """A size as torch takes it, for both directions or for each, as (y, x)."""
    if isinstance(size, int):
        return size, size
    return (size[0], size[0]) if len(size) == 1 else (size[0], size[1])


def _over(builder: Builder, x: Value, dim: Any, kind: Any) -> Value:
    dims = range(x.index.ndim) if dim is None or dim == [] else [dim] if isinstance(dim, int) else dim
    inner = sorted(one % x.index.ndim for one in dims)
    outer = [one for one in range(x.index.ndim) if one not in inner]
    sizes = [x.index.shape[one] for one in inner]
    kernel = (sizes[0], sizes[1]) if len(sizes) == 2 else (torch.Size(sizes).numel(), 1)
    index = x.index.permute(*outer, *inner).reshape(-1, *kernel)
    found = builder.tensors.of(index)
    if (
        1 in kernel and len(found) == 1 and found[0].shape == (len(index), kernel[1], kernel[0])
    ):  # a line lies as its tensor does
        kernel = kernel[1], kernel[0]
        index = index.reshape(-1, *kernel)
    return builder.value(builder.move(index, pool=Pool(kind, kernel, kernel, (0, 0), (1, 1))).places())


def _adaptive(builder: Builder, x: Value, kind: Any) -> Value:
    before, after = _size(x), _out(builder)
    kernel = (before[0] // after[0], before[1] // after[1])
    if (kernel[0] * after[0], kernel[1] * after[1]) != before:
        raise NotModelled(f"does not divide a map of {list(before)} evenly into {list(after)}")
    return x if before == after else _pooled(builder, x, Pool(kind, kernel, kernel, (0, 0), after))


def _size(x: Value) -> Pair:
    return x.index.shape[-2], x.index.shape[-1]


def _pooled(builder: Builder, x: Value, pool: Pool) -> Value:
    index = x.index.reshape(-1, *x.index.shape[-2:])
    return builder.value(builder.move(index, pool=pool).places())


def _in_one_direction(
    function: Any,
    builder: Builder,
    x: Value,
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    *options: Any,
    **named: Any,
) -> Value:
    """`function` of maps of height 1."""
    real = builder.real
    builder.real = real.unsqueeze(-2)
    widened = Value(x.real.unsqueeze(-2), x.index.unsqueeze(-2))
    if function in (max_pool2d, avg_pool2d):
        if "dilation" in named:
            named["dilation"] = (1, _single(named["dilation"]))
        kernel = (1, _single(kernel_size))
        sizes = [kernel, (1, _single(stride)) if stride else kernel, (0, _single(padding))]
        made = function(builder, widened, *sizes, *options, **named)
    else:
        made = function(builder, widened, None)
    return Value(real, made.index.reshape(real.shape))


def _single(size: Any) -> int:
    return size if isinstance(size, int) else int(size[0])


def _out(builder: Builder) -> Pair:
    return builder.real.shape[-2], builder.real.shape[-1]
