"""A system from a scenario: machines and a memory, connected, with the operands lying in the memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import simpy

from ..accelerators.parts import Machine, Usage
from ..accelerators.plan import Plan
from ..core import WRITE, BadInput, Module, Payload
from ..engines import Cut, Region
from ..mapping import make_plan
from ..memory import Dram, IdealMemory, make_memory
from ..scenario import Scenario
from ..workload.layer import Workload
from ..workload.source import load_workload

Memory = Dram | IdealMemory
Planned = Callable[[int], None]

IN_FLIGHT = 16  # coarse requests, at least, that `outstanding` holds, so that they overlap as bursts would

AHEAD_S = 100e-9  # so long a memory is kept busy with what is read ahead: some unloaded latencies, assumed


class System(Module):
    """The accelerators of a scenario on one memory; `machines` and `memory` are its parts.

    `workloads` are what each of them runs. Raises BadInput where a layer or the memory cannot take it.
    """

    def __init__(
        self,
        env: simpy.Environment,
        scenario: Scenario,
        workloads: Sequence[Workload],
        planned: Planned = lambda _layers: None,
    ) -> None:
        super().__init__(env, "soc")
        self.scenario = scenario
        self.memory: Memory = make_memory(self, "memory", scenario.memory, scenario.granularity)
        self.machines: list[Machine] = []
        address = done = 0
        for one, workload in zip(scenario.machines, workloads, strict=True):
            before = done

            def count(layers: int, before: int = before) -> None:
                planned(before + layers)

            name = one.name or "accelerator"
            machine = attach(self, name, one, self.memory, workload, address=address, planned=count)
            self.machines.append(machine)
            address, done = machine.plan.end_address, done + len(workload.layers)

    @property
    def finished(self) -> bool:
        """Whether all has been run."""
        return all(machine.dispatcher.finished for machine in self.machines)


def attach(
    parent: Module,
    name: str,
    scenario: Scenario,
    memory: Memory,
    workload: Workload | None = None,
    *,
    address: int = 0,
    planned: Planned = lambda _layers: None,
) -> Machine:
    """The machine `name` of `scenario`, made in `parent`, connected to `memory`, its operands lying from `address` on.

    `workload` is what it runs; None: what the scenario says. `machine.plan.end_address` is where the next one's
    operands may begin. Raises BadInput, located in the scenario.
    """
    exact = scenario.granularity == "exact"
    try:
        if workload is None:
            workload = load_workload(scenario.workload, scenario.find)
        plan = make_plan(
            workload,
            scenario.accelerator,
            scenario.compression,
            _cut(scenario, memory, exact),
            address=address,
            exact=exact,
            check=scenario.check,
            unmodelled=scenario.unmodelled,
            planned=planned,
        )
        _check_capacity(plan, memory)
        machine = Machine(
            parent,
            name,
            scenario.accelerator,
            scenario.compression,
            plan,
            outstanding=scenario.memory.outstanding,
            ahead=_ahead(scenario, plan, memory),
            exact=exact,
            carries_data=scenario.check,
        )
    except BadInput as error:
        raise scenario.locate(error) from None
    machine.dma.mem >> memory.port
    engines = [*machine.decompressors.tree(), machine.compressor]
    machine.dispatcher.usage = Usage(memory, machine.dma, engines)
    for region in initial_regions(plan):
        _load(region, memory)
    return machine


def initial_regions(plan: Plan) -> list[Region]:
    """What lies in memory before the run: all weights, and the network's inputs."""
    weights = [region for layer in plan.weights for tile in layer for region in tile]
    inputs = plan.tensors[: plan.workload.inputs]
    return weights + [region for tensor in inputs for region in tensor if region is not None]


def _cut(scenario: Scenario, memory: Memory, exact: bool) -> Cut:
    spec, burst = scenario.memory, memory.burst_bytes
    if spec.outstanding < burst:
        raise BadInput(f"{spec.outstanding} B in flight are less than one burst, {burst} B", key="memory.outstanding")
    request = min(spec.request, spec.outstanding // IN_FLIGHT) // burst * burst
    return Cut(burst, max(burst, request), 0, by_burst=exact)


def _ahead(scenario: Scenario, plan: Plan, memory: Memory) -> int:
    """Bytes of what is read ahead that the memory is asked for at once: two requests, or what keeps it busy."""
    busy = min(memory.peak_bytes_per_s * AHEAD_S, scenario.memory.outstanding)
    return max(int(busy), 2 * plan.weight_cut.request)


def _check_capacity(plan: Plan, memory: Memory) -> None:
    if plan.end_address > memory.capacity_bytes:
        raise BadInput(
            f"the operands take {plan.end_address} B of a memory of {memory.capacity_bytes} B; add channels or ranks",
            key="memory",
        )


def _load(region: Region, memory: Memory) -> None:
    """Put a region's encoded bytes where they belong, without time."""
    if region.data is None:
        return
    for address, begin, end in region.pieces():
        if begin < end:
            memory.transport_dbg(Payload(WRITE, address, bytearray(region.data[begin:end].tobytes())))
