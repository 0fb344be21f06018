"""The plan of a run: every layer's program, where its operands lie in memory, and how buffers are shared out."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from ..engines import Cut, Load, Region
from ..workload.layer import Ints, Workload
from .program import Program


@attrs.frozen
class AmPlan:
    """The activation memory's use, in values: tensors that stay, and room for streamed inputs and outputs.

    `resident[t]` is true where tensor number t stays in AM, from the layer that puts it out to the last that reads it.
    The network's inputs and what it gives never stay.
    """

    resident: tuple[bool, ...]
    tensors: int
    inputs: int
    outputs: int


@attrs.frozen(eq=False)
class Arrivals:
    """What a layer reads of the memory, for one image, as one stream of `count` values a load.

    `regions` and `turns` are those of a Load; `need`, `free` [passes] how many values of the stream must have arrived
    before a pass, and are free after it, reloading counted on.
    """

    regions: tuple[Region, ...]
    turns: Ints | None
    need: Ints
    free: Ints

    @property
    def count(self) -> int:
        """Values of one load."""
        return sum(region.count for region in self.regions)


@attrs.frozen(eq=False)
class Plan:
    """What a machine executes.

    `weights[layer][tile]` are a tile's regions in order of loading; `tensors[t][image]` is tensor number t where it is
    in memory (None where it stays in AM, or nobody wants it); `arrivals[layer][image]` what a layer reads of it (None:
    nothing). `encoded_tensors[t]` are all of them as they would be encoded; `end_address` is behind all operands in
    memory; `notes` what the result is to say of them.
    """

    workload: Workload
    programs: tuple[Program, ...]
    weights: tuple[tuple[tuple[Region, ...], ...], ...]
    tensors: tuple[tuple[Region | None, ...], ...]
    arrivals: tuple[tuple[Arrivals | None, ...], ...]
    am: AmPlan
    wm_values: int
    weight_cut: Cut
    activation_cut: Cut
    encoded_tensors: tuple[tuple[Region, ...], ...]
    end_address: int
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """Images of the run."""
        return self.workload.layers[0].images

    def weight_loads(self, tile: int) -> Iterator[Load]:
        """A tile's loads over the whole run, in order."""
        for image in range(self.images):
            base = image * self._passes
            for layer, program in enumerate(self.programs):
                if program.tiles[tile].group_values:
                    yield from _weight_loads(program, self.weights[layer][tile], tile, (layer, image), base)
                base += program.passes

    def input_loads(self) -> Iterator[Load]:
        """The loads of all streamed inputs over the whole run, in order."""
        for image in range(self.images):
            base = image * self._passes
            for layer, program in enumerate(self.programs):
                arrivals = self.arrivals[layer][image]
                if arrivals is not None:
                    after = tuple(self._written_by(region, image) for region in arrivals.regions)
                    yield from _input_loads(program, arrivals, (layer, image), base, after)
                base += program.passes

    def output_index(self, layer: int, image: int) -> int:
        """The number of an output among all outputs of the run."""
        return image * len(self.programs) + layer

    def _written_by(self, region: Region, image: int) -> int | None:
        """The output that a tensor is; None for the network's inputs."""
        assert region.tensor is not None
        layer = region.tensor - self.workload.inputs
        return self.output_index(layer, image) if layer >= 0 else None

    @property
    def _passes(self) -> int:
        return sum(program.passes for program in self.programs)


def _weight_loads(
    program: Program, regions: tuple[Region, ...], tile: int, whose: tuple[int, int], base: int
) -> Iterator[Load]:
    needs = program.weight_needs(tile)
    order = base + program.urgency
    if program.weight_loads == 1:
        first = program.block == 0
        yield Load(regions[:1], np.maximum.accumulate(needs[first]), order[first], *whose)
        return
    groups = program.geometry.groups // len(regions)  # of a region
    load, values = program.unit // groups, groups * program.tiles[tile].group_values
    for number in range(len(regions) * program.weight_loads):
        mine = load == number
        region = regions[number // program.weight_loads]
        yield Load((region,), np.maximum.accumulate(needs[mine]) - number * values, order[mine], *whose)


def _input_loads(
    program: Program, arrivals: Arrivals, whose: tuple[int, int], base: int, after: tuple[int | None, ...]
) -> Iterator[Load]:
    order = base + program.urgency
    for unit in range(program.input_loads):
        mine = program.input_unit == unit
        needs = arrivals.need[mine] - unit * arrivals.count
        yield Load(arrivals.regions, needs, order[mine], *whose, after, arrivals.turns)
