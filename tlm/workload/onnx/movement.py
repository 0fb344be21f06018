"""Operators that only move values about, or put constants beside them."""

from __future__ import annotations

import math
import operator
from typing import Any

import attrs
import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from .call import Call
from .graph import Refused
from .torchgraph import Operand, checked_size


def identity(call: Call, x: Operand, *_more: Operand) -> Operand:
    """What it is given."""
    return x


def dropout(call: Call, x: Operand, _ratio: Operand | None = None, training: Operand | None = None) -> Operand:
    """What it is given, if it is not training."""
    if training is not None and bool(call.constant(training, "training_mode").any()):
        raise Refused("is in its training mode: export the network in evaluation, after network.eval()")
    if len([name for name in call.node.outputs if call.uses.get(name)]) > 1:
        raise Refused("gives its mask, which is not taken")
    return x


def reshape(call: Call, x: Operand, shape: Operand | None = None) -> Operand:
    """0 stands for the size that is there, -1 for what is left."""
    sizes = call.integers(shape, "shape") or []
    if not call.attribute("allowzero", 0):
        sizes = [x.real.shape[place] if size == 0 else size for place, size in enumerate(sizes)]
    return _again(x, call.function(torch.reshape, x, sizes))


def flatten(call: Call, x: Operand) -> Operand:
    """A matrix: all directions before `axis`, and all from there on."""
    axis = int(call.attribute("axis", 1))
    axis = axis + x.real.ndim if axis < 0 else axis
    if axis == 1 and x.real.ndim > 1:
        return _again(x, call.either(nn.Flatten, torch.flatten, x, start_dim=1))
    return call.function(torch.reshape, x, [math.prod(x.real.shape[:axis]), math.prod(x.real.shape[axis:])])


def transpose(call: Call, x: Operand) -> Operand:
    """Directions in another order, by default backwards."""
    order = call.attribute("perm", list(reversed(range(x.real.ndim))))
    return _again(x, call.function(torch.permute, x, list(order)))


def squeeze(call: Call, x: Operand, axes: Operand | None = None) -> Operand:
    """Without directions of size 1."""
    given = call.integers(axes, "axes")
    if given is None:
        return _again(x, call.function(torch.squeeze, x))
    dims = [axis % x.real.ndim for axis in given]
    if any(x.real.shape[dim] != 1 for dim in dims):
        raise Refused(f"takes away directions {given} of {list(x.real.shape)}, which are not of size 1")
    return _again(x, call.function(torch.reshape, x, [n for dim, n in enumerate(x.real.shape) if dim not in dims]))


def unsqueeze(call: Call, x: Operand, axes: Operand | None = None) -> Operand:
    """With further directions of size 1."""
    given = call.integers(axes, "axes") or []
    whole = x.real.ndim + len(given)
    for axis in sorted(axis % whole for axis in given):
        x = _again(x, call.function(torch.unsqueeze, x, axis))
    return x


def concat(call: Call, *parts: Operand) -> Operand:
    """Joined along a direction; empty parts are nothing."""
    axis = int(call.attribute("axis", 1))
    return call.function(torch.cat, [one for one in parts if one.real.numel()] or list(parts), axis)


def split(call: Call, x: Operand, sizes: Operand | None = None) -> Any:
    """Parts along a direction, of equal sizes unless these are told."""
    axis = int(call.attribute("axis", 0))
    given = call.integers(sizes, "split")
    if given is None:
        parts = int(call.attribute("num_outputs", len(call.node.outputs)))
        each = -(-x.real.shape[axis] // parts)
        given = [min(each, x.real.shape[axis] - each * part) for part in range(parts)]
    return call.graph.function(torch.split, x, given, axis)


def slices(
    call: Call,
    x: Operand,
    starts: Operand | None = None,
    ends: Operand | None = None,
    axes: Operand | None = None,
    steps: Operand | None = None,
) -> Operand:
    """Parts of directions, also backwards."""
    first, last = call.integers(starts, "starts") or [], call.integers(ends, "ends") or []
    dims = call.integers(axes, "axes") or list(range(len(first)))
    by = call.integers(steps, "steps") or [1] * len(first)
    for start, end, dim, step in zip(first, last, dims, by, strict=True):
        places = range(x.real.shape[dim])[slice(start, _end(end, step), step)]
        if len(places) == x.real.shape[dim] and step > 0:
            continue
        if step > 0:
            cut: list[Any] = [slice(None)] * x.real.ndim
            cut[dim] = slice(places.start, places.stop, step)
            x = call.function(operator.getitem, x, tuple(cut))
        else:
            x = call.function(torch.index_select, x, dim, Operand(torch.tensor(list(places))))
    return x


def gather(call: Call, x: Operand, indices: Operand) -> Operand:
    """Values of one direction, by their places."""
    axis = int(call.attribute("axis", 0)) % x.real.ndim
    if not indices.is_constant:
        if x.is_constant and axis == 0:
            return call.function(F.embedding, indices, x)
        raise Refused("takes values by places that are computed from the image")
    size = x.real.shape[axis]
    places = torch.where(indices.real < 0, indices.real + size, indices.real)
    if places.ndim == 0:
        return call.function(torch.select, x, axis, int(places))
    flat = call.function(torch.index_select, x, axis, Operand(places.reshape(-1)))
    shape = [*x.real.shape[:axis], *places.shape, *x.real.shape[axis + 1 :]]
    return flat if places.ndim == 1 else call.function(torch.reshape, flat, shape)


def expand(call: Call, x: Operand, shape: Operand) -> Operand:
    """Broadcast with a shape, both ways."""
    sizes = checked_size(np.broadcast_shapes(tuple(x.real.shape), tuple(call.integers(shape, "shape") or ())))
    made: Operand = x if sizes == tuple(x.real.shape) else call.function(torch.broadcast_to, x, sizes)
    return made


def tile(call: Call, x: Operand, repeats: Operand) -> Operand:
    """Repeated along each direction."""
    times = call.integers(repeats, "repeats") or []
    checked_size([size * count for size, count in zip(x.real.shape, times, strict=True)])
    return call.function(torch.tile, x, tuple(times))


def pad(
    call: Call,
    x: Operand,
    pads: Operand | None = None,
    value: Operand | None = None,
    axes: Operand | None = None,
) -> Operand:
    """Values around a tensor: a constant, or from within; sizes below 0 cut off."""
    mode = call.word("mode", "constant", ("constant", "reflect", "edge", "wrap"))
    given = call.integers(pads, "pads" if call.opset > 1 else "paddings") or []
    dims = [axis % x.real.ndim for axis in call.integers(axes, "") or range(x.real.ndim)]
    sizes = [0] * (2 * x.real.ndim)
    for place, dim in enumerate(dims):
        back = 2 * (x.real.ndim - 1 - dim)
        sizes[back : back + 2] = given[place], given[place + len(dims)]
    least = 2 if mode == "constant" else 2 * max(x.real.ndim - 2, 1)
    while len(sizes) > least and sizes[-2:] == [0, 0]:
        del sizes[-2:]
    inner = [
        size + one + other for size, one, other in zip(reversed(x.real.shape), sizes[::2], sizes[1::2], strict=False)
    ]
    checked_size([*x.real.shape[: x.real.ndim - len(inner)], *inner])
    name = {"edge": "replicate", "wrap": "circular"}.get(mode, mode)
    made: Operand = (
        call.function(F.pad, x, sizes, "constant", call.number(value, "value", 0.0))
        if mode == "constant"
        else call.function(F.pad, x, sizes, name)
    )
    return made


def depth_to_space(call: Call, x: Operand) -> Operand:
    """Channels to blocks of the map."""
    size = int(call.attribute("blocksize", 1))
    if call.attribute("mode", "DCR") == "CRD":
        return call.function(F.pixel_shuffle, x, size)
    n, channels, height, width = x.real.shape
    made = call.function(torch.reshape, x, [n, size, size, channels // size**2, height, width])
    made = call.function(torch.permute, made, [0, 3, 4, 1, 5, 2])
    return call.function(torch.reshape, made, [n, channels // size**2, height * size, width * size])


def space_to_depth(call: Call, x: Operand) -> Operand:
    """Blocks of the map to channels."""
    size = int(call.attribute("blocksize", 1))
    n, channels, height, width = x.real.shape
    made = call.function(torch.reshape, x, [n, channels, height // size, size, width // size, size])
    made = call.function(torch.permute, made, [0, 3, 5, 1, 2, 4])
    return call.function(torch.reshape, made, [n, channels * size**2, height // size, width // size])


def _end(end: int, step: int) -> int | None:
    """Where a slice backwards goes on to the first value, however the file says so."""
    return None if step < 0 and end < -(2**31) + 2 else end


def _again(x: Operand, made: Operand) -> Operand:
    """What is the same initialiser, turned or reshaped, or stored in the same codes."""
    return attrs.evolve(made, source=x.source) if made.is_constant else attrs.evolve(made, codes=x.codes)
