"""Sums and products of values, and of values with constants."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from . import pooling
from .activations import ACTIVATIONS, bounds, table
from .builder import Builder, NotModelled
from .elementwise import activated
from .quantisation import Reals
from .stage import Combination
from .values import ZERO, Shape, Stored, Value, as_stored, from_stream, streamed
from .weighted import affine, affine_map, linear


def add(builder: Builder, x: Any, y: Any, alpha: float = 1) -> Value:
    """x + alpha y, either of which may be a constant."""
    if isinstance(x, Value) and isinstance(y, Value):
        if x is y:
            return _scaled(builder, x, 1.0 + alpha, 0.0)
        return _combined(builder, "add", (x, y), (1.0, float(alpha)))
    if isinstance(x, Value):
        return _scaled(builder, x, 1.0, _times(y, alpha))
    return _scaled(builder, y, float(alpha), x)


def sub(builder: Builder, x: Any, y: Any, alpha: float = 1) -> Value:
    """X - alpha y."""
    return add(builder, x, y, -alpha)


def rsub(builder: Builder, x: Any, y: Any, alpha: float = 1) -> Value:
    """Y - alpha x."""
    return add(builder, y, x, -alpha)


def mul(builder: Builder, x: Any, y: Any) -> Value:
    """X times y, either of which may be a constant."""
    if isinstance(x, Value) and isinstance(y, Value):
        if x is y:
            return activated(builder, x, table(torch.square, nonneg=True))
        return _combined(builder, "multiply", (x, y), ())
    value, constant = (x, y) if isinstance(x, Value) else (y, x)
    return _scaled(builder, value, constant, 0.0)


def div(builder: Builder, x: Any, y: Any, rounding_mode: str | None = None) -> Value:
    """X over a constant, or one number over y."""
    if rounding_mode:
        raise NotModelled(f"rounds ({rounding_mode})")
    if not isinstance(y, Value):
        return _scaled(builder, x, 1.0 / y, 0.0)
    if isinstance(x, Value) or torch.as_tensor(x).numel() > 1:
        raise NotModelled("divides by what is computed from the input")
    return activated(builder, y, table(partial(torch.div, float(x))))


def largest(builder: Builder, x: Any, *options: Any, **named: Any) -> Any:
    """The larger of two tensors, or the largest over directions of one."""
    if options and not isinstance(options[0], int):
        return maximum(builder, x, options[0])
    return pooling.largest(builder, x, *options, **named)


def least(builder: Builder, x: Any, *options: Any, **_named: Any) -> Value:
    """The smaller of two tensors."""
    if not options or isinstance(options[0], int):
        raise NotModelled("takes the least over directions")
    return minimum(builder, x, options[0])


def maximum(builder: Builder, x: Any, y: Any) -> Value:
    """The larger of both: x and, where it is above 0, y - x."""
    real = builder.real
    more = _excess(builder, y, x)
    builder.real = real
    return add(builder, x, more)


def minimum(builder: Builder, x: Any, y: Any) -> Value:
    """The smaller of both: x without, where it is above 0, x - y."""
    real = builder.real
    less = _excess(builder, x, y)
    builder.real = real
    return sub(builder, x, less)


def _excess(builder: Builder, x: Any, y: Any) -> Value:
    """By how much x is above y, or 0; its real value becomes the builder's."""
    builder.real = _real(x) - _real(y)
    above = sub(builder, x, y)
    builder.real = above.real.relu()
    return activated(builder, above, bounds(0.0, None))


def glu(builder: Builder, x: Value, dim: int = -1) -> Value:
    """One half of `x` times sigmoid of the other."""
    real = builder.real
    kept, gate = (Value(*half) for half in zip(x.real.chunk(2, dim), x.index.chunk(2, dim), strict=True))
    builder.real = gate.real.sigmoid()
    opened = activated(builder, gate, ACTIVATIONS["sigmoid"]())
    builder.real = real
    return _combined(builder, "multiply", (kept, opened), ())


def total(builder: Builder, x: Value, dim: Any = None, keepdim: bool = False, *, dtype: Any = None) -> Value:
    """The sum over directions: their average times how many there are."""
    return _scaled(builder, pooling.mean(builder, x, dim, keepdim), x.index.numel() / builder.real.numel(), 0.0)


def neg(builder: Builder, x: Value) -> Value:
    """-x."""
    return _scaled(builder, x, -1.0, 0.0)


def matmul(builder: Builder, x: Any, y: Any) -> Value:
    """X @ y, one of which is a constant matrix: a fully connected layer."""
    if isinstance(x, Value) and isinstance(y, Value):
        raise NotModelled("multiplies two matrices that are computed from the input")
    constant = y if isinstance(x, Value) else x
    if constant.ndim != 2:
        raise NotModelled(f"multiplies by a constant of {constant.ndim} directions: only matrices are modelled")
    if isinstance(x, Value):
        return linear(builder, x, y.T)
    if y.index.ndim < 2:
        return linear(builder, y, x)
    real = builder.real
    builder.real = real.transpose(-1, -2)
    made = linear(builder, Value(y.real.transpose(-1, -2), y.index.transpose(-1, -2)), x)
    return Value(real, made.index.transpose(-1, -2))


def _real(x: Any) -> Any:
    return x.real if isinstance(x, Value) else x


def _times(constant: Any, factor: float) -> Any:
    return constant if factor == 1 else constant * factor


def _scaled(builder: Builder, x: Value, gain: Any, shift: Any) -> Value:
    """`x` times a constant, plus a constant."""
    factors, offsets = (torch.as_tensor(one, dtype=torch.float64).detach() for one in (gain, shift))
    if factors.numel() == offsets.numel() == 1:
        return _scaled_by_one(builder, x, factors.reshape(1).numpy(), offsets.reshape(1).numpy())
    shape = builder.real.shape
    wide = Value(x.real.expand(shape), x.index.expand(shape))
    for channel in _channels(len(shape)):
        profile = [_profile(one, shape, channel) for one in (factors, offsets)]
        if profile[0] is not None and profile[1] is not None:
            return affine(builder, wide, profile[0], profile[1], channel)
    if factors.numel() > 1:
        if bool((offsets != 0).any()):
            raise NotModelled("multiplies and adds constants of many values")
        return _combined(builder, "multiply", (x, builder.constant(factors.float())), ())
    return _combined(builder, "add", (x, builder.constant(offsets.float())), (float(factors), 1.0))


def _scaled_by_one(builder: Builder, x: Value, gain: Reals, shift: Reals) -> Value:
    """The same factor for every value: tensor by tensor, wherever in `x` their values are."""
    repeated = x.index.shape != builder.real.shape
    found = None if repeated else builder.tensors.whole(x.index)
    if gain[0] > 0 and not shift[0] and not repeated:  # for all of a tensor that costs no more than for a part
        found = builder.tensors.of(x.index)
    if found is None:
        index = as_stored(x.index.expand(builder.real.shape))
        made = affine_map(builder, index if index.ndim == 3 else index.reshape(-1, 1, 1), gain, shift)
        return builder.stored(Stored(made.number, tuple(index.shape), made.base, made.nonneg))
    shift_of = torch.zeros(len(builder.tensors.all), dtype=torch.int64)
    for one in found:
        shape = one.shape if len(one.shape) == 3 else (*one.shape, 1, 1)
        seen = Stored(one.number, shape, one.base, one.nonneg)
        shift_of[one.number] = affine_map(builder, seen.places(), gain, shift).base - one.base
    places = x.index.clone()
    places[places != ZERO] += shift_of[builder.tensors.at(places[places != ZERO])]
    return builder.value(places)


def _channels(directions: int) -> list[int]:
    """Directions that may be the channel, the likeliest first: torch's, then the last."""
    return list(dict.fromkeys([1, directions - 1, *range(directions)])) if directions > 1 else [0]


def _profile(constant: Tensor, shape: Shape, channel: int) -> Reals | None:
    """`constant`, broadcast to `shape`, as it varies along one direction; None where it varies along others too."""
    if constant.ndim > len(shape):
        return None
    own = constant.reshape(*[1] * (len(shape) - constant.ndim), *constant.shape)
    if any(size > 1 and axis != channel for axis, size in enumerate(own.shape)):
        return None
    made: Reals = np.broadcast_to(own.reshape(-1).numpy(), shape[channel])
    return made


def _combined(
    builder: Builder, op: Literal["add", "multiply"], values: tuple[Value, ...], factors: tuple[float, ...]
) -> Value:
    """A pointwise layer, lying as the first operand does that is one whole tensor."""
    shape = builder.real.shape
    indices = [value.index.expand(shape) for value in values]
    order = _layout(builder, indices)
    operands = [_operand(builder, order.arranged(index)) for index in indices]
    nonneg = all(one.nonneg for one, _ in operands) and all(factor > 0 for factor in factors)
    made = builder.emit(
        Combination(op, factors),
        [one for one, _ in operands],
        [seen for _, seen in operands],
        order.shape,
        nonneg=nonneg,
    )
    return builder.value(order.restored(made.places()))


class _Layout:
    """How a value of the module lies when stored: `places` [values] in its stream, in the module's order."""

    def __init__(self, shape: Shape, places: Tensor) -> None:
        self.shape = shape
        self.places = places

    def arranged(self, index: Tensor) -> Tensor:
        """An index of the module's shape, as [C, H, W] or [C]."""
        stream = torch.empty(self.places.shape, dtype=index.dtype)
        stream[self.places] = index.reshape(-1)
        return from_stream(stream.unsqueeze(0), self.shape)[0]

    def restored(self, stored: Tensor) -> Tensor:
        """The inverse, flat."""
        return streamed(stored.unsqueeze(0))[0][self.places]


def _layout(builder: Builder, indices: list[Tensor]) -> _Layout:
    for index in indices:
        found = builder.tensors.whole(index)
        if found and len(found) == 1:
            return _Layout(found[0].shape, (index - found[0].base).reshape(-1))
    shape = indices[0].shape
    stored = as_stored(torch.arange(indices[0].numel()).reshape(shape))
    places = torch.empty(stored.numel(), dtype=torch.int64)
    places[streamed(stored.unsqueeze(0))[0]] = torch.arange(stored.numel())
    return _Layout(tuple(stored.shape), places)


def _operand(builder: Builder, index: Tensor) -> tuple[Stored, Shape]:
    """A stored tensor that is `index`, [C, H, W] or [C], seen in a shape that may have size 1 where it is repeated."""
    for axis in range(index.ndim):
        first = index.narrow(axis, 0, 1)
        if index.shape[axis] > 1 and bool((index == first).all()):
            index = first
    shape = tuple(index.shape)
    found = builder.tensors.of(index)
    if len(found) == 1 and found[0].size == index.numel():
        seen = Stored(found[0].number, shape, found[0].base, found[0].nonneg)
        if torch.equal(seen.places(), index):
            return found[0], shape
    return builder.move(index, suffix=".gather"), shape
