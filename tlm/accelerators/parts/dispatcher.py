"""The dispatcher: reads bricks from AM, broadcasts them to the tiles pass by pass, and collects the outputs.

DPRed, sections 5.2 and 5.3.1: wide reads of the activation memory into a pool of bricks, a broadcast that holds all
tiles in step, and reducers that write finished outputs back while the next windows are computed.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterator
from functools import partial
from typing import Any

import attrs
import simpy

from ...core import BUSY, IDLE, CheckFailed, Clock, Module, Party, call_in
from ...engines import Dma, OutputStream, walk
from ...engines.flow import Cause
from ...workload.layer import Ints, first_difference, storage_bytes
from ..layout import laid_out
from ..plan import Arrivals, Plan
from ..program import Pass, Program
from .broadcast import Broadcast, Job
from .datapath import Datapath
from .memories import ActivationMemory
from .reducers import Reducers
from .tile import Tile
from .usage import Usage, Use

Process = Generator[simpy.Event, Any, None]
Wait = Generator[simpy.Event, Any, Cause]


@attrs.define
class LayerRun:
    """What one layer did for one image: its span, what its cycles went to, and {kind: use} of what it shares."""

    layer: int
    image: int
    start_fs: int
    end_fs: int = 0
    compute_cycles: int = 0
    complete: bool = False
    stalls: dict[str, int] = attrs.field(factory=dict)
    used: dict[str, Use] = attrs.field(factory=dict)


@attrs.frozen
class Standing:
    """How far a run is: the layer and image under way, its passes done, and array cycles done of the whole run."""

    layer: str
    image: int
    passes_done: int
    passes: int
    cycles_done: int
    cycles: int


class Dispatcher(Module):
    """Runs all passes of a plan, in order."""

    kind = "dispatcher"

    def __init__(
        self,
        parent: Module,
        plan: Plan,
        link: Broadcast,
        am: ActivationMemory,
        reducers: Reducers,
        dma: Dma,
        clock: Clock,
        read_ahead: int,
    ) -> None:
        super().__init__(parent, "dispatcher")
        self.plan = plan
        self.runs: list[LayerRun] = []
        self.finished = False
        self.outputs: dict[int, OutputStream] = {}
        self.datapaths: dict[tuple[int, int], Datapath] = {}
        self.resident: dict[int, Ints] = {}  # in a checked run, the streams of the tensors in AM
        self.usage: Usage | None = None
        self._link = link
        link.sender = self
        self._am = am
        self._reducers = reducers
        self._dma = dma
        self._clock = clock
        self._starts: deque[int] = deque([0], maxlen=read_ahead)
        self._array_free = 0
        self._inputs_since = 0  # no later than this have the inputs of the next pass been there
        self._inputs_base = 0
        self._arrivals: Arrivals | None = None
        self._passes_done = self._cycles_done = 0
        self._cycles = sum(int(program.cycles.sum()) for program in plan.programs)
        self.process(self._run)

    @property
    def checked(self) -> bool:
        """Whether real values are computed."""
        return self._dma.carries_data

    @property
    def ended(self) -> list[LayerRun]:
        """The runs that have ended, or were interrupted."""
        return [run for run in self.runs if run.end_fs]

    def standing(self) -> Standing | None:
        """How far the run is; None before it has begun."""
        if not self.runs:
            return None
        run = self.runs[-1]
        program = self.plan.programs[run.layer]
        return Standing(
            program.layer.name, run.image, self._passes_done, program.passes, self._cycles_done, self._cycles
        )

    def waits_for(self) -> Iterator[tuple[Party | None, str]]:
        """The DMA for inputs, tiles that are late, the compressor for room, it and then the DMA for the last writes."""
        state = self.probe.state
        if state == "inputs":
            yield self._am.supplier, state
        elif state == "tiles":
            yield from ((tile, state) for tile in self._late_tiles())
        elif state in ("am_capacity", "offchip_write"):
            output = self.outputs[self.plan.output_index(self.runs[-1].layer, self.runs[-1].image)]
            drained = output.drained.count >= output.region.count
            yield (self._dma if drained else self._am.stream.producer), state

    def _late_tiles(self) -> list[Tile]:
        """The tiles that take part in the pass handed out and are not ready; all of them where no one is not."""
        taking = self._link.taking
        return [tile for tile in taking if tile.probe.state != "broadcast"] or taking

    def end_of_elaboration(self) -> None:
        """Outputs become final here."""
        for output in self.outputs.values():
            output.maker = self

    def datapath(self, layer: int, image: int) -> Datapath:
        """The values of a layer and image; they begin to exist with the first that arrives."""
        if (layer, image) not in self.datapaths:
            self.datapaths[layer, image] = Datapath(self.plan.programs[layer], image, self.plan.workload.sources(layer))
        return self.datapaths[layer, image]

    def _run(self) -> Process:
        self._array_free = self.now
        if self.usage:
            self.usage.until(self.now)  # what was before is none of ours
        for image in range(self.plan.images):
            for layer in range(len(self.plan.programs)):
                yield from self._layer(layer, image)
        self.finished = True
        self.probe.set(IDLE)

    def _layer(self, layer: int, image: int) -> Process:
        program = self.plan.programs[layer]
        run = LayerRun(layer, image, self.now)
        self._inputs_since = self.now
        self._dma.serve(image, layer)
        self.runs.append(run)
        self._passes_done = 0
        arrivals = self._arrivals = self.plan.arrivals[layer][image]
        output = self.outputs.get(self.plan.output_index(layer, image))
        datapath = self.datapath(layer, image) if self.checked else None
        if datapath is not None:
            self._begin(layer, datapath, output)
        for work in program.run(image):
            yield from self._pass(run, program, work, output)
        yield from self._drain(run, output)
        if arrivals is not None:
            self._inputs_base += program.input_loads * arrivals.count
        if datapath is not None:
            self._hand_over(layer, image, datapath)

    def _pass(self, run: LayerRun, program: Program, work: Pass, output: OutputStream | None) -> Process:
        ready = self._link.announce(Job(run.layer, run.image, program, work))
        cause = yield from self._operands(work, output)
        if not ready.triggered:
            self.probe.set("tiles")
            yield ready
            cause = self._link.late
        yield ready
        cause = yield from self._ports(run.layer, program, work, cause)
        yield from self._align()
        self._account(run, cause)
        yield from self._execute(work)
        run.compute_cycles += work.cycles
        self._passes_done += 1
        self._cycles_done += work.cycles
        self._release(work)
        if work.completes:
            self._collect(run.layer, program, work, output)

    def _operands(self, work: Pass, output: OutputStream | None) -> Wait:
        """Wait for the inputs, where they are streamed, and for room for the outputs, where they are."""
        cause: Cause = None
        if self._arrivals is not None:
            stream, need = self._am.stream, self._inputs_base + int(self._arrivals.need[work.index])
            if stream.arrived.count < need:
                self.probe.set("inputs")
                yield stream.arrived.reached(need)
                cause = stream.last
                self._inputs_since = self.now
        if output is not None:
            drained = work.out_started - self.plan.am.outputs
            if output.drained.count < drained:
                self.probe.set("am_capacity")
                yield output.drained.reached(drained)
                cause = output.newest
        return cause

    def _ports(self, layer: int, program: Program, work: Pass, cause: Cause) -> Wait:
        """Wait until AM keeps up with reading the bricks, and the outputs before have left their registers."""
        waits = {"reduce": self._reducers.registers_free_fs}
        if program.modelled:
            begun = self._starts[-1 if program.layer.kind == "pointwise" else 0]  # whose one pass fills the pool
            ready = max(begun, self._inputs_since)
            done = self._am.read(layer, ready, storage_bytes(work.reads, program.activation_bits))
            waits["dispatch"] = done - work.cycles * self._clock.period_fs
        for reason, until in sorted(waits.items(), key=lambda wait: wait[1]):
            if until > self.now:
                self.probe.set(reason)
                yield self.env.timeout(until - self.now)
                cause = reason
        return cause

    def _align(self) -> Process:
        edge = self._clock.next_edge(self.now)
        if edge > self.now:
            yield self.env.timeout(edge - self.now)

    def _execute(self, work: Pass) -> Process:
        self._starts.append(self.now)
        self._array_free = self.now
        self._dma.forget()
        if self.checked and work.completes:
            self._am.catch_up()
        started, done = self._link.start(work.cycles * self._clock.period_fs)
        yield started
        self.probe.set(BUSY)
        yield done
        self.probe.set("tiles")
        self._array_free = self.now

    def _release(self, work: Pass) -> None:
        if self._arrivals is not None:
            self._am.stream.free_to(self._inputs_base + int(self._arrivals.free[work.index]))

    def _collect(self, layer: int, program: Program, work: Pass, output: OutputStream | None) -> None:
        windows = work.windows[1] - work.windows[0]
        done = self._reducers.collect(self.now, layer, program, work, windows)
        if output is not None and work.out_final > output.final.count:
            call_in(self.env, done - self.now, partial(output.final.advance_to, work.out_final))

    def _drain(self, run: LayerRun, output: OutputStream | None) -> Process:
        """A layer ends, on an edge, with its own last write: into AM or, off the chip, into the memory."""
        cause: Cause = "reduce"
        if self._reducers.done_fs > self.now:
            self.probe.set("reduce")
            yield self.env.timeout(self._reducers.done_fs - self.now)
        if output is not None:
            self.probe.set("offchip_write")
            yield output.written.reached(output.length)
            cause = output.last
        yield from self._align()
        self._account(run, cause)
        self._array_free = run.end_fs = self.now
        run.complete = True
        run.used = self.usage.until(self.now) if self.usage else {}
        self.probe.set(IDLE)

    def interrupt(self) -> None:
        """The simulation stops here: the layer under way ends with the cycle, as far as it has come."""
        run = self.runs[-1] if self.runs else None
        if run is None or run.end_fs:
            return
        run.end_fs = self._clock.next_edge(self.now)
        run.used = self.usage.until(self.now) if self.usage else {}
        cycles = (run.end_fs - self._array_free) // self._clock.period_fs
        if self.probe.state == BUSY:
            run.compute_cycles += cycles
        elif cycles:
            run.stalls[self.probe.state] = run.stalls.get(self.probe.state, 0) + cycles

    def _account(self, run: LayerRun, cause: Cause) -> None:
        """Give every cycle the array has stood still its reason; what is left of a cycle goes to the next span."""
        edge, period = self._clock.next_edge, self._clock.period_fs
        begin = self._array_free
        for duration, reason in reversed(walk(cause, self._array_free, self.now)):
            cycles = (edge(begin + duration) - edge(begin)) // period
            begin += duration
            if cycles:
                run.stalls[reason] = run.stalls.get(reason, 0) + cycles

    def _begin(self, layer: int, datapath: Datapath, output: OutputStream | None) -> None:
        """In a checked run: what lies in AM is at hand, and tiles and outputs have the layer's values."""
        for tensor in set(self.plan.workload.sources(layer)) & set(self.resident):
            datapath.take(tensor, 0, self.resident[tensor])
        if output is not None:
            output.values_of = datapath.outputs
        for tile in self._link.tiles:
            tile.datapath = datapath

    def _hand_over(self, layer: int, image: int, datapath: Datapath) -> None:
        """The layer's outputs, compared with the reference, stay for others; tensors that it is the last to read go."""
        del self.datapaths[layer, image]
        outputs = datapath.outputs(0, int(datapath.program.layer.outputs[image].size))
        expected = laid_out(datapath.program.layer.outputs[image], datapath.program.layout)
        place = first_difference(outputs, expected)
        if place is not None:
            raise CheckFailed(
                f"layer {datapath.program.layer.name}, image {image}: output {place} of its stream is "
                f"{outputs[place]}, not {expected[place]}"
            )
        workload = self.plan.workload
        if self.plan.am.resident[workload.output(layer)]:
            self.resident[workload.output(layer)] = outputs
        for tensor in set(workload.sources(layer)) & set(self.resident):
            if workload.readers(tensor)[-1] == layer:
                del self.resident[tensor]
