"""Decompression engines: each lane takes 64-bit chunks in and emits one value a cycle (DPRed, section 4)."""

from __future__ import annotations

from operator import index

import simpy

from ..codecs import GROUP
from ..core import BadInput, Clock, Module
from .engine import Engine, Service

CHUNK_BITS = 64


class Decompressor(Engine):
    """Lanes that serve one part of the chip's memory banks; `values` counts those emitted.

    In a user's process: `yield decompressor.expand(values, bits)`.
    """

    kind = "decompressor"

    def expand(self, values: int, bits: int) -> simpy.Event:
        """Expand `values` values from `bits` encoded bits that are here now.

        The event fires when the last one is out; its value is when the engine began and when it was done, in fs.
        """
        if values < 0 or bits < 0:
            raise BadInput(f"{self.full_name}: there are no {values} values in {bits} bits")
        return self._ended(self.serve(self.now, index(values), index(bits)))

    def serve(self, ready_fs: int, values: int, bits: int) -> Service:
        """Expand `values` values from `bits` encoded bits, there at `ready_fs`.

        The slower of both sides counts: one value a cycle out, one chunk a cycle in, on every lane. A container stays
        in its lane, so that no run is through before its 16 values (or as many as it has) have followed each other.
        """
        start, free = self._occupy(ready_fs, values, max(values, -(-bits // CHUNK_BITS)))
        return start, max(free, start + min(values, GROUP) * self._period_fs)


class Decompressors(Module):
    """All engines of a machine: `count` lanes, spread over one component for each of up to `parts` bank groups.

    Part t of the chip (a tile's weight memory) is served by component t mod their number; activations are
    spread over all of them.
    """

    def __init__(self, parent: Module, name: str, count: int, parts: int, clock: Clock) -> None:
        super().__init__(parent, name)
        engines = min(count, parts)
        self.engines = [
            Decompressor(self, f"decompressor{i}", count // engines + (i < count % engines), clock)
            for i in range(engines)
        ]
        self._lanes = count
        self._period_fs = clock.period_fs
        self._in_order_fs = 0

    def serve_part(self, part: int, ready_fs: int, values: int, bits: int) -> Service:
        """Expand a run of one part's stream."""
        return self.engines[part % len(self.engines)].serve(ready_fs, values, bits)

    def serve_spread(self, ready_fs: int, values: int, bits: int) -> Service:
        """Expand a run of activations, its containers spread over all engines by their lanes.

        It is done when it and all runs before it are: the stream stays in order.
        """
        latest, left_values, left_bits, left_lanes = (ready_fs, ready_fs), values, bits, self._lanes
        for engine in self.engines:
            share, share_bits = (left * engine.lanes // left_lanes for left in (left_values, left_bits))
            if share:
                latest = max(latest, engine.serve(ready_fs, share, share_bits), key=lambda service: service[1])
            left_values, left_bits = left_values - share, left_bits - share_bits
            left_lanes -= engine.lanes
        through = latest[0] + min(values, GROUP) * self._period_fs
        self._in_order_fs = max(self._in_order_fs, latest[1], through)
        return latest[0], self._in_order_fs
