"""An accelerator's numbers, as a preset file gives them and a scenario may change them."""

from __future__ import annotations

from typing import Literal

import attrs

from tlm.energy import EnergySpec
from tlm.inputs.ranges import Range
from tlm.memory.onchip_spec import OnChipSpec

from .formats import OperandFormats

size = Range(above=0, most=4096)
capacity = Range(above=0, most=1 << 36)


@attrs.frozen
class AcceleratorSpec:
    """A grid machine: `tiles` x `rows` filters x `columns` windows x `lanes` channels.

    `rules` names the cycle rule of each kind of layer; units take `serial_bits` bits of an activation a cycle, parallel
    ones all; columns that run ahead of each other may do so by `registers` steps; an element of SCNN has
    `accumulators`; `layout` is how maps lie in memory (`tlm.accelerators.layout`). `skip` is whether machines that can
    skip products with a zero do. A unit of DLAC has `buffers` outputs, of `buffers_weights` filters (None: as suits a
    layer), runs ahead by `queue` steps, waits for all after `resync`, and in the last `adders` columns only adds. A
    pipeline may have `fill` cycles before a layer's first step. `am` is the whole activation memory, `wm` the weight
    memory of one tile, in bytes: of values as they are stored, or of entries of the machine's own `formats`; `clock` is
    in Hz. What it takes, energy and area, is known where `energy` says which figures are the machine's.
    """

    preset: str
    rules: dict[str, str]
    tiles: int = attrs.field(validator=size)
    rows: int = attrs.field(validator=size)
    columns: int = attrs.field(validator=size)
    lanes: int = attrs.field(validator=size)
    clock: float = attrs.field(validator=Range(least=1, most=10**12, whole=False), metadata={"unit": "Hz"})
    am: int = attrs.field(validator=capacity, metadata={"unit": "B"})
    wm: int = attrs.field(validator=capacity, metadata={"unit": "B"})
    activation_memory: OnChipSpec
    weight_memory: OnChipSpec
    serial_bits: int = attrs.field(default=1, validator=Range(least=1, most=16))
    layout: Literal["bricks", "planes"] = "bricks"
    accumulators: int = attrs.field(default=1024, validator=Range(above=0))
    registers: int = attrs.field(default=1, validator=Range(least=0))
    skip: bool = True
    buffers: int = attrs.field(default=1, validator=size)
    buffers_weights: int | None = attrs.field(default=None, validator=Range(above=0, most=4096, optional=True))
    queue: int = attrs.field(default=0, validator=Range(least=0))
    resync: int = attrs.field(default=1, validator=Range(least=1))
    adders: int = attrs.field(default=0, validator=Range(least=0))
    fill: int = attrs.field(default=0, validator=Range(least=0, most=4096))
    formats: OperandFormats | None = None
    energy: EnergySpec | None = None

    def activation_bits(self, stored: int) -> int:
        """The width of an activation in AM, where values are stored in so many bits."""
        return self.formats.activation_bits if self.formats else stored

    def weight_bits(self, stored: int) -> int:
        """The width of a weight in WM."""
        return self.formats.weight_bits if self.formats else stored
