"""Decompression engines: each lane takes 64-bit chunks in and emits one value a cycle (DPRed, section 4)."""

from __future__ import annotations

import simpy

from ..codecs import GROUP
from ..core import FS_PER_S, Clock, Module, Rate

CHUNK_BITS = 64

#: When an engine began with a run, and when it was done, in fs.
Service = tuple[int, int]


class Decompressor(Module):
    """Some lanes that serve one part of the chip's memory banks, first come, first served."""

    kind = "decompressor"

    def __init__(self, parent: Module | simpy.Environment, name: str, lanes: int, clock: Clock) -> None:
        super().__init__(parent, name)
        self.lanes = lanes
        self.values = 0
        self._period_fs = clock.period_fs
        self._free_fs = 0

    def figures(self) -> dict[str, float | int]:
        """Its lanes, and what they emitted."""
        return {"lanes": self.lanes, "values": self.values}

    def rate(self) -> Rate:
        """Values expanded, a lane's one a cycle at most."""
        return Rate(self.values, self.lanes * FS_PER_S / self._period_fs, "values")

    def serve(self, ready_fs: int, values: int, bits: int) -> Service:
        """Expand `values` values from `bits` encoded bits, there at `ready_fs`.

        The slower of both sides counts: one value a cycle out, one chunk a cycle in, on every lane. A container stays
        in its lane, so that no run is through before its 16 values (or as many as it has) have followed each other.
        """
        start = max(ready_fs, self._free_fs)
        cycles_lanes = max(values, -(-bits // CHUNK_BITS))
        self._free_fs = start + -(-cycles_lanes * self._period_fs // self.lanes)
        self.values += values
        self.probe.span(start, self._free_fs)
        return start, max(self._free_fs, start + min(values, GROUP) * self._period_fs)


class Decompressors(Module):
    """All engines of a machine: `count` lanes, spread over one component for each of up to `parts` bank groups.

    Part t of the chip (a tile's weight memory) is served by component t mod their number; activations are
    spread over all of them.
    """

    def __init__(self, parent: Module, name: str, count: int, parts: int, clock: Clock) -> None:
        super().__init__(parent, name)
        engines = min(count, parts)
        self.engines = [
            Decompressor(self, f"engine{i}", count // engines + (i < count % engines), clock) for i in range(engines)
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
