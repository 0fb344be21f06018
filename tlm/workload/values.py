"""What a tensor of the user's module is made of: values of stored tensors, by their places.

Every stored tensor has a stretch of one space of places, its stream (channel fastest, then x, then y) from `base`
on. A value of the module carries, beside its real numbers for one image, an int64 index of its own shape: the place
of each number, or ZERO. Data movement (reshaping, concatenation, slicing, ...) is done to the index and costs
nothing; a layer reads a value where the index is one that it can read.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

import attrs
import torch
from torch import Tensor

ZERO = -1

Shape = tuple[int, ...]


@attrs.frozen
class Stored:
    """Tensor `number`, of `shape` [C, H, W] or [C] for one image; `nonneg`: by construction never below 0."""

    number: int
    shape: Shape
    base: int
    nonneg: bool

    @property
    def size(self) -> int:
        """How many values an image has."""
        return math.prod(self.shape)

    def places(self) -> Tensor:
        """The place of every value, in `shape`."""
        return self.base + stream_order(self.shape)


@attrs.define(eq=False)
class Value:
    """A tensor of the user's module for one image: its real numbers, and what they are made of."""

    real: Tensor
    index: Tensor


@attrs.define(eq=False)
class Derived:
    """What is no real number but depends on the image (places of maxima, comparisons), and how to find it again.

    `find` runs the operation on what a function makes of each Value it was given. Only operations that nobody models
    can take it.
    """

    real: Tensor
    find: Callable[[Callable[[Value], Tensor]], Tensor]
    values: tuple[Value, ...]


def leaves(given: Any) -> list[Any]:
    """Everything in nested tuples, lists, dictionaries, slices and dataclasses, in order."""
    if isinstance(given, slice):
        given = (given.start, given.stop, given.step)
    elif isinstance(given, dict):
        given = list(given.values())
    elif is_dataclass(given) and not isinstance(given, type):
        given = [getattr(given, field.name) for field in fields(given)]
    if isinstance(given, (tuple, list)):
        return [leaf for one in given for leaf in leaves(one)]
    return [given]


def stream_order(shape: Shape) -> Tensor:
    """The place in its stream of every value of a tensor of `shape`, [C, H, W] or [C]."""
    if len(shape) == 1:
        return torch.arange(shape[0])
    channels, height, width = shape
    return torch.arange(math.prod(shape)).reshape(height, width, channels).permute(2, 0, 1)


def streamed(values: Tensor) -> Tensor:
    """Tensors [N, C, H, W] or [N, C] as their streams [N, values]."""
    return values.permute(0, 2, 3, 1).flatten(1) if values.ndim == 4 else values


def from_stream(streams: Tensor, shape: Shape) -> Tensor:
    """Streams [N, values] as tensors [N, *shape]."""
    if len(shape) == 1:
        return streams
    channels, height, width = shape
    return streams.reshape(-1, height, width, channels).permute(0, 3, 1, 2)


def as_stored(values: Tensor) -> Tensor:
    """One image's tensor of the module, as it lies when stored: a map [C, H, W] or a vector [C].

    [T, D] (tokens) becomes the map [D, T, 1]; whatever is neither map, tokens nor vector lies in torch's order.
    """
    inner = values[0] if values.ndim and len(values) == 1 else values
    if inner.ndim == 3 and inner.shape[1] == 1 and values is inner:
        inner = inner[:, 0]
    if inner.ndim == 2:
        return inner.T.unsqueeze(2)
    return inner if inner.ndim == 3 and inner is not values else inner.reshape(-1)


def as_module(stored: Tensor, shape: Shape) -> Tensor:
    """The inverse of `as_stored` for a tensor that has `shape` in the module."""
    order = as_stored(torch.arange(math.prod(shape)).reshape(shape))
    flat = torch.empty(math.prod(shape), dtype=stored.dtype)
    flat[order.reshape(-1)] = stored.reshape(-1)
    return flat.reshape(shape)


def channel_map(values: Tensor, channel: int) -> Tensor:
    """A tensor of the module as a map [C, H, W], its channels being the places along direction `channel`."""
    first = values.movedim(channel, 0) if values.ndim > 1 else values
    height, width = first.numel() // len(first), 1
    if channel == 1 and len(values) == 1 and values.ndim in (3, 4):
        height, width = (1, *values.shape[2:])[-2:]
    return first.reshape(len(first), height, width)


def from_channel_map(made: Tensor, shape: Shape, channel: int) -> Tensor:
    """The inverse of `channel_map` for a tensor that has `shape` in the module."""
    if len(shape) < 2:
        return made.reshape(shape)
    outer = [size for axis, size in enumerate(shape) if axis != channel]
    return made.reshape(shape[channel], *outer).movedim(0, channel)


class Tensors:
    """All stored tensors, and the space of their places."""

    def __init__(self) -> None:
        self.all: list[Stored] = []
        self._ends: list[int] = []

    def add(self, shape: Shape, nonneg: bool) -> Stored:
        """A new tensor, behind all others."""
        made = Stored(len(self.all), shape, self._ends[-1] if self._ends else 0, nonneg)
        self.all.append(made)
        self._ends.append(made.base + made.size)
        return made

    def at(self, places: Tensor) -> Tensor:
        """The number of the tensor that each place lies in."""
        return torch.searchsorted(torch.tensor(self._ends), places.contiguous(), right=True)

    def of(self, index: Tensor) -> tuple[Stored, ...]:
        """The tensors that an index has places in, in the order of their first."""
        flat = index.reshape(-1)
        flat = flat[flat != ZERO]
        steps = torch.ones_like(flat, dtype=torch.bool)
        owners = self.at(flat)
        steps[1:] = owners[1:] != owners[:-1]
        return tuple(self.all[number] for number in dict.fromkeys(owners[steps].tolist()))

    def whole(self, index: Tensor) -> tuple[Stored, ...] | None:
        """As `of` where `index` is every value of these tensors, each once; else None."""
        alone = self.alone(index)
        if alone is not None:
            return (alone,)
        found = self.of(index)
        if index.numel() != sum(one.size for one in found) or bool((index == ZERO).any()):
            return None
        offsets = self.local(index.reshape(-1), found)
        seen = torch.zeros(len(offsets), dtype=torch.bool)
        seen[offsets] = True
        return found if bool(seen.all()) else None

    def alone(self, index: Tensor) -> Stored | None:
        """The tensor that `index` [1, *shape] or [*shape] is, just as it lies; None where it is none."""
        first = index.reshape(-1)[0].item() if index.numel() else ZERO
        if first == ZERO:
            return None
        found = self.all[int(self.at(torch.tensor([first]))[0])]
        inner = index[0] if index.ndim > len(found.shape) else index
        return found if inner.shape == found.shape and torch.equal(inner, found.places()) else None

    def local(self, index: Tensor, sources: tuple[Stored, ...]) -> Tensor:
        """`index` as places in the streams of `sources` laid one after the other; ZERO stays."""
        if not sources:
            return index
        shift, start = torch.zeros(len(self.all) + 1, dtype=torch.int64), 0
        for one in sources:
            shift[one.number] = start - one.base
            start += one.size
        if len(sources) == 1:
            return torch.where(index == ZERO, ZERO, index + shift[sources[0].number])
        return torch.where(index == ZERO, ZERO, index + shift[self.at(index)])

    def as_map(self, index: Tensor) -> tuple[Stored, ...] | None:
        """The tensors that, joined along their channels, are the map that `index` [C, H, W] is; None where none are."""
        alone = self.alone(index)
        if alone is not None:
            return (alone,)
        channels, height, width = index.shape
        rows = index.permute(1, 2, 0).reshape(height * width, channels)
        if bool((rows[0] == ZERO).any()):
            return None
        found = self.of(rows[0])
        expected, start = torch.empty_like(rows), 0
        for one in found:
            mine = one.size // (height * width)
            if mine * height * width != one.size or start + mine > channels:
                return None
            expected[:, start : start + mine] = one.base + torch.arange(one.size).reshape(-1, mine)
            start += mine
        return found if start == channels and torch.equal(expected, rows) else None
