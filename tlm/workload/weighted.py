"""Operations with weights: convolutions, fully connected layers, normalisation and other affine ones."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from .builder import Builder, NotModelled, Refused
from .pooling import pair
from .quantisation import Reals
from .stage import Affine, Product
from .values import ZERO, Stored, Value, channel_map, from_channel_map


def conv2d(
    builder: Builder,
    x: Value,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """A convolution; zeros that were padded on before it become padding of its own."""
    filters = _constant(weight)
    index = x.index if x.index.ndim == 4 else x.index.unsqueeze(0)
    if len(index) != 1:
        raise NotModelled(f"is given {list(x.real.shape)}: only one map an image is modelled")
    kernel, gaps = (filters.shape[2], filters.shape[3]), pair(dilation)
    own = _padding(padding, kernel, gaps)
    inner, padded = without_zeros(index[0])
    sources, shapes = builder.map_operands(inner)
    out = (builder.real.shape[-3], builder.real.shape[-2], builder.real.shape[-1])
    work = Product(
        builder.layer,
        filters,
        None if bias is None else _constant(bias),
        pair(stride),
        (own[0] + padded[0], own[1] + padded[1]),
        gaps,
        groups,
    )
    return builder.value(builder.emit(work, sources, shapes, out).places())


def conv1d(
    builder: Builder,
    x: Value,
    weight: Any,
    bias: Any = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
) -> Value:
    """A convolution over maps of height 1."""
    flat = padding if isinstance(padding, str) else (0, _single(padding))
    real = builder.real
    builder.real = real.unsqueeze(-2)
    made = conv2d(
        builder,
        Value(x.real.unsqueeze(-2), x.index.unsqueeze(-2)),
        _constant(weight).unsqueeze(2),
        bias,
        (1, _single(stride)),
        flat,
        (1, _single(dilation)),
        groups,
    )
    return Value(real, made.index.reshape(real.shape))


def linear(builder: Builder, x: Value, weight: Any, bias: Any = None) -> Value:
    """A fully connected layer on one vector, or on each of several: then a convolution of 1 x 1."""
    if isinstance(weight, Value):
        raise NotModelled("has weights that are computed from the input")
    columns, offset = _constant(weight), None if bias is None else _constant(bias)
    filters, channels = columns.shape
    rows = x.index.reshape(-1, channels)
    if len(rows) == 1:
        sources, order = builder.vector_operands(rows[0])
        work = Product(builder.layer, columns, offset, columns=order)
        return builder.value(builder.emit(work, sources, [one.shape for one in sources], (filters,)).places())
    height, width = (x.index.shape[1], x.index.shape[2]) if _is_grid(x.index) else (len(rows), 1)
    index = rows.reshape(height, width, channels).permute(2, 0, 1)
    sources, shapes = builder.map_operands(index)
    work = Product(builder.layer, columns[:, :, None, None], offset)
    made = builder.emit(work, sources, shapes, (filters, height, width))
    return builder.value(made.places().permute(1, 2, 0))


def addmm(builder: Builder, bias: Any, x: Value, weight: Any) -> Value:
    """bias + x @ weight."""
    return linear(builder, x, _constant(weight).T, bias)


def normalise(
    builder: Builder,
    x: Value,
    running_mean: Any,
    running_var: Any,
    weight: Any = None,
    bias: Any = None,
    *options: Any,
) -> Value:
    """Batch normalisation of what is known, its running statistics; `options` are training, momentum and eps."""
    training, _momentum, eps = options if options else (False, 0.1, 1e-5)
    if training or running_mean is None or running_var is None:
        raise NotModelled("keeps no running statistics, so it cannot be folded")
    gain = 1.0 / np.sqrt(_reals(running_var) + eps)
    mean = _reals(running_mean)
    if weight is not None:
        gain = gain * _reals(weight)
    shift = -gain * mean if bias is None else _reals(bias) - gain * mean
    return affine(builder, x, gain, shift)


def batch_norm(builder: Builder, x: Value, weight: Any, bias: Any, mean: Any, variance: Any, *options: Any) -> Value:
    """The same, with its arguments in the order of torch.batch_norm."""
    return normalise(builder, x, mean, variance, weight, bias, *options[:3])


def native_batch_norm(
    builder: Builder, x: Value, weight: Any, bias: Any, mean: Any, variance: Any, momentum: float, eps: float
) -> Any:
    """The same, as graphs without changes in place have it: with statistics of the images, that are none."""
    builder.real, *none = builder.real
    return normalise(builder, x, mean, variance, weight, bias, False, momentum, eps), *none


def affine(builder: Builder, x: Value, gain: Reals, shift: Reals, channel: int = 1) -> Value:
    """A depthwise convolution of 1 x 1: each place along direction `channel` of `x` has its own gain and shift."""
    made = affine_map(builder, channel_map(x.index, channel), gain, shift)
    return builder.value(from_channel_map(made.places(), x.index.shape, channel))


def affine_map(builder: Builder, index: Tensor, gain: Reals, shift: Reals) -> Stored:
    """The same of a map `index` [C, H, W], whose channels have `gain` and `shift`, [C] or one for all."""
    channels = len(index)
    sources, shapes = builder.map_operands(index)
    whole = Affine(np.broadcast_to(gain, channels).copy(), np.broadcast_to(shift, channels).copy())
    ones = torch.ones(channels, 1, 1, 1)
    work = Product(builder.layer, ones, None, groups=channels, affine=whole, scales_only=True)
    return builder.emit(work, sources, shapes, tuple(index.shape))


def without_zeros(index: Tensor) -> tuple[Tensor, tuple[int, int]]:
    """A map [C, H, W] without the rows and columns around it that are all zero, and (above, left) how many were."""
    real = (index != ZERO).any(0)
    rows, columns = (torch.nonzero(real.any(axis)).flatten().tolist() for axis in (1, 0))
    if not rows:
        raise Refused("is given nothing but zeros")
    return index[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], (rows[0], columns[0])


def _padding(padding: Any, kernel: tuple[int, int], dilation: tuple[int, int]) -> tuple[int, int]:
    """What is added above and to the left."""
    if padding == "valid":
        return 0, 0
    if padding == "same":
        return (kernel[0] - 1) * dilation[0] // 2, (kernel[1] - 1) * dilation[1] // 2
    return pair(padding)


def _is_grid(index: Tensor) -> bool:
    return index.ndim == 4 and len(index) == 1


def _single(size: Any) -> int:
    return size if isinstance(size, int) else int(size[0])


def _constant(values: Any) -> Tensor:
    """A constant in the precision of all layers."""
    if isinstance(values, Value):
        raise NotModelled("has weights that are computed from the input")
    constant: Tensor = values.detach().float()
    least, most = torch.aminmax(constant)  # which pass on what is no number
    if not math.isfinite(least.item() + most.item()):
        raise Refused("has weights that are not finite numbers")
    return constant


def _reals(values: Any) -> Reals:
    return np.asarray(_constant(values).numpy().astype(np.float64))
