"""The tensors between a workload's layers: encoded, with their lives in AM and what streaming them takes."""

from __future__ import annotations

import copy
from collections.abc import Sequence

from ..accelerators.layout import Extent, Layout, extent, laid_out
from ..accelerators.plan import Arrivals
from ..accelerators.program import Program
from ..engines import Cut, Region
from ..workload.layer import Layer, Workload
from .arrivals import arrivals
from .capacity import Life, input_span, output_span
from .encoding import Encode, Operand


class Tensors:
    """All tensors of a workload; `regions[t]` has one of each image, () where nobody reads an input.

    Which tensors stay in AM, `resident` [tensors], is asked for wherever that matters.
    """

    def __init__(self, workload: Workload, encode: Encode, cut: Cut, layout: Layout = "bricks") -> None:
        self.workload = workload
        self.regions = tuple(_encoded(workload, encode, tensor, layout) for tensor in range(workload.tensors))
        self.sizes = [regions[0].count if regions else 0 for regions in self.regions]
        self.lives = [_life(workload, tensor) for tensor in range(workload.tensors)]
        self.cut = cut

    def cut_into(self, cut: Cut) -> Tensors:
        """The same tensors in other requests."""
        other = copy.copy(self)
        other.cut = cut
        return other

    def own(self, layer: int) -> tuple[Extent, ...]:
        """The extents in memory of what a layer reads."""
        found = (self.workload.values(tensor) for tensor in self.workload.sources(layer))
        return tuple(extent(values[0]) for values in found if values is not None)

    def leaves(self, tensor: int, resident: Sequence[bool]) -> bool:
        """Whether a tensor is written to the memory: it is given, or somebody reads it and it does not stay in AM."""
        wanted = tensor in self.workload.given or self.lives[tensor] is not None
        return wanted and not resident[tensor]

    def off_chip(self, resident: Sequence[bool]) -> tuple[tuple[Region | None, ...], ...]:
        """The tensors where they are in memory: what comes from it, and what leaves for it."""
        inputs, nowhere = self.workload.inputs, (None,) * self.workload.layers[0].images
        return tuple(
            regions if regions and (tensor < inputs or self.leaves(tensor, resident)) else nowhere
            for tensor, regions in enumerate(self.regions)
        )

    def arrivals(self, layer: int, program: Program, resident: Sequence[bool]) -> tuple[Arrivals | None, ...]:
        """What a layer reads of the memory, for every image."""
        sources, streamed = self.workload.sources(layer), self.streamed(layer, resident)
        return tuple(
            arrivals(program, sources, {tensor: self.regions[tensor][image] for tensor in streamed}, self.cut)
            for image in range(program.layer.images)
        )

    def input_span(self, layer: int, program: Program, resident: Sequence[bool]) -> int:
        """Values of AM that a layer needs to stream what it reads of the memory."""
        found = self.arrivals(layer, program, resident)
        return max(input_span(program, one, self.cut) if one else 0 for one in found)

    def output_span(self, layer: int, program: Program) -> int:
        """Values of AM that a layer needs to stream its output, where that leaves the chip."""
        return max(output_span(program, one, self.cut) for one in self.regions[self.workload.output(layer)])

    def streamed(self, layer: int, resident: Sequence[bool]) -> tuple[int, ...]:
        """The tensors that a layer reads of the memory."""
        return tuple(tensor for tensor in dict.fromkeys(self.workload.sources(layer)) if not resident[tensor])

    def encoded_bytes(self, tensor: int) -> int:
        """Of a tensor, over all images."""
        return sum(region.size_bytes for region in self.regions[tensor])


def _encoded(workload: Workload, encode: Encode, tensor: int, layout: Layout) -> tuple[Region, ...]:
    """A tensor for every image."""
    values = workload.values(tensor)
    if values is None:
        return ()
    layer, name, part = _named(workload, tensor)
    operand = Operand(layer, name, values, workload.precision(tensor), tensor)
    return tuple(encode(operand, f"{part} {image}", laid_out(one, layout)) for image, one in enumerate(values))


def _named(workload: Workload, tensor: int) -> tuple[Layer, str, str]:
    """(layer, operand, part): a tensor belongs to the first layer that reads it, else to the one that puts it out."""
    for reader in workload.readers(tensor):
        sources = workload.sources(reader)
        part = f"operand {sources.index(tensor)}, image" if len(sources) > 1 else "image"
        return workload.layers[reader], "inputs", part
    return workload.layers[tensor - workload.inputs], "outputs", "image"


def _life(workload: Workload, tensor: int) -> Life | None:
    """None for the network's inputs, what it gives, and what nobody reads."""
    readers = workload.readers(tensor)
    if tensor < workload.inputs or tensor in workload.given or not readers:
        return None
    return tensor - workload.inputs, readers[-1]
