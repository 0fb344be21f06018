"""Compression engines on the way out: they encode what must leave the chip and hand it to the DMA."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from operator import index
from typing import Any

import numpy as np
import simpy

from ..codecs.format import Bytes
from ..core import WRITE, BadInput, CheckFailed, Party, Payload, Progress
from ..workload.layer import Ints, first_difference
from .dma import Dma
from .engine import Engine
from .flow import Write
from .region import Cut, Piece, Region, by_run, cut_writes

Process = Generator[simpy.Event, Any, None]


class OutputStream:
    """The output of layer number `layer` on its way off the chip, for one image.

    `final` counts the values of the stream that are final in AM, `drained` those that left it, `written` the encoded
    bytes that are in memory; `last` is the write that ended last in order, `newest` the last one begun.
    `values_of(begin, end)` gives real values in a checked run. `maker` is who makes values final, for a message about
    who waits for whom.
    """

    def __init__(self, env: simpy.Environment, region: Region, cut: Cut, layer: int) -> None:
        self.region = region
        self.layer = layer
        self.final = Progress(env)
        self.drained = Progress(env)
        self.written = Progress(env)
        self.last: Write | None = None
        self.newest: Write | None = None
        self.maker: Party | None = None
        self.values_of: Callable[[int, int], Ints] | None = None
        pieces = cut_writes(region, cut)
        self.runs = list(by_run(pieces))
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


class Compressor(Engine):
    """Lanes that encode what leaves the chip, a value a cycle each; `values` counts those taken.

    In a user's process: `yield compressor.compress(values)`. A machine has it `drain` its outputs.
    """

    kind = "compressor"
    _drain: Drain | None = None

    def compress(self, values: int) -> simpy.Event:
        """Encode `values` values that are here now.

        The event fires when that is done; its value is when the engine began and when it was done, in fs.
        """
        if values < 0:
            raise BadInput(f"{self.full_name}: there are no {values} values")
        return self._ended(self._occupy(self.now, index(values), index(values)))

    def waits_for(self) -> Iterator[tuple[Party | None, str]]:
        """The DMA, where it has not accepted what is encoded; else who makes the outputs final."""
        return iter(()) if self._drain is None else self._drain.waits_for()

    def drain(self, outputs: Iterable[OutputStream], dma: Dma) -> None:
        """Take `outputs` in the order of their layers, run by run, and hand what they are encoded to, to `dma`."""
        self._drain = Drain(self, outputs, dma)
        self.process(self._drain.run)


class Drain:
    """The way off the chip: room in AM is free once a run's encoded bytes have been accepted by the DMA."""

    def __init__(self, compressor: Compressor, outputs: Iterable[OutputStream], dma: Dma) -> None:
        self._compressor = compressor
        self._outputs = outputs
        self._dma = dma
        self._output: OutputStream | None = None
        self._sent: Write | None = None

    def waits_for(self) -> Iterator[tuple[Party | None, str]]:
        """The DMA, where it has not accepted what was sent last; else who has to make the next outputs final."""
        if self._sent is not None and not self._sent.accepted.triggered:
            yield self._dma, "the last bytes sent to be accepted"
        elif self._output is not None and any(self._output.final.awaited()):
            yield self._output.maker, f"outputs of layer {self._output.region.layer} to be final"

    def run(self) -> Process:
        """The process: it ends with the last output."""
        for output in self._outputs:
            self._output = output
            begin, before = 0, 0
            for run in output.runs:
                values, cause = run[-1].values, output.newest or "reduce"
                if output.final.count < values:
                    yield output.final.reached(values)
                    cause = "reduce"
                began = self._dma.now
                if output.region.codec.engine:
                    yield self._compressor.compress(values - before)
                writes = self._writes(output, begin, before, run)
                for write in writes:
                    write.issued_fs, write.blocker = began, cause
                    self._dma.send(write)
                self._sent = writes[-1]
                yield self._sent.accepted
                output.drained.advance_to(values)
                begin, before = run[-1].end, values

    def _writes(self, output: OutputStream, begin: int, before: int, run: list[Piece]) -> list[Write]:
        """The run's transactions, with their real bytes where these are carried."""
        writes = []
        for piece in run:
            payload = Payload(WRITE, output.region.address + begin, data_length=piece.end - begin)
            payload.milestones.append((self._dma.now, "compression"))
            if self._dma.carries_data:
                payload.data = output.encode(piece.values, begin, piece.end)
            write = Write(self._dma.env, payload, output.layer, piece.values - before)
            output.sent(write)
            write.done.callbacks.append(partial(self._landed, output, write))
            writes.append(write)
            begin, before = piece.end, piece.values
        return writes

    def _landed(self, output: OutputStream, write: Write, _event: simpy.Event) -> None:
        output.written.advance_to(output.landed())
        self._dma.wake(write)
