"""One layer executed in integers on all images: accumulators, requantisation, table, pooling.

Weighted layers follow `Layer`, pointwise ones `Pointwise`, the rest `Requant` and `Pool`. A sum whose operands have
different scales takes them to one: operand i is multiplied by m_i = round(scale_i / unit), the unit being the largest
scale over 2^16 (2^14 where products are summed); operands of one scale have m_i = 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from . import quantisation as q
from .calibration import Range
from .folding import Weights
from .layer import Ints, Kind, Layer, Pointwise, Pool, Requant
from .quantisation import Reals
from .reader import bad
from .reference import accumulate
from .scales import Coding
from .stage import Combination, Product, Stage, Unmodelled, gathered, join_streams, pool_padding
from .tables import Table, table_for
from .values import Shape, stream_order

FACTOR_BITS = {"add": 16, "move": 16, "lstm-cell": 14}


@attrs.frozen(eq=False)
class Operands:
    """What a layer reads: codes [N, *shape] of each operand, and their codings."""

    parts: tuple[Ints, ...]
    codings: tuple[Coding, ...]


@attrs.frozen(eq=False)
class Sums:
    """Accumulators, the real value of 1 ([1] or [F]) and the largest magnitude one can have (likewise)."""

    accumulators: Ints
    real: Reals
    bound: Ints
    pointwise: Pointwise | None = None


def executed(
    stage: Stage,
    operands: Operands,
    weights: Weights | None,
    coding: Coding,
    looked_up: Range | None = None,
    by_sums: bool = False,
) -> Layer:
    """The layer that `stage` is.

    `weights` are those of a convolution or fully connected layer, `coding` is that of its outputs; `by_sums`: with the
    scale that the largest magnitude of its accumulators asks for, within the bounds of its activation. `looked_up` is
    the range of the real numbers that its table is looked up by.
    """
    if isinstance(stage.work, Unmodelled):
        return _given(stage, stage.work, operands, coding)
    sums = _summed(stage, operands, weights)
    if by_sums:
        reals = real_values(sums.accumulators, sums.real)
        if stage.activation:
            reals = reals.clip(stage.activation.low, stage.activation.high)
        scale = q.scale_for(float(reals.min()), float(reals.max()), coding.bits, coding.signed)
        coding = attrs.evolve(coding, scale=scale)
    table = table_for(stage.activation, looked_up, coding) if stage.activation and looked_up else None
    requant = _requant(stage, sums, coding, table)
    outputs = requantised(sums.accumulators, requant)
    if table is not None:
        outputs = from_table(table.codes, outputs, requant.low)
    if stage.pool:
        if coding.zero and stage.pool.kind == "average" and stage.pool.counted != (0, 0):
            raise bad(f"layer {stage.name!r} averages padding, whose code is not 0")
        outputs = pooled(outputs, stage.pool)
    return _layer(stage, operands, outputs, sums=sums, weights=weights, requant=requant, table=table)


def _summed(stage: Stage, operands: Operands, weights: Weights | None) -> Sums:
    if isinstance(stage.work, Product):
        assert weights is not None
        return _product(stage, stage.work, operands, weights)
    assert isinstance(stage.work, Combination)
    return _COMBINE[stage.work.op](stage.work, operands, stage.out)


def _product(stage: Stage, work: Product, operands: Operands, weights: Weights) -> Sums:
    coding = operands.codings[0]
    out = (stage.out[1], stage.out[2]) if work.kind == "conv" else None
    accumulators = accumulate(
        work.kind,
        joined(work.kind, operands.parts),
        weights.codes,
        stride=work.stride,
        padding=work.padding,
        groups=work.groups,
        dilation=work.dilation,
        out=out,
        zeros=(coding.zero, weights.zero),
    )
    if weights.bias is not None:
        accumulators += per_filter(weights.bias, accumulators.ndim)
    return Sums(accumulators, weights.real, weights.bound(2**coding.bits - 1))


def joined(kind: str, parts: tuple[Ints, ...]) -> Ints:
    """The input of a layer of several operands: along the channels for a convolution, else as streams."""
    if kind == "conv":
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return np.ascontiguousarray(join_streams(tuple(torch.from_numpy(part) for part in parts)).numpy())


def _wide(operands: Operands) -> list[Tensor]:
    """Operands without their zeros, int64."""
    pairs = zip(operands.parts, operands.codings, strict=True)
    return [torch.from_numpy(part).to(torch.int64) - coding.zero for part, coding in pairs]


def _most(operands: Operands) -> int:
    """No operand without its zero is larger."""
    return int(2 ** operands.codings[0].bits - 1)


def _factors(scales: list[float], op: str) -> tuple[tuple[int, ...], float]:
    """What operands of `scales` are multiplied by, and the real value of their sum's 1."""
    size = max(abs(scale) for scale in scales)
    if all(abs(scale) == size for scale in scales):
        return tuple(1 if scale > 0 else -1 for scale in scales), size
    unit = size / 2 ** FACTOR_BITS[op]
    return tuple(round(scale / unit) for scale in scales), unit


def _sums(accumulators: Tensor, real: float, bound: int, pointwise: Pointwise) -> Sums:
    return Sums(np.ascontiguousarray(accumulators.numpy()), np.array([real]), np.array([max(bound, 1)]), pointwise)


def _zeros(operands: Operands) -> tuple[int, ...]:
    return tuple(coding.zero for coding in operands.codings)


def _add(work: Combination, operands: Operands, _out: Shape) -> Sums:
    scales = [coding.scale * factor for coding, factor in zip(operands.codings, work.factors, strict=True)]
    factors, unit = _factors(scales, "add")
    terms = [factor * part for factor, part in zip(factors, _wide(operands), strict=True)]
    bound = sum(abs(factor) for factor in factors) * _most(operands)
    made = terms[0]
    for term in terms[1:]:
        made = made + term
    return _sums(made, unit, bound, Pointwise("add", factors, _zeros(operands)))


def _multiply(_work: Combination, operands: Operands, _out: Shape) -> Sums:
    one, other = _wide(operands)
    real = operands.codings[0].scale * operands.codings[1].scale
    return _sums(one * other, real, _most(operands) ** 2, Pointwise("multiply", (), _zeros(operands)))


def _move(work: Combination, operands: Operands, out: Shape) -> Sums:
    scales = [coding.scale * factor for coding, factor in zip(operands.codings, work.factors, strict=True)]
    factors, unit = _factors(scales, "move")
    scaled = [factor * part for factor, part in zip(factors, _wide(operands), strict=True)]
    streams = join_streams(tuple(scaled))
    index = work.index
    if index is None:
        index = stream_order(out).reshape(-1)
    made = gathered(streams, index).reshape(-1, *out)
    bound = max(abs(factor) for factor in factors) * _most(operands)
    return _sums(made, unit, bound, Pointwise("move", factors, _zeros(operands), index.numpy()))


def _cell(_work: Combination, operands: Operands, _out: Shape) -> Sums:
    (gates, cell), (gate_coding, cell_coding) = _wide(operands), operands.codings
    factors, unit = _factors([gate_coding.scale * cell_coding.scale, gate_coding.scale**2], "lstm-cell")
    i, f, g, _o = gates.chunk(4, 1)
    bound = sum(factors) * _most(operands) ** 2
    pointwise = Pointwise("lstm-cell", factors, _zeros(operands))
    return _sums(factors[0] * f * cell + factors[1] * i * g, unit, bound, pointwise)


def _hidden(_work: Combination, operands: Operands, _out: Shape) -> Sums:
    (gates, cell), (gate_coding, cell_coding) = _wide(operands), operands.codings
    least, most = cell_coding.range
    numbers = torch.arange(least, most + 1, dtype=torch.float64) - cell_coding.zero
    largest = q.code_range(cell_coding.bits, True)[1]
    table = torch.round((numbers * cell_coding.scale).tanh() * largest).to(torch.int64)
    made = gates.chunk(4, 1)[3] * table[cell + cell_coding.zero - least]
    pointwise = Pointwise("lstm-hidden", (), _zeros(operands), table=table.to(torch.int32).numpy())
    return _sums(made, gate_coding.scale / largest, _most(operands) ** 2, pointwise)


_COMBINE: dict[str, Callable[[Combination, Operands, Shape], Sums]] = {
    "add": _add,
    "multiply": _multiply,
    "move": _move,
    "lstm-cell": _cell,
    "lstm-hidden": _hidden,
}


def _given(stage: Stage, work: Unmodelled, operands: Operands, coding: Coding) -> Layer:
    """A layer whose outputs torch computes in floating point from the real numbers of its operands."""
    parts = zip(_wide(operands), operands.codings, strict=True)
    reals = tuple((part.double() * coding.scale).float() for part, coding in parts)
    with torch.no_grad():
        made = work.real(reals, stage.out).reshape(-1, *stage.out).numpy()
    codes = np.rint(made.astype(np.float64) / coding.scale) + coding.zero
    outputs = np.clip(codes, *coding.range).astype(np.int32)
    sums = Sums(outputs.astype(np.int64), np.array([coding.scale]), np.array([1]))
    return _layer(stage, operands, outputs, sums=sums)


def _requant(stage: Stage, sums: Sums, coding: Coding, table: Table | None) -> Requant:
    """To the outputs' codes, within the bounds of the activation; or to the codes that a table is looked up by."""
    if table is not None:
        return q.requant_for(sums.real / table.scale, sums.bound, coding.bits, table.signed)
    made = q.requant_for(sums.real / coding.scale, sums.bound, coding.bits, coding.signed)
    low, high = coding.range
    if stage.activation:
        low = max(low, coding.zero + _nearest(stage.activation.low / coding.scale, low))
        high = min(high, coding.zero + _nearest(stage.activation.high / coding.scale, high))
    return attrs.evolve(made, zero=coding.zero, low=low, high=max(low, high))


def _nearest(bound: float, otherwise: int) -> int:
    return round(bound) if math.isfinite(bound) else 2 * otherwise


def requantised(accumulators: Ints, requant: Requant) -> Ints:
    """The rule of `Requant`, as int32."""
    multiplier = torch.from_numpy(per_filter(requant.multiplier, accumulators.ndim))
    shift = torch.from_numpy(per_filter(requant.shift, accumulators.ndim))
    half = torch.ones_like(shift) << (shift - 1)
    scaled = ((torch.from_numpy(accumulators) * multiplier + half) >> shift) + requant.zero
    return scaled.clamp(requant.low, requant.high).to(torch.int32).numpy()


def from_table(table: Ints, codes: Ints, low: int) -> Ints:
    """The rule of `Layer.table`, on [N, F, ...]: filter f's code q becomes table[f * tables // F, q - low]."""
    filters = codes.shape[1]
    which = np.arange(filters) * len(table) // filters
    made: Ints = table[per_filter(which, codes.ndim), codes - low]
    return made


def pooled(maps: Ints, pool: Pool) -> Ints:
    """The rule of `Pool`, on [N, F, Y, X], as int32."""
    least = torch.iinfo(torch.int32).min if pool.kind == "max" else 0
    padded = F.pad(torch.from_numpy(maps), pool_padding(pool, maps.shape[2:]), value=least)
    windows = padded.unfold(2, pool.kernel[0], pool.stride[0]).unfold(3, pool.kernel[1], pool.stride[1])
    windows = windows[:, :, : pool.out[0], : pool.out[1]]
    if pool.kind == "max":
        return windows.amax(dim=(4, 5)).numpy()
    count = torch.from_numpy(pool.counts((maps.shape[2], maps.shape[3])))
    sums = windows.to(torch.int64).sum(dim=(4, 5))
    return ((2 * sums + count) // (2 * count)).to(torch.int32).numpy()


def _layer(
    stage: Stage,
    operands: Operands,
    outputs: Ints,
    *,
    sums: Sums,
    weights: Weights | None = None,
    requant: Requant | None = None,
    table: Table | None = None,
) -> Layer:
    work = stage.work
    kind: Kind = work.kind if isinstance(work, Product) else "other" if requant is None else "pointwise"
    several = len(operands.parts) > 1
    inputs = joined(kind, operands.parts) if several or kind == "fc" else operands.parts[0]
    geometry = {"dilation": work.dilation} if isinstance(work, Product) else {}
    return Layer(
        name=stage.name,
        kind=kind,
        inputs=inputs,
        weights=weights.codes if weights else np.zeros(0, np.int32),
        bias=weights.bias if weights else None,
        accumulators=sums.accumulators,
        outputs=outputs,
        stride=work.stride if isinstance(work, Product) else (1, 1),
        padding=work.padding if isinstance(work, Product) else (0, 0),
        groups=work.groups if isinstance(work, Product) else 1,
        bits=operands.codings[0].bits,
        act_bits=q.activation_width(inputs),
        weight_bits=_weight_bits(weights),
        requant=requant,
        pool=stage.pool,
        input_zero=operands.codings[0].zero if weights else 0,
        weight_zero=weights.zero if weights else 0,
        table=table.codes if table else None,
        pointwise=sums.pointwise,
        parts=operands.parts if several else (),
        join="sequence" if several and kind != "conv" else "channels",
        operation="" if weights else stage.operation,
        other_macs=work.macs if isinstance(work, Unmodelled) else 0,
        full_precision=bool(weights and weights.full_precision),
        **geometry,
    )


def _weight_bits(weights: Weights | None) -> int:
    """The profile precision: of signed codes, or of codes that have a zero of their own."""
    if weights is None:
        return 1
    return q.activation_width(weights.codes) if weights.zero else q.signed_width(weights.codes)


def real_values(accumulators: Ints, real: Reals) -> Reals:
    """Accumulators [N, F, ...] times the real value of an accumulator of 1, [1] or [F]."""
    reals: Reals = accumulators * per_filter(real, accumulators.ndim)
    return reals


def per_filter(values: npt.NDArray[Any], dims: int) -> npt.NDArray[Any]:
    """[1] or [F], shaped to go with [N, F, ...] of `dims` dimensions."""
    return values.reshape(1, -1, *[1] * (dims - 2))
