"""The plan of a run: every layer's program, where its operands lie in memory, and how buffers are shared out."""

from __future__ import annotations

from collections.abc import Iterator

import attrs
import numpy as np

from ..engines import Cut, Load, Region
from ..workload.layer import Workload
from .program import Program


@attrs.frozen
class AmPlan:
    """The activation memory's use, in values: tensors that stay, and room for streamed inputs and outputs.

    `resident[l]` is true where layer l reads its input from AM, the layer before it having left it there; the last
    entry is the last layer's output. The first and the last never stay.
    """

    resident: tuple[bool, ...]
    tensors: int
    inputs: int
    outputs: int


@attrs.frozen(eq=False)
class Plan:
    """What a machine executes.

    `weights[layer][tile]` are a tile's regions in order of loading; `tensors[layer][image]` the input of each
    layer where it is in memory (None where it stays in AM), `tensors[-1]` the last layer's output.
    `encoded_tensors` are all of them as they would be encoded; `end_address` is behind all operands in memory.
    """

    workload: Workload
    programs: tuple[Program, ...]
    weights: tuple[tuple[tuple[Region, ...], ...], ...]
    tensors: tuple[tuple[Region | None, ...], ...]
    am: AmPlan
    wm_values: int
    weight_cut: Cut
    activation_cut: Cut
    encoded_tensors: tuple[Region, ...]
    end_address: int

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
                region = self.tensors[layer][image]
                if region is not None:
                    after = None if layer == 0 else self.output_index(layer - 1, image)
                    yield from _input_loads(program, region, (layer, image), base, after)
                base += program.passes

    def output_index(self, layer: int, image: int) -> int:
        """The number of an output among all outputs of the run."""
        return image * len(self.programs) + layer

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
        yield Load(regions[0], np.maximum.accumulate(needs[first]), order[first], *whose)
        return
    group_values = program.tiles[tile].group_values
    for unit in range(program.geometry.groups * program.weight_loads):
        mine = program.unit == unit
        region = regions[unit // program.weight_loads]
        yield Load(region, np.maximum.accumulate(needs[mine]) - unit * group_values, order[mine], *whose)


def _input_loads(
    program: Program, region: Region, whose: tuple[int, int], base: int, after: int | None
) -> Iterator[Load]:
    order = base + program.urgency
    for unit in range(program.input_loads):
        mine = program.input_unit == unit
        needs = program.inputs_need[mine] - unit * region.count
        yield Load(region, needs, order[mine], *whose, after)
