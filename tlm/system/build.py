"""A system from a scenario: a machine and a memory, connected, with the operands lying in the memory."""

from __future__ import annotations

from collections.abc import Callable

import simpy

from ..accelerators.parts import Machine
from ..accelerators.plan import Plan
from ..core import WRITE, BadInput, Module, Payload
from ..engines import Cut, Region
from ..mapping import make_plan
from ..memory import make_memory
from ..scenario import Scenario
from ..workload.layer import Workload

IN_FLIGHT = 16  # coarse requests, at least, that `outstanding` holds, so that they overlap as bursts would

AHEAD_S = 100e-9  # so long a memory is kept busy with what is read ahead: some unloaded latencies, assumed


class System(Module):
    """One accelerator on one memory; `machine` and `memory` are its parts."""

    def __init__(
        self,
        env: simpy.Environment,
        scenario: Scenario,
        workload: Workload,
        planned: Callable[[int], None] = lambda _layers: None,
    ) -> None:
        super().__init__(env, "soc")
        self.scenario = scenario
        self.memory = make_memory(self, "memory", scenario.memory)
        exact = scenario.granularity == "exact"
        self.plan = make_plan(
            workload,
            scenario.accelerator,
            scenario.compression,
            self._cut(exact),
            exact=exact,
            check=scenario.check,
            unmodelled=scenario.unmodelled,
            planned=planned,
        )
        self._check_capacity()
        self.machine = Machine(
            self,
            "accelerator",
            scenario.accelerator,
            scenario.compression,
            self.plan,
            outstanding=scenario.memory.outstanding,
            ahead=self._ahead(),
            exact=exact,
            carries_data=scenario.check,
        )
        self.machine.dma.mem >> self.memory.port
        for region in initial_regions(self.plan):
            self._load(region)

    def _cut(self, exact: bool) -> Cut:
        memory, burst = self.scenario.memory, self.memory.burst_bytes
        if memory.outstanding < burst:
            raise BadInput(
                f"{memory.outstanding} B in flight are less than one burst, {burst} B", key="memory.outstanding"
            )
        request = min(memory.request, memory.outstanding // IN_FLIGHT) // burst * burst
        return Cut(burst, max(burst, request), 0, by_burst=exact)

    def _ahead(self) -> int:
        """Bytes of what is read ahead that the memory is asked for at once: two requests, or what keeps it busy."""
        busy = min(self.memory.peak_bytes_per_s * AHEAD_S, self.scenario.memory.outstanding)
        return max(int(busy), 2 * self.plan.weight_cut.request)

    def _check_capacity(self) -> None:
        needed = self.plan.memory_bytes
        if needed > self.memory.capacity_bytes:
            raise BadInput(
                f"the operands take {needed} B of a memory of {self.memory.capacity_bytes} B; add channels or ranks",
                key="memory",
            )

    def _load(self, region: Region) -> None:
        """Put a region's encoded bytes where they belong, without time."""
        if region.data is not None and len(region.data):
            data = bytearray(region.data.tobytes())
            self.memory.transport_dbg(Payload(WRITE, region.address, data))


def initial_regions(plan: Plan) -> list[Region]:
    """What lies in memory before the run: all weights, and the first layer's input."""
    weights = [region for layer in plan.weights for tile in layer for region in tile]
    return weights + [region for region in plan.tensors[0] if region is not None]
