"""The result document: one frozen class a part, fields with their units, written as JSON as it is."""

from __future__ import annotations

from typing import Any

import attrs

from ..core import Rate

SCHEMA = "tlm-result/1"


@attrs.frozen
class Traffic:
    """One operand's bytes between chip and memory, whole bursts; uncompressed: the values moved x storage width."""

    read_bytes: int = 0
    written_bytes: int = 0
    uncompressed_bytes: int = 0


@attrs.frozen
class LayerResult:
    """One layer over all images. `cycles` = `compute_cycles` (the array's, memory apart) + the sum of `stalls`.

    `compute_cycles` is None where the machine has no rule for the layer (`unmodelled: pass`). Times are of the
    first image's span's start and the last one's end, in fs. `multiplications` and `energy_j` are None where they
    are not modelled.
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
    multiplications: int | None = None
    energy_j: dict[str, float] | None = None


@attrs.frozen
class Component:
    """One component's time, in fs: `busy_fs` + all of `waiting_fs` + `idle_fs` is the run's. `figures` are its own."""

    name: str
    kind: str
    busy_fs: int
    waiting_fs: dict[str, int]
    idle_fs: int
    figures: dict[str, float | int] = attrs.field(factory=dict)
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
    layers: list[LayerResult]
    components: list[Component]
    compression: dict[str, Compression]
    energy_j: float | None = None
    area_mm2: float | None = None
    tops_per_w: float | None = None
    schema: str = SCHEMA

    def as_json(self) -> dict[str, Any]:
        """The document, ready for `json.dump`."""
        document: dict[str, Any] = {"schema": self.schema, **attrs.asdict(self)}
        for name, part in self.compression.items():
            document["compression"][name]["ratio"] = part.ratio
        return document
