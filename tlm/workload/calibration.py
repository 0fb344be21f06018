"""The layers in floating point, on all images: which range every tensor has."""

from __future__ import annotations

import math

import attrs
import torch
from torch import Tensor

from .reader import Network, bad
from .stage import Stage, real_pool

#: Real numbers in flight at a time, about.
MOST_VALUES = 2**25


@attrs.define
class Range:
    """The least and the largest of the numbers seen."""

    low: float = math.inf
    high: float = -math.inf

    def see(self, values: Tensor) -> None:
        """Widen it to hold `values`."""
        least, most = torch.aminmax(values)
        self.low, self.high = min(self.low, least.item()), max(self.high, most.item())


@attrs.define
class Ranges:
    """Of stored tensors by number, and of what goes into the tables of those that are made by one."""

    tensors: dict[int, Range] = attrs.Factory(dict)
    sums: dict[int, Range] = attrs.Factory(dict)


def measure(network: Network, images: Tensor) -> Ranges:
    """The ranges of all tensors over `images` [N, ...], the first of which the network was read with."""
    ranges = Ranges()
    for number, values in network.constants.items():
        ranges.tensors.setdefault(number, Range()).see(values)
    for batch in _batches(images, _batch(network)):
        run(network, batch, ranges)
    for tied in network.builder.ties:
        seen = [ranges.sums[number] for number in tied if number in ranges.sums]
        whole = Range(min((one.low for one in seen), default=0.0), max((one.high for one in seen), default=0.0))
        ranges.sums.update((number, whole) for number in tied if number in ranges.sums)
    return ranges


def given_tensors(network: Network, images: Tensor) -> dict[int, Tensor]:
    """The tensors that the network is given for `images`, by number: [N, *shape]."""
    pieces = zip(*(network.layout(image) for image in _batches(images, 1)), strict=True)
    given = {number: torch.stack(piece) for number, piece in zip(network.inputs, pieces, strict=True)}
    for number, values in network.constants.items():
        given[number] = values.expand(len(images), *values.shape)
    return given


def run(network: Network, images: Tensor, ranges: Ranges) -> dict[int, Tensor]:
    """Execute the layers on real numbers; what it gives are the tensors that the network gives, by number."""
    tensors = given_tensors(network, images)
    for number in network.inputs:
        ranges.tensors.setdefault(number, Range()).see(tensors[number])
    last = last_readers(network.stages, network.results)
    for place, stage in enumerate(network.stages):
        with torch.no_grad():
            sums = stage.work.real(stage.parts(tensors), stage.out)
            values = stage.activation.real(sums) if stage.activation else sums
            pooled = real_pool(values, stage.pool) if stage.pool else values
        _see(ranges, stage, sums, pooled if stage.pool and stage.pool.kind == "max" else values)
        tensors[stage.output.number] = pooled
        for number in last.get(place, ()):
            tensors.pop(number, None)
    return tensors


def _batches(images: Tensor, size: int) -> list[Tensor]:
    return [images[first : first + size] for first in range(0, len(images), size)]


def last_readers(stages: list[Stage], kept: tuple[int, ...]) -> dict[int, tuple[int, ...]]:
    """Behind which layer nobody reads which tensors any more."""
    last = {one.number: place for place, stage in enumerate(stages) for one in stage.sources}
    found: dict[int, list[int]] = {}
    for number, place in last.items():
        if number not in kept:
            found.setdefault(place, []).append(number)
    return {place: tuple(numbers) for place, numbers in found.items()}


def _see(ranges: Ranges, stage: Stage, sums: Tensor, values: Tensor) -> None:
    number = stage.output.number
    ranges.tensors.setdefault(number, Range()).see(values)
    if stage.activation and stage.activation.functions:
        ranges.sums.setdefault(number, Range()).see(sums)
    found = ranges.tensors[number]
    if not math.isfinite(found.low + found.high):
        raise bad(f"layer {stage.name!r} ({stage.operation}) gives values that are not finite numbers")


def _batch(network: Network) -> int:
    return max(1, MOST_VALUES // max(math.prod(stage.out) for stage in network.stages))
