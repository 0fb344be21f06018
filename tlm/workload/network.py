"""All layers of a network executed in integers, one after the other."""

from __future__ import annotations

from typing import Protocol

import attrs
import torch
from torch import Tensor

from . import quantisation as q
from .calibration import Ranges, given_tensors, last_readers
from .execution import Operands, executed, real_values
from .folding import Weights
from .layer import Ints, Layer, Workload
from .reader import Network
from .scales import Coding, Codings
from .stage import Product, Stage, Unmodelled, seen
from .values import Shape, Stored


class Quantiser(Protocol):
    """Turns a layer's weights into integers, for an input of `coding`."""

    def __call__(self, stage: Stage, work: Product, coding: Coding) -> Weights:
        """The integers of `work`, which is what `stage` computes."""


def execute(network: Network, images: Tensor, quantise: Quantiser, ranges: Ranges, codings: Codings) -> Execution:
    """Every layer of `network` on `images` [N, ...]."""
    run = Execution(network, codings)
    for number, values in given_tensors(network, images).items():
        run.tensors[number] = to_codes(values, codings[number])
    last = last_readers(network.stages, ())
    for place, stage in enumerate(network.stages):
        run.layer(stage, quantise, ranges)
        for number in last.get(place, ()):
            del run.tensors[number]
    return run


def to_codes(values: Tensor, coding: Coding) -> Ints:
    """Codes [N, ...] of real numbers."""
    return q.to_codes(values.contiguous().numpy(), coding.scale, coding.bits, coding.signed, coding.zero)


@attrs.define(eq=False)
class Execution:
    """What has been executed so far: the layers, and the tensors that are still to be read, [N, ...] by number."""

    network: Network
    codings: Codings
    layers: list[Layer] = attrs.Factory(list)
    tensors: dict[int, Ints] = attrs.Factory(dict)
    predictions: tuple[int, ...] | None = None
    given: int = attrs.field(init=False)
    numbers: dict[int, int] = attrs.field(init=False)
    readers: set[int] = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Number the tensors as a Workload has them: those that the network is given first, then every layer's."""
        read = {one.number for stage in self.network.stages for one in stage.sources}
        kept = [number for number in (*self.network.inputs, *self.network.constants) if number in read]
        made = [one.output.number for one in self.network.stages if one.output.number not in self.codings.same]
        self.given = len(kept)
        self.numbers = {number: place for place, number in enumerate((*kept, *made))}
        for number, source in self.codings.same.items():
            self.numbers[number] = self.numbers[source]
        self.readers = read

    def layer(self, stage: Stage, quantise: Quantiser, ranges: Ranges) -> None:
        """Execute the next layer, if it is one."""
        same = self.codings.same.get(stage.output.number)
        if same is not None:
            self.tensors[stage.output.number] = self._seen(stage.sources[0], stage.output.shape)
            return
        coding = self.codings[stage.output.number]
        operands = Operands(
            tuple(self._seen(one, shape) for one, shape in zip(stage.sources, stage.shapes, strict=True)),
            tuple(self.codings[one.number] for one in stage.sources),
        )
        weights = quantise(stage, stage.work, operands.codings[0]) if isinstance(stage.work, Product) else None
        looked_up = ranges.sums.get(stage.output.number)
        made = executed(stage, operands, weights, coding, looked_up, self._is_last(stage))
        self.layers.append(attrs.evolve(made, sources=tuple(self.numbers[one.number] for one in stage.sources)))
        self.tensors[stage.output.number] = made.outputs
        if self.results == (self.numbers[stage.output.number],):
            self.predictions = _predictions(made, weights)

    def _seen(self, source: Stored, shape: Shape) -> Ints:
        return seen(torch.from_numpy(self.tensors[source.number]), shape).numpy()

    @property
    def results(self) -> tuple[int, ...]:
        """The numbers of the tensors that the network gives."""
        return tuple(dict.fromkeys(self.numbers[number] for number in self.network.results))

    def workload(self, name: str, labels: tuple[int, ...] | None) -> Workload:
        """All of it."""
        usual = self.given + len(self.layers) - 1
        return Workload(
            name,
            tuple(self.layers),
            True,
            labels,
            self.predictions,
            inputs=self.given,
            results=() if self.results == (usual,) else self.results,
        )

    def _is_last(self, stage: Stage) -> bool:
        """Whether nothing but its accumulators says what scale a layer's outputs should have."""
        number = stage.output.number
        told = number in self.readers or self.codings.shared(number) or self.codings[number].given
        looked_up = stage.activation and stage.activation.functions
        return not (told or looked_up or stage.pool or isinstance(stage.work, Unmodelled))


def _predictions(last: Layer, weights: Weights | None) -> tuple[int, ...] | None:
    """The class whose accumulator stands for the most, an image; None where there is not one value a class."""
    plain = weights is not None and last.pool is None and last.table is None
    values = real_values(last.accumulators, weights.real) if plain and weights else last.outputs
    flat = values.reshape(last.images, -1)
    return tuple(flat.argmax(axis=1).tolist()) if flat.shape[1] == last.filters else None
