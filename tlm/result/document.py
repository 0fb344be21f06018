"""The result document: one frozen class a part, fields with their units, written as JSON as it is."""

from __future__ import annotations

from typing import Any

import attrs

from ..core import Rate
from .timeline import Timeline

SCHEMA = "tlm-result/5"
OPERANDS = ("weights", "inputs", "outputs")  # whose traffic is told apart


@attrs.frozen
class Traffic:
    """One operand's bytes between chip and memory, whole bursts; uncompressed: the values moved x storage width."""

    read_bytes: int = 0
    written_bytes: int = 0
    uncompressed_bytes: int = 0


@attrs.frozen
class Reentries:
    """Where an operand's streams are read again from, `addresses`, and how often in the whole run, all together."""

    addresses: list[int]
    times: int


@attrs.frozen
class LayerOrder:
    """In what order a layer was planned to run: `name` says what is kept on the chip, and what is loaded again.

    Its windows are cut into `bands`; weights and inputs are loaded so often for an image. `reentries` {operand: where}.
    """

    name: str
    bands: int
    weight_loads: int
    input_loads: int
    reentries: dict[str, Reentries]


@attrs.frozen
class LayerResult:
    """One layer over all images. `cycles` = `compute_cycles` (the array's, memory apart) + the sum of `stalls`.

    `accelerator` names the one that ran it, where there are several. `compute_cycles` is None where that has no rule
    for the layer (`unmodelled: pass`). Times are of the first image's span's start and the last one's end, in fs.
    `occupied` {kind of component: cycles the one of them was that was longest}; `moving_cycles` are what the bytes that
    were moved meanwhile take at the memory's peak, `roofline_cycles` these or the array's, the longer one; `bound_by`
    is a reason or "array".
    `energy_j` {component: J}. It and `multiplications` are None where they are not known, `order` for a layer that
    nobody models.
    """

    name: str
    kind: str
    macs: int
    cycles: int
    compute_cycles: int | None
    start_fs: int
    end_fs: int
    stalls: dict[str, int]
    traffic: dict[str, Traffic]
    utilisation: float | None
    occupied: dict[str, int]
    moving_cycles: int
    roofline_cycles: int
    bound_by: str
    accelerator: str | None = None
    multiplications: int | None = None
    energy_j: dict[str, float] | None = None
    order: LayerOrder | None = None


@attrs.frozen
class Component:
    """One component's time, in fs: `busy_fs` + all of `waiting_fs` + `idle_fs` is the run's. `figures` are its own."""

    name: str
    kind: str
    busy_fs: int
    waiting_fs: dict[str, int]
    idle_fs: int
    figures: dict[str, float] = attrs.field(factory=dict)
    rate: Rate | None = None


@attrs.frozen
class Compression:
    """One operand's streams as they were encoded: bytes, and the empirical entropy's, as the limit."""

    codec: str
    encoded_bytes: int
    uncompressed_bytes: int
    entropy_bytes: float

    @property
    def ratio(self) -> float:
        """Encoded over uncompressed; below 1 is a gain."""
        return self.encoded_bytes / self.uncompressed_bytes if self.uncompressed_bytes else 1.0


@attrs.frozen
class AcceleratorResult:
    """What one accelerator did: `cycles` of its own clock to its own end, then `idle_cycles` to the run's.

    `energy_j` {component: J} is what it took, of which `idle_energy_j` in the end and the rest for its layers.
    """

    name: str | None
    preset: str
    cycles: int
    idle_cycles: int
    images: int
    images_per_s: float
    latency_s: float
    macs_per_cycle: float
    roofline_cycles: int
    bound_by: str
    predictions: list[int] | None
    labels: list[int] | None
    compression: dict[str, Compression]
    energy_j: dict[str, float] | None = None
    idle_energy_j: float | None = None
    area_mm2: float | None = None


@attrs.frozen
class EnergyRow:
    """A count and its cost: `joules` = `count` x `cost_pj`; `table` is the file that says it, `status` how it is known.

    `accelerator` is None where there is one, and for what several share.
    """

    accelerator: str | None
    component: str
    event: str
    count: float
    cost_pj: float
    joules: float
    table: str
    status: str


@attrs.frozen
class AreaRow:
    """So many of a part and the area of each: `mm2` = `count` x `each_mm2`; the rest as in EnergyRow."""

    accelerator: str | None
    component: str
    part: str
    count: float
    each_mm2: float
    mm2: float
    table: str
    status: str


@attrs.frozen
class Comparison:
    """The run with another accelerator or codec, `name`, in place of the scenario's own; `layers` has their cycles.

    `notes` are what is to be known of it, as of a result.
    """

    name: str
    cycles: int
    time_fs: int
    energy_j: float | None
    offchip_bytes: int
    layers: list[int]
    notes: list[str] = attrs.field(factory=list)


@attrs.frozen
class Widening:
    """The run with one resource doubled: its `cycles`, in the clock of the run as it was, and those `gained`."""

    resource: str
    before: str
    after: str
    cycles: int
    gained: int


@attrs.frozen
class Result:
    """What a run was. Units are in the names; `cycles` are the accelerator clock's; docs/result.md has every field."""

    scenario: dict[str, Any]
    versions: dict[str, str]
    partial: bool
    time_fs: int
    cycles: int
    images: int
    images_per_s: float
    latency_s: float
    macs_per_cycle: float
    checked: bool
    predictions: list[int] | None
    labels: list[int] | None
    wall_s: float
    events: int
    accelerators: list[AcceleratorResult]
    layers: list[LayerResult]
    components: list[Component]
    compression: dict[str, Compression]
    compare: list[Comparison] = attrs.field(factory=list)
    widen: list[Widening] = attrs.field(factory=list)
    memory_energy_j: dict[str, float] | None = None
    notes: list[str] = attrs.field(factory=list)
    energy: list[EnergyRow] = attrs.field(factory=list)
    energy_j: float | None = None
    tops_per_w: float | None = None
    area: list[AreaRow] = attrs.field(factory=list)
    area_mm2: float | None = None
    timeline: Timeline | None = None
    schema: str = SCHEMA

    @property
    def offchip_bytes(self) -> int:
        """What was moved between chips and memory."""
        parts = [part for layer in self.layers for part in layer.traffic.values()]
        return sum(part.read_bytes + part.written_bytes for part in parts)

    def as_json(self) -> dict[str, Any]:
        """The document, ready for `json.dump`."""
        document: dict[str, Any] = {"schema": self.schema, **attrs.asdict(self)}
        _add_ratios(document["compression"], self.compression)
        for told, one in zip(document["accelerators"], self.accelerators, strict=True):
            _add_ratios(told["compression"], one.compression)
        return document


def _add_ratios(document: dict[str, Any], compression: dict[str, Compression]) -> None:
    for name, part in compression.items():
        document[name]["ratio"] = part.ratio
