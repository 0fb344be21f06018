"""SCNN: products of non-zero operands only, on a grid of processing elements that hold a patch of the map each.

The dataflow of Parashar et al., "SCNN", ISCA 2017, section 3, as DPRed compares with it (section 6.2). All elements
take one input channel and one chunk of filters at a time, in step: an element multiplies blocks of `lanes` of its
patch's non-zero activations with blocks of `lanes` non-zero weights, a block a cycle unless several of its products add
to one of its 32 accumulator banks. After a chunk, what elements have added for their neighbours' outputs (halos) is
exchanged.

The nest is group, chunk of filters, channel: one window set of all windows, and a step is a channel.
"""

from __future__ import annotations

import attrs
import numpy as np
import numpy.typing as npt

from tlm.core import BadInput
from tlm.workload.layer import Layer

from ..spec import AcceleratorSpec
from .geometry import Grid, Int64s
from .scnn_banks import Banks, Blocks


def grid(layer: Layer, spec: AcceleratorSpec) -> Grid:
    """One tile of a chunk's filters, all windows side by side, and a channel a step."""
    windows = int(np.prod(layer.out_size))
    return Grid(1, Patches.of(layer, spec).chunk, windows, 1, whole_kernel=True, folds=False)


def completion(layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
    """When every step is done: [groups, 1, chunks, channels] cycles, the exchange of halos in a chunk's last."""
    patches = Patches.of(layer, spec)
    filters, channels = layer.filters // layer.groups, int(layer.weights.shape[1])
    chunks = [range(first, min(first + patches.chunk, filters)) for first in range(0, filters, patches.chunk)]
    banks = Banks(layer, spec.lanes)
    cost = np.empty((layer.groups, len(chunks), channels), np.int64)
    for group in range(layer.groups):
        for channel in range(channels):
            values = layer.inputs[image, group * channels + channel]
            blocks = _activation_blocks(values != layer.input_zero, layer, patches, banks)
            for number, chunk in enumerate(chunks):
                rows = range(group * filters + chunk.start, group * filters + chunk.stop)
                cost[group, number, channel] = _slowest(blocks, banks, rows, channel, patches.elements)
    cost[:, :, -1] += patches.halo * np.array([len(chunk) for chunk in chunks])
    return cost.cumsum().reshape(layer.groups, 1, len(chunks), channels)


@attrs.frozen
class Patches:
    """How a layer lies on the elements: `grid` of them (y, x), `size` of a patch of the padded input, and `chunk`, the
    filters whose outputs an element's accumulators hold at once."""

    grid: tuple[int, int]
    size: tuple[int, int]
    chunk: int
    halo: int

    @classmethod
    def of(cls, layer: Layer, spec: AcceleratorSpec) -> Patches:
        """As the machine's elements have it; BadInput where their accumulators hold no filter's outputs."""
        if spec.tiles != 1:
            raise BadInput("must be 1: SCNN broadcasts weights from one buffer", key="accelerator.tiles")
        if not spec.skip:
            raise BadInput("must be true: SCNN has no other way than to skip zeros", key="accelerator.skip")
        grid = (spec.rows, spec.columns)
        out = [-(-side // elements) for side, elements in zip(layer.out_size, grid, strict=True)]
        chunk = spec.accumulators // (out[0] * out[1])
        if chunk < 1:
            message = (
                f"layer {layer.name} has {out[0] * out[1]} outputs of a filter an element, and its accumulators hold "
                f"{spec.accumulators}; enlarge accumulators or the grid"
            )
            raise BadInput(message, key="accelerator.accumulators")
        padded = [side + 2 * pad for side, pad in zip(layer.inputs.shape[2:], layer.padding, strict=True)]
        size = (-(-padded[0] // grid[0]), -(-padded[1] // grid[1]))
        chunk = min(chunk, layer.filters // layer.groups)
        return cls(grid, size, chunk, _largest_halo(size, layer))

    @property
    def elements(self) -> int:
        """How many there are."""
        return self.grid[0] * self.grid[1]


def _largest_halo(size: tuple[int, int], layer: Layer) -> int:
    """Positions of the largest rectangle that an element exchanges with one of its neighbours."""
    reach = [gap * (kernel - 1) for gap, kernel in zip(layer.dilation, layer.weights.shape[2:], strict=True)]
    sides = [
        (max(0, beyond - pad), side, max(0, pad)) for beyond, pad, side in zip(reach, layer.padding, size, strict=True)
    ]
    return int(max(y * x for i, y in enumerate(sides[0]) for j, x in enumerate(sides[1]) if (i, j) != (1, 1)))


def _activation_blocks(there: npt.NDArray[np.bool_], layer: Layer, patches: Patches, banks: Banks) -> list[Blocks]:
    """For every phase of the strides, the blocks of all elements: x outermost, y innermost."""
    x, y = np.nonzero(there.T)
    y, x = y + layer.padding[0], x + layer.padding[1]
    element = y // patches.size[0] * patches.grid[1] + x // patches.size[1]
    phase = y % layer.stride[0] * layer.stride[1] + x % layer.stride[1]
    kinds = banks.of_activations(y, x)
    found = []
    for number in range(layer.stride[0] * layer.stride[1]):
        mine = np.flatnonzero(phase == number)
        mine = mine[np.argsort(element[mine], kind="stable")]
        found.append(banks.blocks(kinds[mine], element[mine]))
    return found


def _slowest(phases: list[Blocks], banks: Banks, filters: range, channel: int, elements: int) -> int:
    """Cycles of the element that takes longest for a channel's activations and the weights of a chunk of filters."""
    total = np.zeros(elements, np.int64)
    for phase, blocks in enumerate(phases):
        if len(blocks.owner):
            cycles = banks.cycles(blocks, filters, channel, phase)
            np.add.at(total, blocks.owner, cycles[blocks.sort])
    return int(total.max(initial=0))
