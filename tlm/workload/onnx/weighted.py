"""Operators with weights: convolutions, matrix products, normalisation."""

from __future__ import annotations

from typing import Any

import attrs
import torch
import torch.nn.functional as F
from torch import nn

from .call import Call
from .graph import Refused
from .padding import around, zero_padded
from .torchgraph import Operand

_CONV: tuple[type[Any], ...] = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_TRANSPOSED: tuple[type[Any], ...] = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
_BATCH_NORM: tuple[type[Any], ...] = (nn.BatchNorm1d, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def conv(call: Call, x: Operand, weight: Operand, bias: Operand | None = None) -> Operand:
    """A convolution; padding that is not the same on both sides is done beforehand."""
    directions = _directions(weight)
    filters = call.constant(weight, "weights")
    kernel = tuple(filters.shape[2:])
    strides, dilations = (tuple(call.attribute(name, [1] * directions)) for name in ("strides", "dilations"))
    groups = int(call.attribute("group", 1))
    before, after = around(call, x, kernel, strides, dilations)
    if before != after:
        x, before = zero_padded(call, x, before, after), (0,) * directions
    made = _CONV[directions - 1](
        filters.shape[1] * groups, len(filters), kernel, strides, before, dilations, groups, device="meta"
    )
    return call.weighted(made, x, {"weight": weight, "bias": _needed(bias)})


def conv_transpose(call: Call, x: Operand, weight: Operand, bias: Operand | None = None) -> Operand:
    """A transposed convolution with the same padding on both sides."""
    directions = _directions(weight)
    filters = call.constant(weight, "weights")
    kernel = tuple(filters.shape[2:])
    strides, dilations = (tuple(call.attribute(name, [1] * directions)) for name in ("strides", "dilations"))
    if call.attribute("output_shape") or call.attribute("auto_pad", "NOTSET") not in ("NOTSET", "VALID"):
        raise Refused("leaves its padding open: only pads and output_padding are taken")
    before, after = around(call, x, kernel, strides, dilations)
    if before != after:
        raise Refused("has padding that is not the same on both sides")
    groups = int(call.attribute("group", 1))
    more = tuple(call.attribute("output_padding", [0] * directions))
    sizes = (len(filters), filters.shape[1] * groups, kernel, strides, before, more, groups, True, dilations)
    made = _TRANSPOSED[directions - 1](*sizes, device="meta")
    return call.weighted(made, x, {"weight": weight, "bias": _needed(bias)})


def gemm(call: Call, x: Operand, weight: Operand, bias: Operand | None = None) -> Operand:
    """A fully connected layer: alpha x' W' + beta bias."""
    alpha, beta = (float(call.attribute(name, 1.0)) for name in ("alpha", "beta"))
    if call.attribute("transA", 0):
        x = call.function(torch.transpose, x, 0, 1)
    columns = weight if call.attribute("transB", 0) else turned(call, weight)
    if not columns.is_constant or x.is_constant:
        return _product(call, x, columns, bias, alpha, beta)
    offset = _needed(bias)
    if offset is not None:
        offset = _row(call, offset, len(columns.real), beta)
    if alpha != 1:
        columns = attrs.evolve(columns, real=columns.real * alpha)
    return linear(call, x, columns, offset)


def _product(call: Call, x: Operand, columns: Operand, bias: Operand | None, alpha: float, beta: float) -> Operand:
    made = call.function(torch.matmul, x, turned(call, columns))
    made = made if alpha == 1 else call.function(torch.mul, made, alpha)
    if bias is None:
        return made
    return call.function(torch.add, made, bias if beta == 1 else call.function(torch.mul, bias, beta))


def matmul(call: Call, x: Operand, y: Operand) -> Operand:
    """A product of matrices; with a constant one on the right it is a fully connected layer."""
    if not x.is_constant and y.is_constant and y.real.ndim == 2:
        return linear(call, x, turned(call, y), None)
    return call.function(torch.matmul, x, y)


def linear(call: Call, x: Operand, columns: Operand, bias: Operand | None) -> Operand:
    """A fully connected layer of weights `columns` [filters, channels]."""
    filters, channels = columns.real.shape
    made = nn.Linear(channels, filters, bias is not None, device="meta")
    return call.weighted(made, x, {"weight": columns, "bias": bias})


def add(call: Call, x: Operand, y: Operand) -> Operand:
    """A sum; a constant that nothing but a fully connected layer without one is added to is its bias."""
    for place, (one, other) in enumerate(((x, y), (y, x))):
        module = call.graph.made_by(one)
        if not isinstance(module, nn.Linear) or module.bias is not None or not call.is_read_once(place):
            continue
        if other.is_constant and list(other.real.shape) == [module.out_features]:
            return call.graph.with_bias(one, module, other.real)
    return call.pointwise(torch.add, x, y)


def batch_norm(call: Call, x: Operand, scale: Operand, bias: Operand, mean: Operand, variance: Operand) -> Operand:
    """Normalisation by statistics that are known."""
    if call.attribute("training_mode", 0) or call.attribute("spatial", 1) == 0:
        raise Refused("is in its training mode: export the network in evaluation, after network.eval()")
    eps = float(call.attribute("epsilon", 1e-5))
    kind = _BATCH_NORM[min(max(x.real.ndim - 2, 0), 3)]
    module = kind(x.real.shape[1], eps, device="meta")
    module.num_batches_tracked = torch.tensor(0)
    weights = {"weight": scale, "bias": bias, "running_mean": mean, "running_var": variance}
    return call.weighted(module, x, weights)


def layer_norm(call: Call, x: Operand, scale: Operand, bias: Operand | None = None) -> Operand:
    """Normalisation over the last directions."""
    axis = int(call.attribute("axis", -1)) % x.real.ndim
    shape = list(x.real.shape[axis:])
    if list(scale.real.shape) != shape:
        scale = call.function(torch.broadcast_to, scale, shape)
    module = nn.LayerNorm(shape, float(call.attribute("epsilon", 1e-5)), bias=bias is not None, device="meta")
    return call.weighted(module, x, {"weight": scale, "bias": bias})


def instance_norm(call: Call, x: Operand, scale: Operand, bias: Operand) -> Operand:
    """Normalisation of each map by its own statistics."""
    eps = float(call.attribute("epsilon", 1e-5))
    return call.function(F.instance_norm, x, weight=scale, bias=bias, eps=eps)


def group_norm(call: Call, x: Operand, scale: Operand, bias: Operand) -> Operand:
    """Normalisation of groups of maps; up to opset 20 with a factor for each group."""
    groups, eps = int(call.attribute("num_groups", 1)), float(call.attribute("epsilon", 1e-5))
    if len(scale.real) != x.real.shape[1]:
        each = x.real.shape[1] // groups
        scale, bias = (call.function(torch.repeat_interleave, one, each) for one in (scale, bias))
    return call.function(F.group_norm, x, groups, scale, bias, eps)


def local_response_norm(call: Call, x: Operand) -> Operand:
    """Normalisation by the channels around each."""
    numbers = {"alpha": 1e-4, "beta": 0.75, "bias": 1.0}
    alpha, beta, bias = (float(call.attribute(name, usual)) for name, usual in numbers.items())
    options = {"size": int(call.attribute("size", 1)), "alpha": alpha, "beta": beta, "k": bias}
    return call.either(nn.LocalResponseNorm, F.local_response_norm, x, **options)


def prelu(call: Call, x: Operand, slope: Operand) -> Operand:
    """A slope for what is below 0: one for all values or one for each channel."""
    slopes = call.constant(slope, "slopes")
    channels = x.real.shape[1] if x.real.ndim > 1 else 1
    lies = list(slopes.shape) == [channels, *[1] * (x.real.ndim - 2)]
    if slopes.numel() != 1 and not lies and list(slopes.shape) != [1, channels, *[1] * (x.real.ndim - 2)]:
        raise Refused(f"has slopes of shape {list(slopes.shape)}: one for all or one a channel are taken")
    flat = attrs.evolve(slope, real=slopes.reshape(-1))
    return call.weighted(nn.PReLU(slopes.numel(), device="meta"), x, {"weight": flat})


def turned(call: Call, matrix: Operand) -> Operand:
    """A matrix with its directions exchanged; the same initialiser, if it is one."""
    made = call.function(torch.transpose, matrix, 0, 1)
    codes = matrix.codes
    if codes is not None and codes.values is not None:
        codes = attrs.evolve(codes, values=codes.values.T)
    return attrs.evolve(made, source=matrix.source, codes=codes)


def _needed(bias: Operand | None) -> Operand | None:
    """A bias; none where it is zeros that the file computes, as torch's newer exporter has them."""
    made_up = bias is not None and bias.is_constant and not bias.source and not bool(bias.real.any())
    return None if made_up else bias


def _row(call: Call, bias: Operand, filters: int, beta: float) -> Operand:
    """A bias [filters] from one that is broadcast."""
    values = call.constant(bias, "a bias")
    if values.ndim > 1 and values.shape[0] != 1:
        raise Refused(f"has a bias of shape {list(values.shape)}: one number a filter is taken")
    values = values.reshape(-1).expand(filters)
    return attrs.evolve(bias, real=values if beta == 1 else values * beta)


def _directions(weight: Operand) -> int:
    directions = weight.real.ndim - 2
    if not 1 <= directions <= 3:
        raise Refused(f"has weights of shape {list(weight.real.shape)}: maps of 1 to 3 directions are taken")
    return directions
