"""Energy and area of a system: what was counted times what the tables say, and for which layer it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs

from ..accelerators.parts import Machine, StreamedMemory
from ..accelerators.parts.events import events, parts, spans
from ..accelerators.parts.memories import ByLayer
from ..energy import Charge, EnergySpec, figures_of, load_table
from ..memory import Dram
from ..result import OPERANDS, AreaRow, EnergyRow, total
from .build import System

J_PER_PJ = 1e-12


@attrs.frozen
class Item:
    """A charge, where its cost is from, and in what proportion it was for the layers of each machine, by number."""

    accelerator: str | None
    component: str
    charge: Charge
    table: str
    status: str
    shares: Mapping[int, ByLayer]

    @property
    def joules(self) -> float:
        """What it comes to."""
        return self.charge.total_pJ * J_PER_PJ

    @property
    def row(self) -> EnergyRow:
        """As the result has it."""
        event, count, cost = self.charge.event, self.charge.count, self.charge.pJ
        return EnergyRow(self.accelerator, self.component, event, count, cost, self.joules, self.table, self.status)

    def of(self, number: int) -> dict[int | None, float]:
        """What it comes to for each layer of a machine, and for None: when that had done."""
        whole = sum(sum(counts.values()) for counts in self.shares.values())
        if not whole or number not in self.shares:
            return {}
        return {layer: self.joules * count / whole for layer, count in self.shares[number].items()}


@attrs.frozen
class Account:
    """All that a system took, and of which machines it is known: of those with figures, if the memory has them too."""

    items: Sequence[Item]
    known: Sequence[bool]

    @property
    def joules(self) -> float | None:
        """The whole; None where any of it is not known."""
        return sum(item.joules for item in self.items) if all(self.known) else None

    def machine(self, number: int) -> dict[int | None, dict[str, float]] | None:
        """{layer, or None for when all had been done: {component: J}}; None where it is not known."""
        if not self.known[number]:
            return None
        found: dict[int | None, dict[str, float]] = {}
        for item in self.items:
            for layer, joules in item.of(number).items():
                found[layer] = total([found.get(layer, {}), {item.component: joules}])
        return found


def account(system: System, time_fs: int) -> Account:
    """The energy of a run of `time_fs`."""
    time = {number: spans(machine, time_fs) for number, machine in enumerate(system.machines)}
    shared = list(_of_memory(system, time))
    told = bool(shared) or not isinstance(system.memory, Dram)
    items, known = [], []
    for number, (machine, scenario) in enumerate(zip(system.machines, system.scenario.machines, strict=True)):
        spec = machine.spec.energy
        own = [] if spec is None else list(_of_machine(machine, spec, number, time_fs))
        items += [attrs.evolve(item, accelerator=scenario.name) for item in own]
        known.append(told and bool(own))
    return Account([*items, *shared], known)


def area(machine: Machine, name: str | None) -> list[AreaRow]:
    """What a machine's components take; [] where its figures do not say."""
    spec, built = machine.spec.energy, parts(machine)
    if spec is None:
        return []
    table = load_table(spec.table).name
    return [
        AreaRow(name, component, part, built[part], each.mm2, built[part] * each.mm2, table, each.status)
        for component, found in figures_of(spec).area.items()
        for part, each in found.items()
    ]


def _of_machine(machine: Machine, spec: EnergySpec, number: int, time_fs: int) -> Iterator[Item]:
    """What a machine's own parts took; nothing where its table has no costs."""
    table, figures, counts = load_table(spec.table), figures_of(spec), events(machine, time_fs)
    for component, costs in figures.energy.items():
        for event, cost in costs.items():
            charge = Charge(event, sum(counts[event].values()), cost.pJ)
            yield Item(None, component, charge, table.name, cost.status, {number: counts[event]})
    if figures.energy and table.memories == "macros":
        time = spans(machine, time_fs)
        yield from _of_macros("am", [machine.am], number, time)
        yield from _of_macros("wm", [tile.wm for tile in machine.tiles], number, time)


def _of_macros(component: str, memories: Sequence[StreamedMemory], number: int, time: ByLayer) -> Iterator[Item]:
    """What on-chip memories took: accesses are for those whose bytes they moved, the rest for the layer that ran."""
    moved = {
        "reads": ByLayer(total(memory.read_bytes for memory in memories)),
        "writes": ByLayer(total(memory.written_bytes for memory in memories)),
    }
    for charges in zip(*(memory.array.charges for memory in memories), strict=True):
        charge = attrs.evolve(charges[0], count=sum(one.count for one in charges))
        shares = {number: moved.get(charge.event, time)}
        yield Item(None, component, charge, memories[0].array.macro.name, "derived", shares)


def _of_memory(system: System, time: Mapping[int, ByLayer]) -> Iterator[Item]:
    """What the off-chip memory took: data are for those whose they were; it was on for all machines alike."""
    if not isinstance(system.memory, Dram):
        return
    read, written = (
        {number: _moved(machine, field) for number, machine in enumerate(system.machines)}
        for field in ("read_bytes", "written_bytes")
    )
    both = {number: read[number] + written[number] for number in time}
    moved = {"read_bursts": read, "written_bursts": written, "activates": both, "io_bursts": both}
    for charge in system.memory.charges:
        shares = moved.get(charge.event, time)
        shares = shares if any(counts.total() for counts in shares.values()) else time
        yield Item(None, "memory", charge, system.memory.config.standard.name, "derived", shares)


def _moved(machine: Machine, field: str) -> ByLayer:
    layers = range(len(machine.plan.programs))
    return ByLayer(
        {layer: sum(getattr(machine.dma.moved(layer, operand), field) for operand in OPERANDS) for layer in layers}
    )
