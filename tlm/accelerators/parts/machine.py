"""A machine: DMA, engines, memories, dispatcher, tiles and reducers, connected, ready to run a plan."""

from __future__ import annotations

from collections import Counter
from functools import partial

import simpy

from ...core import BadInput, Clock, Module, call_in
from ...engines import CompressionSpec, Compressor, Decompressors, Dma, OutputStream, ReadStream, Request
from ...workload.layer import storage_bytes
from ..plan import Plan
from ..spec import AcceleratorSpec
from .broadcast import Broadcast
from .dispatcher import Dispatcher
from .memories import ActivationMemory, ByLayer, StreamedMemory
from .reducers import Reducers
from .tile import Tile

EXACT_READ_AHEAD = 32  # passes of one step whose bricks the dispatcher's pool holds


class Machine(Module):
    """An accelerator with one socket, `dma.mem`, to be bound to a memory."""

    def __init__(
        self,
        parent: Module | simpy.Environment,
        name: str,
        spec: AcceleratorSpec,
        compression: CompressionSpec,
        plan: Plan,
        *,
        outstanding: int,
        ahead: int,
        exact: bool,
        carries_data: bool,
    ) -> None:
        super().__init__(parent, name)
        self.spec = spec
        self.plan = plan
        self.clock = Clock(spec.clock)
        engines = Clock(compression.clock or spec.clock)
        check_weight_port(spec, spec.weight_bits(plan.workload.layers[0].bits))
        self.dma = Dma(self, "dma", outstanding, carries_data, ahead)
        self.decompressors = Decompressors(self, "decompressors", compression.decompressors, spec.tiles, engines)
        self.expanded: ByLayer = Counter()  # values that they put out
        self.outputs = self._outputs()
        self.am = ActivationMemory(self, self._input_stream(), spec.activation_memory, spec.am, self.clock)
        self.link = Broadcast(self.env)
        self.tiles = [self._tile(number) for number in range(spec.tiles)]
        self.reducers = Reducers(self, spec.tiles, self.am)
        self.dispatcher = Dispatcher(
            self, plan, self.link, self.am, self.reducers, self.dma, self.clock, EXACT_READ_AHEAD if exact else 1
        )
        self.dispatcher.outputs = self.outputs
        self.link.tiles = self.tiles
        self.am.datapath_of = self.dispatcher.datapath
        self.compressor = Compressor(self, "compressor", compression.compressors, engines)
        self.compressor.drain(list(self.outputs.values()), self.dma)
        self._connect()

    def _outputs(self) -> dict[int, OutputStream]:
        """The tensors that leave the chip: those that later layers stream in, and what the network gives."""
        plan = self.plan
        streams = {}
        for image in range(plan.images):
            for layer in range(len(plan.programs)):
                region = plan.tensors[plan.workload.output(layer)][image]
                if region is not None:
                    streams[plan.output_index(layer, image)] = OutputStream(
                        self.env, region, plan.activation_cut, layer
                    )
        return streams

    def _input_stream(self) -> ReadStream:
        plan = self.plan
        return ReadStream(
            self.env,
            plan.am.inputs,
            plan.input_loads(),
            plan.activation_cut,
            "am_capacity",
            lambda output, end: self.outputs[output].written.count >= end,
        )

    def _tile(self, number: int) -> Tile:
        plan = self.plan
        stream = ReadStream(
            self.env,
            plan.wm_values,
            plan.weight_loads(number),
            plan.weight_cut,
            "wm_capacity",
            lambda _output, _end: True,
        )
        tile = Tile(self, number, self.link, stream, self.spec.weight_memory, self.spec.wm, self.clock)
        tile.regions = tuple(layer[number] for layer in plan.weights)
        return tile

    def _connect(self) -> None:
        self.dma.add_stream(self.am.stream)
        self.am.stream.consumer, self.am.stream.producer = self.dispatcher, self.compressor
        self.am.stream.engines = self.decompressors
        self.am.stream.deliver = self._expand_inputs
        for tile in self.tiles:
            self.dma.add_stream(tile.wm.stream)
            tile.wm.stream.consumer, tile.wm.stream.engines = tile, self.decompressors
            tile.wm.stream.deliver = partial(self._expand_weights, tile)

    def _expand_inputs(self, request: Request) -> None:
        """Through the engines, spread over all of them, into AM; its port is asked for when the values are there."""
        now = int(self.env._now)
        began, done = now, now
        if request.region.codec.engine:
            began, done = self.decompressors.serve_spread(now, request.values, 8 * request.payload.data_length)
            self.expanded[request.load.layer] += request.values
        request.expanded(now, began, done)
        bits = self.spec.activation_bits(request.region.fmt.bits)
        call_in(self.env, done - now, partial(self._store, request, done, self.am, bits))

    def _expand_weights(self, tile: Tile, request: Request) -> None:
        """Through the tile's engine into its weight memory, whose write port nothing else uses."""
        now = int(self.env._now)
        began, done = now, now
        if request.region.codec.engine:
            bits = 8 * request.payload.data_length
            began, done = self.decompressors.serve_part(tile.number, now, request.values, bits)
            self.expanded[request.load.layer] += request.values
        request.expanded(now, began, done)
        self._store(request, done, tile.wm, self.spec.weight_bits(request.region.fmt.bits))

    def _store(self, request: Request, ready: int, memory: StreamedMemory, bits: int) -> None:
        stored = memory.write(request.load.layer, ready, storage_bytes(request.values, bits))
        request.payload.milestones.append((stored, "onchip_bandwidth"))
        call_in(self.env, stored - int(self.env._now), partial(self._commit, request, memory))

    def _commit(self, request: Request, memory: StreamedMemory) -> None:
        memory.store(request)
        self.dma.release(request)


def check_weight_port(spec: AcceleratorSpec, bits: int) -> None:
    """Refuse a weight memory that cannot give the grid its row of weights every cycle."""
    filters = spec.rows * (spec.buffers_weights or spec.buffers)
    needed = filters * spec.lanes * bits
    offered = spec.weight_memory.banks * spec.weight_memory.width_bits
    if offered < needed:
        raise BadInput(
            f"the weight memory gives {offered} bits a cycle; {filters} filters x {spec.lanes} lanes x {bits} bits "
            f"need {needed}",
            key="accelerator.weight_memory",
        )
