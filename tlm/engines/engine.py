"""What decompressors and compressors have in common: lanes that work side by side, one value a cycle each."""

from __future__ import annotations

import simpy

from ..core import FS_PER_S, BadInput, Clock, Module, Rate
from .given import as_clock

#: When an engine began with a run, and when it was done, in fs.
Service = tuple[int, int]


class Engine(Module):
    """`lanes` of them, first come, first served; `clock` is a Clock or a frequency such as "980 MHz".

    `values` counts those it has been given. Time is kept by arithmetic: whoever calls waits until its service ends.
    """

    def __init__(self, parent: Module | simpy.Environment, name: str, lanes: int, clock: Clock | str) -> None:
        if lanes < 1:
            raise BadInput(f"an engine needs a lane at least, not {lanes}", key="lanes")
        super().__init__(parent, name)
        self.lanes = lanes
        self.values = 0
        self._period_fs = as_clock(clock).period_fs
        self._free_fs = 0

    def figures(self) -> dict[str, float | int]:
        """Its lanes, and the values it took."""
        return {"lanes": self.lanes, "values": self.values}

    def rate(self) -> Rate:
        """Values through it, a lane's one a cycle at most."""
        return Rate(self.values, self.lanes * FS_PER_S / self._period_fs, "values")

    def _occupy(self, ready_fs: int, values: int, lane_cycles: int) -> Service:
        """Take `values` values, there at `ready_fs`, which keep the lanes busy for `lane_cycles` in all."""
        start = max(ready_fs, self._free_fs)
        self._free_fs = start + -(-lane_cycles * self._period_fs // self.lanes)
        self.values += values
        self.probe.span(start, self._free_fs)
        return start, self._free_fs

    def _ended(self, service: Service) -> simpy.Event:
        """An event at the end of `service`, which is its value."""
        return self.env.timeout(service[1] - self.now, service)
