"""The layers of a network as they are found, one operation after the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from .activations import Activation
from .layer import Pool
from .stage import Combination, Stage, Work
from .values import ZERO, Derived, Shape, Stored, Tensors, Value, as_module, as_stored

#: Where a tensor is in what an operation gives, tuple by tuple.
Path = tuple[int, ...]


class NotModelled(Exception):
    """Why an operation is refused: a sentence that lacks its subject, the operation."""


class Refused(Exception):
    """Why a network is refused for an operation: a sentence that lacks its subject, the operation."""


class Builder:
    """Collects stages and the tensors between them.

    While an operation is read, `name` is what it is called in the user's module, `layer` the checkpoint's name of
    its weights, `operation` what it is, `module` the module if it is one, and `real` what it gave. `constants` are
    tensors of their own, that the network is given for every image; `weights` are those that several operations share;
    `call` runs the operation on what a function makes of each of its Values, which stand beside it.
    What a ReLU module gives is zero up to `relu_threshold`.
    """

    def __init__(self, relu_threshold: float = 0.0) -> None:
        self.relu_threshold = relu_threshold
        self.tensors = Tensors()
        self.stages: list[Stage] = []
        self.module: nn.Module | None = None
        self.constants: dict[int, Tensor] = {}
        self.name = self.layer = self.operation = ""
        self.real: Tensor = torch.empty(0)
        self.ties: list[list[int]] = []
        self.weights: dict[Hashable, Any] = {}
        self.call: tuple[Callable[[Callable[[Value], Tensor]], Any], tuple[Value, ...]] = (lambda _: None, ())
        self._names: set[str] = set()

    def tie(self, numbers: list[int]) -> None:
        """These tensors have one scale, and where they come from a table, one range that it is looked up by."""
        self.ties.append(numbers)

    def constant(self, values: Tensor) -> Value:
        """A constant of the user's module as a tensor that the network is given."""
        stored = as_stored(values.detach().float())
        made = self.tensors.add(tuple(stored.shape), bool((stored >= 0).all()))
        self.constants[made.number] = stored.contiguous()
        return Value(values, as_module(made.places(), tuple(values.shape)))

    def emit(
        self,
        work: Work,
        sources: Sequence[Stored],
        shapes: Sequence[Shape],
        out: Shape,
        *,
        suffix: str = "",
        activation: Activation | None = None,
        pool: Pool | None = None,
        nonneg: bool = False,
    ) -> Stored:
        """A new layer; the tensor that it puts out."""
        shape = (out[0], *pool.out) if pool else out
        output = self.tensors.add(shape, activation.nonneg if activation else nonneg)
        name = self._unused(self.name + suffix)
        self.stages.append(
            Stage(name, self.operation, work, tuple(sources), tuple(shapes), out, output, activation, pool)
        )
        return output

    def value(self, index: Tensor) -> Value:
        """What the operation gives, made of the places `index`."""
        return Value(self.real, index.reshape(self.real.shape))

    def stored(self, output: Stored) -> Value:
        """What the operation gives, lying in `output` as its shape asks."""
        return Value(self.real, as_module(output.places(), tuple(self.real.shape)))

    def move(
        self,
        index: Tensor,
        *,
        activation: Activation | None = None,
        pool: Pool | None = None,
        suffix: str = "",
    ) -> Stored:
        """A layer that gathers `index`, [C, H, W] or [C], into a tensor of that shape; then activation and pooling."""
        alone = self.tensors.alone(index)
        sources = (alone,) if alone else self.tensors.of(index)
        if not sources:
            raise Refused("is given nothing but zeros")
        nonneg = all(one.nonneg for one in sources)
        shape = tuple(index.shape)
        whole = alone or (len(sources) == 1 and torch.equal(index.reshape(-1), _places(sources[0], shape)))
        local = None if whole else self.tensors.local(index, sources).reshape(-1)
        shapes = [shape] if whole else [one.shape for one in sources]
        work = Combination("move", (1.0,) * len(sources), local)
        return self.emit(work, sources, shapes, shape, suffix=suffix, activation=activation, pool=pool, nonneg=nonneg)

    def map_operands(self, index: Tensor) -> tuple[tuple[Stored, ...], tuple[Shape, ...]]:
        """Stored tensors that, joined along their channels, are the map `index` [C, H, W]; moved there if need be."""
        found = self.tensors.as_map(index)
        if found is None:
            found = (self.move(index, suffix=".gather"),)
        _channels, height, width = index.shape
        return found, tuple((one.size // (height * width), height, width) for one in found)

    def vector_operands(self, index: Tensor) -> tuple[tuple[Stored, ...], Tensor | None]:
        """Stored tensors whose streams, one after the other, hold the values `index` [C], and in which order.

        The order is None where it is that of `index`.
        """
        found = self.tensors.whole(index)
        if found is None:
            moved = self.move(index, suffix=".gather")
            return (moved,), None
        local = self.tensors.local(index, found)
        columns = torch.empty_like(local)
        columns[local] = torch.arange(len(local))
        return found, None if torch.equal(columns, torch.arange(len(columns))) else columns

    def settled(self, value: Value) -> Value:
        """`value` as nothing but whole tensors: moved to one of its own if need be."""
        if self.tensors.whole(value.index):
            return value
        moved = self.move(as_stored(value.index), suffix=".gather")
        return Value(value.real, as_module(moved.places(), tuple(value.index.shape)))

    def derived(self, real: Tensor, path: Path = ()) -> Derived:
        """What the operation gives, where `path` leads to in it, that is not to be stored as codes."""
        apply, values = self.call
        return Derived(real, lambda numbers: inside(apply(numbers), path), values)

    def forget(self, stages: int) -> None:
        """Drop all but the first `stages` layers: the operation is read in another way."""
        for stage in self.stages[stages:]:
            self._names.discard(stage.name)
        del self.stages[stages:]

    def _unused(self, name: str) -> str:
        number, unused = 1, name
        while unused in self._names:
            number += 1
            unused = f"{name}.{number}"
        self._names.add(unused)
        return unused


def inside(given: Any, path: Path) -> Tensor:
    """The tensor that `path` leads to in nested tuples."""
    for place in path:
        given = given[place]
    found: Tensor = given
    return found


def _places(source: Stored, shape: Shape) -> Tensor:
    """The places of `source` in torch's order, if it is seen in `shape`; nothing where it cannot be."""
    whole = Stored(source.number, shape, source.base, source.nonneg)
    return whole.places().reshape(-1) if whole.size == source.size else torch.full((1,), ZERO)
