"""A tile: a grid of inner-product units with its own weight memory, in step with the others (DPRed, section 5.1)."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import simpy

from ...core import BUSY, IDLE, Clock, Module
from ...engines import ReadStream, Region, Request
from ...engines.receive import Receiver
from ...memory import OnChipMemory, Organisation
from .broadcast import Broadcast, Job
from .datapath import Datapath, Floats

Process = Generator[simpy.Event, Any, None]


class WeightMemory(Module):
    """One tile's weights: a stream of loads into a bounded buffer, timed as an on-chip memory."""

    def __init__(
        self, parent: Module, stream: ReadStream, organisation: Organisation, capacity_bytes: int, clock: Clock
    ) -> None:
        super().__init__(parent, "wm")
        self.stream = stream
        self.array = OnChipMemory(self, "array", organisation, capacity_bytes, clock)
        self._receiver = Receiver()
        self._values: dict[Region, Floats] = {}

    def store(self, request: Request) -> None:
        """A request's values are here: keep them, where they are carried, and count them in."""
        if request.payload.data is not None:
            region = request.load.region
            first, values = self._receiver.take(request)
            if region not in self._values:
                self._values[region] = np.full(region.count, np.nan)
            self._values[region][first : first + len(values)] = values
        self.stream.commit(request)

    def run_of(self, region: Region, begin: int, end: int) -> Floats:
        """Values `begin`..`end` of a region as they arrived."""
        return self._values[region][begin:end]


class Tile(Module):
    """Takes part in every pass that has filters for it: waits for its weights, then for the broadcast."""

    kind = "tile"

    def __init__(
        self,
        parent: Module,
        number: int,
        link: Broadcast,
        stream: ReadStream,
        organisation: Organisation,
        capacity_bytes: int,
        clock: Clock,
    ) -> None:
        super().__init__(parent, f"tile{number}")
        self.number = number
        self.wm = WeightMemory(self, stream, organisation, capacity_bytes, clock)
        self.passes = 0
        self.regions: tuple[tuple[Region, ...], ...] = ()
        self.datapath: Datapath | None = None
        self._link = link
        self._clock = clock
        self._image_base = 0
        self._layer_base = 0
        self._where = (-1, -1)
        self.process(self._run)

    def figures(self) -> dict[str, float | int]:
        """Passes it took part in."""
        return {"passes": self.passes}

    def _run(self) -> Process:
        announcement = self._link.first
        stream = self.wm.stream
        while True:
            job: Job = yield announcement
            announcement = job.next
            work = job.work
            if not job.program.tiles[self.number].filters[work.filter_set]:
                continue
            need = self._base(job) + job.program.weights_of(self.number, work.unit, work.filter_set, work.steps[1])
            cause = None
            if stream.arrived.count < need:
                self.probe.set("weights")
                yield stream.arrived.reached(need)
                cause = stream.last
            self.probe.set("broadcast")
            self._link.ready(cause)
            yield job.started
            self.probe.set(BUSY)
            self._read_weights(job)
            yield job.done
            self._finish(job, need)

    def _finish(self, job: Job, need: int) -> None:
        self.passes += 1
        if self.datapath is not None and job.work.completes:
            self._compute(job, self.datapath)
        if job.work.frees_weights:
            self.wm.stream.free_to(need)
        self.probe.set(IDLE)

    def _base(self, job: Job) -> int:
        """Values of the tile's stream before this layer's of this image."""
        if (job.layer, job.image) != self._where:
            self._layer_base = self._image_base
            self._image_base += job.program.weights_total(self.number)
            self._where = (job.layer, job.image)
        return self._layer_base

    def _read_weights(self, job: Job) -> None:
        """The array reads a row of weights a step; the port is as wide as that, so it never waits."""
        begin, end = (job.program.reduction.step_starts[step] for step in job.work.steps)
        filters = job.program.tiles[self.number].filters[job.work.filter_set]
        self.wm.array.read(self.now, -(-int(end - begin) * filters * job.program.layer.bits // 8))

    def _compute(self, job: Job, datapath: Datapath) -> None:
        work, program = job.work, job.program
        if not program.modelled:
            datapath.take_reference()
            return
        part = program.tiles[self.number]
        regions = self.regions[job.layer]
        region, base = (regions[work.group], 0) if len(regions) > 1 else (regions[0], work.group * part.group_values)
        begin, end = (base + part.starts[work.filter_set + step] for step in (0, 1))
        weights = self.wm.run_of(region, begin, end)[program.places(part.filters[work.filter_set])]
        grid = program.geometry.grid
        first = work.group * program.geometry.group_filters + work.filter_set * grid.filters
        datapath.accumulate(work, first + self.number * grid.rows, weights)
