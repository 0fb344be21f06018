"""Fold what the parts of a system did into its result document."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

import attrs

from .. import __version__
from ..accelerators.parts import LayerRun, Machine
from ..accelerators.plan import Plan
from ..accelerators.program import Program
from ..codecs import entropy_bits
from ..core import BUSY, FS_PER_S, IDLE, Module, Rate
from ..memory import Dram
from ..result import (
    OPERANDS,
    RESOURCES,
    AcceleratorResult,
    AreaRow,
    Component,
    Compression,
    LayerResult,
    Result,
    Traffic,
    bound_by,
    gains,
    total,
)
from ..scenario import resolved
from ..workload.layer import storage_bytes, stream
from .build import System
from .energy import account, area
from .orders import layer_order

#: {number of a layer, or None: {component: J}}, or None where it is not known.
Spent = dict[int | None, dict[str, float]] | None

NEVER = 1 << 80  # fs; no span that is booked ahead ends later
VERSIONS = ("numpy", "simpy", "torch")


def collect(system: System, *, partial: bool, wall_s: float) -> Result:
    """The result of a system that has run; where it has several accelerators, each one's own is in `accelerators`."""
    clock = system.machines[0].clock
    time_fs = clock.next_edge(max(map(end_fs, system.machines)))
    names = [one.name for one in system.scenario.machines]
    machines = list(enumerate(zip(system.machines, names, strict=True)))
    spent = account(system, time_fs)
    areas = [area(machine, name) for machine, name in zip(system.machines, names, strict=True)]
    accelerators = [
        _with_energy(accelerator(machine, name, time_fs), spent.machine(number), areas[number])
        for number, (machine, name) in machines
    ]
    told = [_layers(machine, name, spent.machine(number)) for number, (machine, name) in machines]
    macs = sum(layer.macs for own in told for layer in own)
    modelled = sum(layer.macs for own in told for layer in own if layer.compute_cycles is not None)
    alone = accelerators[0] if len(accelerators) == 1 else None
    images = sum(one.images for one in accelerators)
    seconds, cycles = time_fs / FS_PER_S, time_fs // clock.period_fs
    return Result(
        scenario=_scenario(system),
        versions=versions(),
        partial=partial,
        time_fs=time_fs,
        cycles=cycles,
        images=images,
        images_per_s=_per(images, seconds),
        latency_s=_per(seconds, images),
        macs_per_cycle=_per(macs, cycles),
        checked=system.scenario.check,
        predictions=alone.predictions if alone else None,
        labels=alone.labels if alone else None,
        wall_s=wall_s,
        events=_events(system),
        accelerators=accelerators,
        layers=[layer for own in told for layer in own],
        components=components(system, time_fs),
        compression=alone.compression if alone else {},
        memory_energy_j=_memory_energy(system),
        notes=_notes(system),
        energy=[item.row for item in spent.items],
        energy_j=spent.joules,
        tops_per_w=2 * modelled / spent.joules / 1e12 if spent.joules else None,
        area=[row for own in areas for row in own],
        area_mm2=sum(row.mm2 for own in areas for row in own) if all(areas) else None,
    )


def _with_energy(told: AcceleratorResult, spent: Spent, area: list[AreaRow]) -> AcceleratorResult:
    return attrs.evolve(
        told,
        energy_j=None if spent is None else total(spent.values()),
        idle_energy_j=None if spent is None else sum(spent.get(None, {}).values()),
        area_mm2=sum(row.mm2 for row in area) if area else None,
    )


def _layers(machine: Machine, name: str | None, spent: Spent) -> list[LayerResult]:
    told = layers(machine, name)
    return told if spent is None else [attrs.evolve(one, energy_j=spent.get(at, {})) for at, one in enumerate(told)]


def accelerator(machine: Machine, name: str | None = None, time_fs: int | None = None) -> AcceleratorResult:
    """What one machine has done, in a run of `time_fs` (None: to its own end)."""
    runs, plan = machine.dispatcher.ended, machine.plan
    images = len({run.image for run in runs if run.complete and run.layer == len(plan.programs) - 1})
    end, span, period = end_fs(machine), _span_fs(runs), machine.clock.period_fs
    seconds = span / FS_PER_S
    return AcceleratorResult(
        name=name,
        preset=machine.spec.preset,
        cycles=span // period,
        idle_cycles=(time_fs - end) // period if time_fs is not None else 0,
        images=images,
        images_per_s=_per(images, seconds),
        latency_s=_per(seconds, images),
        macs_per_cycle=_per(sum(plan.programs[run.layer].layer.macs for run in runs), span // period),
        roofline_cycles=max(sum(run.compute_cycles for run in runs), _moving_cycles(machine, runs)),
        bound_by=_bound_by_all(machine, runs),
        predictions=_first(plan.workload.predictions, images),
        labels=_first(plan.workload.labels, images),
        compression=_compression(plan),
    )


def layers(machine: Machine, name: str | None = None) -> list[LayerResult]:
    """Every layer of a machine's plan, summed over the images that ran."""
    return [_layer(machine, name, index) for index in range(len(machine.plan.programs))]


def components(root: Module, time_fs: int) -> list[Component]:
    """What every component of a system, or of any other tree, has done by `time_fs`."""
    return [component(module, time_fs) for module in root.tree() if module.kind]


def component(module: Module, time_fs: int) -> Component:
    """What a component has done by `time_fs`."""
    figures = module.figures()  # first: what is timed as late as possible is brought up to date by it
    totals = module.probe.totals(time_fs)
    waiting = {state: time for state, time in sorted(totals.items()) if state not in (BUSY, IDLE)}
    return Component(
        name=module.full_name,
        kind=module.kind,
        busy_fs=totals.get(BUSY, 0),
        waiting_fs=waiting,
        idle_fs=totals.get(IDLE, 0),
        figures=figures,
        rate=rate_so_far(module, totals.get(BUSY, 0)),
    )


def _notes(system: System) -> list[str]:
    """What is to be said of the tensors of the workloads, and of how they are stored, each once."""
    notes = [note for machine in system.machines for note in (machine.plan.workload.note, *machine.plan.notes)]
    return [note for note in dict.fromkeys(notes) if note]


def _memory_energy(system: System) -> dict[str, float] | None:
    """What the off-chip memory took, by what for, in J; None where its standard does not say what events cost."""
    energy = system.memory.stats.energy
    return {part: picojoules * 1e-12 for part, picojoules in attrs.asdict(energy).items()} if energy else None


def rate_so_far(module: Module, busy_fs: int) -> Rate | None:
    """A component's rate after `busy_fs` of busy time: what it has booked ahead it has counted, and not yet moved."""
    rate = module.rate()
    if rate is None or module.probe.state != IDLE:
        return rate
    booked = module.probe.totals(NEVER).get(BUSY, 0)
    return attrs.evolve(rate, moved=rate.moved * busy_fs // booked) if booked > busy_fs else rate


def end_fs(machine: Machine) -> int:
    """When the last layer that a machine ran ended."""
    return max((run.end_fs for run in machine.dispatcher.ended), default=0)


def versions() -> dict[str, str]:
    """What the run was made with; nothing is imported for it."""
    found = {"python": platform.python_version(), "tlm": __version__}
    for name in VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _scenario(system: System) -> dict[str, Any]:
    """The resolved scenario, with what the memory's standard says where the scenario leaves it open."""
    document = resolved(system.scenario)
    if isinstance(system.memory, Dram):
        organisation = system.memory.config.organisation
        known = {"channels": organisation.channels, "ranks": organisation.ranks, "width": organisation.width}
        document["memory"] |= known
    return document


def _span_fs(runs: list[LayerRun]) -> int:
    """From the beginning to the end of a machine's layers, which follow each other without a gap."""
    return runs[-1].end_fs - runs[0].start_fs if runs else 0


def _per(amount: float, of: float) -> float:
    return amount / of if of else 0.0


def _first(values: tuple[int, ...] | None, count: int) -> list[int] | None:
    return None if values is None else list(values[:count])


def _events(system: System) -> int:
    """How many events the environment has scheduled: SimPy numbers them from 0, and the next number is taken here."""
    return next(system.env._eid)


def _layer(machine: Machine, name: str | None, index: int) -> LayerResult:
    runs = [run for run in machine.dispatcher.ended if run.layer == index]
    program = machine.plan.programs[index]
    cycles = sum(run.end_fs - run.start_fs for run in runs) // machine.clock.period_fs
    compute = sum(run.compute_cycles for run in runs)
    stalls = total(run.stalls for run in runs)
    moving = _moving_cycles(machine, runs)
    return LayerResult(
        name=program.layer.name,
        kind=program.layer.kind,
        macs=program.layer.macs * len(runs),
        cycles=cycles,
        compute_cycles=compute if program.modelled else None,
        start_fs=runs[0].start_fs if runs else 0,
        end_fs=runs[-1].end_fs if runs else 0,
        stalls=dict(sorted(stalls.items())),
        traffic=_traffic(machine, index),
        utilisation=compute / cycles if cycles and program.modelled else None,
        occupied=_occupied(machine, runs),
        moving_cycles=moving,
        roofline_cycles=max(compute, moving),
        bound_by=bound_by(total(_gains(machine, run) for run in runs)),
        accelerator=name,
        multiplications=_multiplications(program, runs),
        order=layer_order(machine.plan, index),
    )


def _multiplications(program: Program, runs: list[LayerRun]) -> int | None:
    if program.multiplications is None:
        return None
    return sum(int(program.multiplications[run.image]) for run in runs)


def _gains(machine: Machine, run: LayerRun) -> dict[str, int]:
    cycles = (run.end_fs - run.start_fs) // machine.clock.period_fs
    period = machine.clock.period_fs
    taken = {kind: use.occupied_fs // period for kind, use in run.used.items()}
    elsewhere = {kind: (use.others_fs + use.ahead_fs) // period for kind, use in run.used.items()}
    return gains(cycles, run.compute_cycles, run.stalls, taken, elsewhere)


def _bound_by_all(machine: Machine, runs: list[LayerRun]) -> str:
    """What binds the whole: over a run, what is moved for layers to come is moved for the run."""
    cycles = _span_fs(runs) // machine.clock.period_fs
    taken = total({kind: use.occupied_fs // machine.clock.period_fs for kind, use in run.used.items()} for run in runs)
    compute, stalls = sum(run.compute_cycles for run in runs), total(run.stalls for run in runs)
    return bound_by(gains(cycles, compute, stalls, taken, _for_others(machine, runs)))


def _occupied(machine: Machine, runs: list[LayerRun]) -> dict[str, int]:
    """{kind: cycles that the component of it that was longest was at work for these layers}, over several spans."""
    period = machine.clock.period_fs
    return total({kind: (use.occupied_fs - use.ahead_fs) // period for kind, use in run.used.items()} for run in runs)


def _for_others(machine: Machine, runs: list[LayerRun]) -> dict[str, int]:
    """{kind: cycles that it was at work meanwhile for others than this accelerator}."""
    return total({kind: use.others_fs // machine.clock.period_fs for kind, use in run.used.items()} for run in runs)


def _moving_cycles(machine: Machine, runs: list[LayerRun]) -> int:
    """What the bytes that were moved meanwhile, by whomever, take at the memory's peak."""
    channels = RESOURCES["offchip_bandwidth"]
    moving = sum(run.used[channels].mean_busy_fs for run in runs if channels in run.used)
    return -(-moving // machine.clock.period_fs)


def _traffic(machine: Machine, index: int) -> dict[str, Traffic]:
    """A layer's bytes off chip, as the DMA counted them."""
    bits = machine.plan.programs[index].layer.bits
    moved = {operand: machine.dma.moved(index, operand) for operand in OPERANDS}
    return {
        operand: Traffic(part.read_bytes, part.written_bytes, storage_bytes(part.values, bits))
        for operand, part in moved.items()
    }


def _compression(plan: Plan) -> dict[str, Compression]:
    """How the weights, and the activations of all tensors whether they leave the chip or not, are encoded."""
    workload = plan.workload
    weights = [region for layer in plan.weights for tile in layer for region in tile]
    tensors = [values for tensor in range(workload.tensors) if (values := workload.values(tensor)) is not None]
    limits = {
        "weights": sum(entropy_bits(layer.weights.reshape(-1)) for layer in workload.layers),
        "activations": sum(entropy_bits(stream(image)) for values in tensors for image in values),
    }
    activations = [region for tensor in plan.encoded_tensors for region in tensor]
    return {
        name: Compression(
            codec=" and ".join(dict.fromkeys(region.codec.name for region in regions)),
            encoded_bytes=sum(region.size_bytes for region in regions),
            uncompressed_bytes=sum(region.uncompressed_bytes for region in regions),
            entropy_bytes=limits[name] / 8,
        )
        for name, regions in (("weights", weights), ("activations", activations))
        if regions
    }
