"""The contract of `Layer` in plain Python integers: what every captured layer must have computed from its operands."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import numpy.typing as npt

from tlm.workload.layer import Layer, Pointwise, Pool, Workload, stream

Maps = npt.NDArray[np.integer[Any]]


def by_hand(layer: Layer) -> tuple[Maps, Maps]:
    """A layer's (accumulators, outputs) from its operands."""
    accumulators = np.stack([image_by_hand(layer, image) for image in range(layer.images)])
    outputs = requantise(accumulators, layer)
    if layer.table is not None:
        outputs = look_up(outputs, layer)
    if layer.pool:
        outputs = np.stack([[pool_map(m, layer.pool) for m in image] for image in outputs])
    return accumulators, outputs


def image_by_hand(layer: Layer, image: int) -> Maps:
    if layer.kind == "pointwise":
        return combine(layer, [part[image] for part in layer.operands])
    values, weights = layer.inputs[image].astype(np.int64), layer.weights
    if layer.kind == "fc":
        return convolve(values[:, None, None], weights[:, :, None, None], layer)[:, 0, 0]
    return convolve(values, weights, layer)


def convolve(image: Maps, weights: Maps, layer: Layer) -> Maps:
    """[C, H, W] to [F, Oy, Ox]."""
    (stride_y, stride_x), (pad_y, pad_x), (gap_y, gap_x) = layer.stride, layer.padding, layer.dilation
    filters, depth, height, width = weights.shape
    out = np.zeros((filters, *layer.out_size), np.int64)
    for f, oy, ox in np.ndindex(out.shape):
        first = f // (filters // layer.groups) * depth
        total = 0 if layer.bias is None else int(layer.bias[f])
        for c, ky, kx in itertools.product(range(depth), range(height), range(width)):
            y, x = oy * stride_y + ky * gap_y - pad_y, ox * stride_x + kx * gap_x - pad_x
            inside = 0 <= y < image.shape[1] and 0 <= x < image.shape[2]
            code = int(image[first + c, y, x]) if inside else layer.input_zero
            total += (code - layer.input_zero) * (int(weights[f, c, ky, kx]) - layer.weight_zero)
        out[f, oy, ox] = total
    return out


def combine(layer: Layer, parts: list[Maps]) -> Maps:
    rule = layer.pointwise
    assert rule is not None
    values = [part.astype(np.int64) - zero for part, zero in zip(parts, rule.zeros, strict=True)]
    shape = layer.accumulators.shape[1:]
    out = np.zeros(shape, np.int64)
    if rule.op == "move":
        return moved(rule, values, shape)
    for place in np.ndindex(shape):
        out[place] = single(rule, values, place, shape)
    return out


def moved(rule: Pointwise, values: list[Maps], shape: tuple[int, ...]) -> Maps:
    assert rule.index is not None
    streams = np.concatenate([m * stream(part) for m, part in zip(rule.multipliers, values, strict=True)])
    return np.array([streams[place] if place >= 0 else 0 for place in rule.index.tolist()]).reshape(shape)


def single(rule: Pointwise, values: list[Maps], place: tuple[int, ...], shape: tuple[int, ...]) -> int:
    def at(part: Maps, where: tuple[int, ...]) -> int:
        return int(part[tuple(0 if size == 1 else one for size, one in zip(part.shape, where, strict=True))])

    if rule.op == "add":
        return sum(m * at(part, place) for m, part in zip(rule.multipliers, values, strict=True))
    if rule.op == "multiply":
        return at(values[0], place) * at(values[1], place)
    gates, cell = values
    hidden, h = shape[0], place[0]
    i, f, g, o = (int(gates[gate * hidden + h]) for gate in range(4))
    if rule.op == "lstm-cell":
        return rule.multipliers[0] * f * int(cell[h]) + rule.multipliers[1] * i * g
    assert rule.table is not None
    return o * int(rule.table[int(cell[h]) + (len(rule.table) - 1) // 2])


def requantise(accumulators: Maps, layer: Layer) -> Maps:
    rule = layer.requant
    assert rule is not None
    out = np.zeros(accumulators.shape, np.int64)
    for place in np.ndindex(accumulators.shape):
        m, s = (int(values[place[1] % len(values)]) for values in (rule.multiplier, rule.shift))
        value = ((int(accumulators[place]) * m + 2 ** (s - 1)) >> s) + rule.zero
        out[place] = min(max(value, rule.low), rule.high)
    return out


def look_up(codes: Maps, layer: Layer) -> Maps:
    assert layer.table is not None and layer.requant is not None
    out = np.zeros_like(codes)
    for place in np.ndindex(codes.shape):
        which = place[1] * len(layer.table) // codes.shape[1]
        out[place] = layer.table[which, codes[place] - layer.requant.low]
    return out


def pool_map(values: Maps, pool: Pool) -> list[list[int]]:
    return [[pool_window(values, pool, y, x) for x in range(pool.out[1])] for y in range(pool.out[0])]


def pool_window(values: Maps, pool: Pool, oy: int, ox: int) -> int:
    ys = range(oy * pool.stride[0] - pool.padding[0], oy * pool.stride[0] - pool.padding[0] + pool.kernel[0])
    xs = range(ox * pool.stride[1] - pool.padding[1], ox * pool.stride[1] - pool.padding[1] + pool.kernel[1])
    inside = [int(values[y, x]) for y in ys for x in xs if 0 <= y < values.shape[0] and 0 <= x < values.shape[1]]
    if pool.kind == "max":
        return max(inside)
    (height, width), (around_y, around_x) = values.shape, pool.counted
    n = sum(-around_y <= y < height + around_y and -around_x <= x < width + around_x for y in ys for x in xs)
    return (2 * sum(inside) + n) // (2 * n)


def streams(tensor: Maps) -> Maps:
    return np.stack([stream(image) for image in tensor])


def check_exact(workload: Workload) -> None:
    """Every layer is what loops make of its operands, and these are what earlier layers put out."""
    tensors: dict[int, Maps] = {}
    for number, layer in enumerate(workload.layers):
        for source, part in zip(workload.sources(number), layer.operands, strict=True):
            assert source < workload.output(number), layer.name
            assert np.array_equal(tensors.setdefault(source, streams(part)), streams(part)), layer.name
        check_joined(layer)
        if layer.kind != "other":
            accumulators, outputs = by_hand(layer)
            assert np.array_equal(layer.accumulators, accumulators), layer.name
            assert np.array_equal(layer.outputs, outputs), layer.name
        tensors[workload.output(number)] = streams(layer.outputs)
        assert layer.accumulators.dtype == np.int64
        assert {layer.inputs.dtype, layer.weights.dtype, layer.outputs.dtype} == {np.dtype(np.int32)}
    assert all(number in tensors for number in workload.given)


def check_joined(layer: Layer) -> None:
    """The input is the operands, joined as the layer says."""
    if not layer.parts:
        return
    if layer.join == "channels":
        assert np.array_equal(layer.inputs, np.concatenate(layer.parts, axis=1)), layer.name
    else:
        assert np.array_equal(layer.inputs, np.concatenate([streams(part) for part in layer.parts], axis=1)), layer.name
