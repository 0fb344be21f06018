"""A tile: a grid of inner-product units with its own weight memory, in step with the others (DPRed, section 5.1)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import simpy

from ...core import BUSY, IDLE, Clock, Module, Party
from ...engines import ReadStream, Region
from ...engines.flow import Cause
from ...memory import OnChipSpec
from ...workload.layer import storage_bytes
from ..program import Program
from .broadcast import Broadcast, Job
from .datapath import Datapath
from .memories import WeightMemory


class Tile(Module):
    """Takes part in every pass that has filters for it: waits for its weights, then for the broadcast."""

    kind = "tile"

    def __init__(
        self,
        parent: Module,
        number: int,
        link: Broadcast,
        stream: ReadStream,
        spec: OnChipSpec,
        capacity_bytes: int,
        clock: Clock,
    ) -> None:
        super().__init__(parent, f"tile{number}")
        self.number = number
        self.wm = WeightMemory(self, stream, spec, capacity_bytes, clock)
        self.passes = 0
        self.regions: tuple[tuple[Region, ...], ...] = ()
        self.datapath: Datapath | None = None
        self._link = link
        self._where = (-1, -1)
        self._needs: list[int] = []
        self._reads: list[int] = []
        self._loaded = 0
        self._needed = 0  # values of the stream, for the pass under way

    def figures(self) -> dict[str, float | int]:
        """Passes it took part in."""
        return {"passes": self.passes}

    def waits_for(self) -> Iterator[tuple[Party | None, str]]:
        """The DMA for its weights; the dispatcher to start the pass, or for one to take part in."""
        state = self.probe.state
        if state == "weights":
            yield self.wm.supplier, state
        elif state != BUSY:
            yield self._link.sender, "a pass" if state == IDLE else state

    def take(self, job: Job) -> None:
        """A pass is handed out: ready as soon as its weights are here."""
        arrived = self.wm.stream.arrived
        self._needed = self._need(job)
        if arrived.count < self._needed:
            self.probe.set("weights")
            arrived.reached(self._needed).callbacks.append(self._late)
        else:
            self._ready(None)

    def begin(self, job: Job) -> None:
        """The pass starts."""
        self.probe.set(BUSY)
        length = self._reads[job.work.index]
        if length:
            self.wm.read(job.layer, int(self.env._now), length)

    def finish(self, job: Job) -> None:
        """The pass is over."""
        self.passes += 1
        if self.datapath is not None and job.work.completes:
            self._compute(job, self.datapath)
        if job.work.frees_weights:
            self.wm.stream.free_to(self._needed)
        self.probe.set(IDLE)

    def _late(self, _arrived: simpy.Event) -> None:
        self._ready(self.wm.stream.last)

    def _ready(self, cause: Cause) -> None:
        self.probe.set("broadcast")
        self._link.ready(cause)

    def _need(self, job: Job) -> int:
        """Values of the tile's stream, since the start of the run, that must have arrived for the pass."""
        if (job.layer, job.image) != self._where:
            self._where = (job.layer, job.image)
            self._needs = (self._loaded + job.program.weight_needs(self.number)).tolist()
            self._reads = self._weight_reads(job.program)
            self._loaded += job.program.weights_total(self.number)
        return self._needs[job.work.index]

    def _weight_reads(self, program: Program) -> list[int]:
        """[passes] bytes that the array reads in each: a row of weights a step, for all window sets of a block at once.

        Of weights that are read bit by bit, no more bits than the layer's precision. Nobody waits for them: the port is
        as wide as a row, and a cycle rule knows no refresh of the weights. They take their energy and their turns at
        the banks, which writes wait for where both have one port.
        """
        starts, filters = program.reduction.step_starts, np.array(program.tiles[self.number].filters)
        values = (starts[program.last_step] - starts[program.first_step]) * filters[program.filter_set]
        return [storage_bytes(count, program.weight_read_bits) for count in (values * program.begins_block).tolist()]

    def _compute(self, job: Job, datapath: Datapath) -> None:
        work, program = job.work, job.program
        if not program.modelled:
            datapath.take_reference()
            return
        part = program.tiles[self.number]
        grid = program.geometry.grid
        first = work.group * program.geometry.group_filters + work.filter_set * grid.filters + self.number * grid.rows
        if program.layer.kind == "pointwise":
            datapath.combine(work, first, part.filters[work.filter_set])
            return
        regions = self.regions[job.layer]
        region, base = (regions[work.group], 0) if len(regions) > 1 else (regions[0], work.group * part.group_values)
        begin, end = (base + part.starts[work.filter_set + step] for step in (0, 1))
        weights = self.wm.run_of(region, begin, end)[program.places(part.filters[work.filter_set])]
        datapath.accumulate(work, first, weights)
