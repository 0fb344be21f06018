"""A channel's data bus: when it moves bursts, and what it waited for in between."""

from __future__ import annotations

from typing import Any

from .burst import Burst
from .config import DramConfig
from .policy import ACCESS, ACTIVATING, BANK_GROUP, REFRESHING, TURNAROUND

#: The data bus is asked for, begins to move, and has moved bursts without a gap; what it waited for in between.
Run = list[Any]


class DataBus:
    """`runs` are the bursts of column commands in time, until somebody takes them; it is `free` from a cycle on."""

    def __init__(self, config: DramConfig) -> None:
        self.runs: list[Run] = []
        self.free = 0
        self.refreshed = False  # since its last gap
        self._latency = config.timing.nCL, config.timing.nCWL
        self._burst = config.burst_cycles
        self._groups_slow = config.timing.nCCD_L > config.burst_cycles
        self._was_write, self._was_group = False, 0  # the last burst

    def use(self, burst: Burst, cycle: int, group: int, first: bool) -> None:
        """A column command in `cycle`, the `first` of its row or not: its data pass a latency later."""
        begin = cycle + self._latency[burst.write]
        end = begin + self._burst
        if self.free != begin:
            self.runs.append([max(self.free, burst.at), begin, end, self._reason(burst, group, first)])
            self.refreshed = False
        elif self.runs:
            self.runs[-1][2] = end
        else:
            self.runs.append([begin, begin, end, ACCESS])
        self.free = end
        self._was_write, self._was_group = burst.write, group

    def _reason(self, burst: Burst, group: int, first: bool) -> str:
        if self.refreshed:
            return REFRESHING
        if first:
            return ACTIVATING
        if self._was_write is not burst.write:
            return TURNAROUND
        if self._was_group == group and self._groups_slow:
            return BANK_GROUP
        return ACCESS
