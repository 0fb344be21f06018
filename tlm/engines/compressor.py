"""Compression engines on the way out: they encode what must leave the chip and hand it to the DMA."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import partial
from itertools import groupby
from typing import Any

import numpy as np
import simpy

from ..codecs.format import Bytes
from ..core import FS_PER_S, WRITE, CheckFailed, Clock, Module, Payload, Progress, Rate
from ..workload.layer import Ints, first_difference
from .dma import Dma
from .flow import Write
from .region import Cut, Piece, Region, cut_writes

Process = Generator[simpy.Event, Any, None]


class OutputStream:
    """The output of layer number `layer` on its way off the chip, for one image.

    `final` counts the values of the stream that are final in AM, `drained` those that left it, `written` the encoded
    bytes that are in memory; `last` is the write that ended last in order, `newest` the last one begun.
    `values_of(begin, end)` gives real values in a checked run.
    """

    def __init__(self, env: simpy.Environment, region: Region, cut: Cut, layer: int) -> None:
        self.region = region
        self.layer = layer
        self.final = Progress(env)
        self.drained = Progress(env)
        self.written = Progress(env)
        self.last: Write | None = None
        self.newest: Write | None = None
        self.values_of: Callable[[int, int], Ints] | None = None
        pieces = cut_writes(region, cut)
        self.runs = [list(run) for _, run in groupby(pieces, key=lambda piece: piece.run_end)]
        self.length = pieces[-1].end
        self._in_order: deque[Write] = deque()
        self._tail: Bytes = np.zeros(0, np.uint8)
        self._encoded_to = 0

    def encode(self, values: int, begin: int, end: int) -> bytes:
        """The real bytes `begin`..`end`, once the first `values` values are final; compared with the expected."""
        assert self.values_of is not None
        fresh = self.values_of(self._encoded_to, values)
        expected = self.region.values
        assert expected is not None
        wrong = first_difference(fresh, expected[self._encoded_to : values])
        if wrong is not None:
            place = self._encoded_to + wrong
            raise CheckFailed(f"{self.region.name}: value {place} is {fresh[wrong]}, not {expected[place]}")
        bits = self._append(fresh)
        data = np.packbits(bits[: 8 * (end - begin)], bitorder="little")
        self._tail = bits[8 * (end - begin) :]
        self._encoded_to = values
        return data.tobytes().ljust(end - begin, b"\0")

    def _append(self, fresh: Ints) -> Bytes:
        if not len(fresh):
            return self._tail
        encoded = self.region.codec.encode(fresh, self.region.fmt)
        bits = np.unpackbits(encoded.data, bitorder="little", count=int(encoded.offsets[-1]))
        return np.concatenate([self._tail, bits])

    def sent(self, write: Write) -> None:
        """`write` is the next in order that is under way."""
        self.newest = write
        self._in_order.append(write)

    def landed(self) -> int:
        """Bytes in memory without a gap, counted in order."""
        count = self.written.count
        while self._in_order and self._in_order[0].done.triggered:
            self.last = self._in_order.popleft()
            count += self.last.payload.data_length
        return count


class Compressor(Module):
    """`lanes` engines that take one value a cycle each, fed with the outputs in order of their layers, run by run.

    Room in AM is free once the run's encoded bytes have been accepted by the DMA.
    """

    kind = "compressor"

    def __init__(
        self, parent: Module, name: str, lanes: int, clock: Clock, dma: Dma, outputs: Iterable[OutputStream]
    ) -> None:
        super().__init__(parent, name)
        self.lanes = lanes
        self.values = 0
        self._period_fs = clock.period_fs
        self._dma = dma
        self._outputs = outputs
        self.process(self._run)

    def figures(self) -> dict[str, float | int]:
        """Its lanes, and what they took."""
        return {"lanes": self.lanes, "values": self.values}

    def rate(self) -> Rate:
        """Values encoded, a lane's one a cycle at most."""
        return Rate(self.values, self.lanes * FS_PER_S / self._period_fs, "values")

    def _run(self) -> Process:
        for output in self._outputs:
            begin, before = 0, 0
            for run in output.runs:
                values, cause = run[-1].values, output.newest or "reduce"
                if output.final.count < values:
                    yield output.final.reached(values)
                    cause = "reduce"
                began = self.now
                yield from self._compress(output, values - before)
                writes = self._writes(output, begin, before, run)
                for write in writes:
                    write.issued_fs, write.blocker = began, cause
                    self._dma.write(write)
                yield writes[-1].accepted
                output.drained.advance_to(values)
                begin, before = run[-1].end, values

    def _compress(self, output: OutputStream, values: int) -> Process:
        if output.region.codec.engine:
            duration = -(-values * self._period_fs // self.lanes)
            self.probe.span(self.now, self.now + duration)
            self.values += values
            yield self.env.timeout(duration)

    def _writes(self, output: OutputStream, begin: int, before: int, run: list[Piece]) -> list[Write]:
        """The run's transactions, with their real bytes where these are carried."""
        writes = []
        for piece in run:
            payload = Payload(WRITE, output.region.address + begin, data_length=piece.end - begin)
            payload.milestones.append((self.now, "compression"))
            if self._dma.carries_data:
                payload.data = output.encode(piece.values, begin, piece.end)
            write = Write(self.env, payload, output.layer, piece.values - before)
            output.sent(write)
            write.done.callbacks.append(partial(self._landed, output, write))
            writes.append(write)
            begin, before = piece.end, piece.values
        return writes

    def _landed(self, output: OutputStream, write: Write, _event: simpy.Event) -> None:
        output.written.advance_to(output.landed())
        self._dma.wake(write)
