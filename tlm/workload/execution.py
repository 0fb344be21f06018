"""One layer executed in torch int64: accumulators, requantisation, pooling."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import nn

from . import quantisation as q
from .chain import Stage
from .folding import Weights
from .layer import Ints, Layer, Pool, Requant
from .quantisation import Reals

Pair = tuple[int, int]


def execute(stage: Stage, weights: Weights, tensor: Ints, out_scale: float | None, bits: int) -> Layer:
    """The layer that `stage` is, for its input codes `tensor`.

    `out_scale` is the scale of its outputs; None, the last layer's, means: by its own largest magnitude.
    """
    codes = weights.codes
    if stage.flattened is not None:
        codes = _as_streams(codes.reshape(len(codes), *stage.flattened))
    if stage.kind == "fc" and tensor.ndim == 4:
        tensor = _as_streams(tensor)
    stride, padding, groups = _geometry(stage.module)
    accumulators = _accumulate(stage, tensor, codes, weights.bias)
    signed = not stage.relu
    if out_scale is None:
        reals = real_values(accumulators, weights.real)
        out_scale = q.scale_for(float(reals.min()), float(reals.max()), bits, signed)
    requant = q.requant_for(weights.real / out_scale, weights.bound(2**bits - 1), bits, signed)
    outputs = _requantise(accumulators, requant)
    return Layer(
        name=stage.name,
        kind=stage.kind,
        inputs=tensor,
        weights=codes,
        bias=weights.bias,
        accumulators=accumulators,
        outputs=_pool(outputs, stage.pool) if stage.pool else outputs,
        stride=stride,
        padding=padding,
        groups=groups,
        bits=bits,
        act_bits=q.activation_width(tensor),
        weight_bits=q.signed_width(codes),
        requant=requant,
        pool=stage.pool,
    )


def real_values(accumulators: Ints, real: Reals) -> Reals:
    """Accumulators [N, F, ...] times the real value of an accumulator of 1, [1] or [F]."""
    reals: Reals = accumulators * _per_filter(real, accumulators.ndim)
    return reals


def _as_streams(maps: Ints) -> Ints:
    """[N, C, H, W] as streams [N, H*W*C]: channel fastest, then x, then y."""
    return np.ascontiguousarray(maps.transpose(0, 2, 3, 1).reshape(len(maps), -1))


def _geometry(module: nn.Conv2d | nn.Linear) -> tuple[Pair, Pair, int]:
    """(stride, padding, groups)."""
    if isinstance(module, nn.Linear):
        return (1, 1), (0, 0), 1
    height, width = module.kernel_size
    named = {"valid": (0, 0), "same": (height // 2, width // 2)}
    padding = named[module.padding] if isinstance(module.padding, str) else module.padding
    return (module.stride[0], module.stride[1]), (padding[0], padding[1]), module.groups


def _accumulate(stage: Stage, tensor: Ints, codes: Ints, bias: Ints | None) -> Ints:
    """int64 [N, F, Oy, Ox] or [N, F]."""
    values, weights = (torch.from_numpy(array.astype(np.int64)) for array in (tensor, codes))
    offset = None if bias is None else torch.from_numpy(bias)
    if stage.kind == "fc":
        return F.linear(values, weights, offset).numpy()
    stride, padding, groups = _geometry(stage.module)
    return F.conv2d(values, weights, offset, stride, padding, groups=groups).numpy()


def _requantise(accumulators: Ints, requant: Requant) -> Ints:
    """The rule of `Requant`, as int32."""
    multiplier = torch.from_numpy(_per_filter(requant.multiplier, accumulators.ndim))
    shift = torch.from_numpy(_per_filter(requant.shift, accumulators.ndim))
    half = torch.ones_like(shift) << (shift - 1)
    scaled = ((torch.from_numpy(accumulators) * multiplier + half) >> shift) + requant.zero
    return scaled.clamp(requant.low, requant.high).to(torch.int32).numpy()


def _pool(maps: Ints, pool: Pool) -> Ints:
    """The rule of `Pool`, on [N, F, Y, X], as int32."""
    least = torch.iinfo(torch.int32).min if pool.kind == "max" else 0
    padded = F.pad(torch.from_numpy(maps), _padding(pool, maps.shape[2:]), value=least)
    windows = padded.unfold(2, pool.kernel[0], pool.stride[0]).unfold(3, pool.kernel[1], pool.stride[1])
    windows = windows[:, :, : pool.out[0], : pool.out[1]]
    if pool.kind == "max":
        return windows.amax(dim=(4, 5)).numpy()
    size = pool.kernel[0] * pool.kernel[1]
    sums = windows.to(torch.int64).sum(dim=(4, 5))
    return ((2 * sums + size) // (2 * size)).to(torch.int32).numpy()


def _padding(pool: Pool, map_size: tuple[int, ...]) -> list[int]:
    """What F.pad adds: the pool's padding, and on the far sides as much as the last window overhangs."""
    far = []
    for axis in (1, 0):
        reach = (pool.out[axis] - 1) * pool.stride[axis] + pool.kernel[axis]
        over = max(reach - map_size[axis] - pool.padding[axis], 0)
        far += [pool.padding[axis], over]
    return far


def _per_filter(values: npt.NDArray[Any], dims: int) -> npt.NDArray[Any]:
    """[1] or [F], shaped to multiply [N, F, ...] of `dims` dimensions."""
    return values.reshape(1, -1, *[1] * (dims - 2))
