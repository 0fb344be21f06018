"""Fold what the parts of a system did into its result document."""

from __future__ import annotations

import platform
from importlib import metadata
from typing import Any

from .. import __version__
from ..accelerators.parts import LayerRun
from ..codecs import entropy_bits
from ..core import BUSY, FS_PER_S, IDLE, Module
from ..memory import Dram
from ..result import Component, Compression, LayerResult, Result, Traffic
from ..scenario import resolved
from ..workload.layer import storage_bytes, stream
from .build import System

OPERANDS = ("weights", "inputs", "outputs")
VERSIONS = ("numpy", "simpy", "torch")


def collect(system: System, *, partial: bool, wall_s: float) -> Result:
    """The result of a system that has run."""
    runs = [run for run in system.machine.dispatcher.runs if run.end_fs]
    period = system.machine.clock.period_fs
    time_fs = runs[-1].end_fs if runs else 0
    workload = system.plan.workload
    images = len({run.image for run in runs if run.complete and run.layer == len(system.plan.programs) - 1})
    seconds = time_fs / FS_PER_S
    layers = [_layer(system, index, runs) for index in range(len(system.plan.programs))]
    cycles = time_fs // period
    return Result(
        scenario=_scenario(system),
        versions=versions(),
        partial=partial,
        time_fs=time_fs,
        cycles=cycles,
        images=images,
        images_per_s=images / seconds if seconds else 0.0,
        latency_s=seconds / images if images else 0.0,
        macs_per_cycle=sum(layer.macs for layer in layers) / cycles if cycles else 0.0,
        checked=system.scenario.check,
        predictions=_first(workload.predictions, images),
        labels=_first(workload.labels, images),
        wall_s=wall_s,
        events=_events(system),
        layers=layers,
        components=[component(module, time_fs) for module in system.tree() if module.kind],
        compression=_compression(system),
    )


def _scenario(system: System) -> dict[str, Any]:
    """The resolved scenario, with what the memory's standard says where the scenario leaves it open."""
    document = resolved(system.scenario)
    if isinstance(system.memory, Dram):
        organisation = system.memory.config.organisation
        known = {"channels": organisation.channels, "ranks": organisation.ranks, "width": organisation.width}
        document["memory"] |= known
    return document


def versions() -> dict[str, str]:
    """What the run was made with; nothing is imported for it."""
    found = {"python": platform.python_version(), "tlm": __version__}
    for name in VERSIONS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def _first(values: tuple[int, ...] | None, count: int) -> list[int] | None:
    return None if values is None else list(values[:count])


def _events(system: System) -> int:
    """How many events the environment has scheduled (SimPy numbers them; peek without taking a number)."""
    return int(system.env._eid.__reduce__()[1][0])


def _layer(system: System, index: int, all_runs: list[LayerRun]) -> LayerResult:
    runs = [run for run in all_runs if run.layer == index]
    program = system.plan.programs[index]
    period = system.machine.clock.period_fs
    cycles = sum(run.end_fs - run.start_fs for run in runs) // period
    compute = sum(run.compute_cycles for run in runs)
    stalls: dict[str, int] = {}
    for run in runs:
        for reason, count in run.stalls.items():
            stalls[reason] = stalls.get(reason, 0) + count
    return LayerResult(
        name=program.layer.name,
        kind=program.layer.kind,
        macs=program.layer.macs * len(runs),
        cycles=cycles,
        compute_cycles=compute if program.modelled else None,
        start_fs=runs[0].start_fs if runs else 0,
        end_fs=runs[-1].end_fs if runs else 0,
        stalls=dict(sorted(stalls.items())),
        traffic=_traffic(system, index),
        utilisation=compute / cycles if cycles and program.modelled else None,
    )


def _traffic(system: System, index: int) -> dict[str, Traffic]:
    """A layer's bytes off chip, as the DMA counted them."""
    bits = system.plan.programs[index].layer.bits
    moved = {operand: system.machine.dma.moved(index, operand) for operand in OPERANDS}
    return {
        operand: Traffic(part.read_bytes, part.written_bytes, storage_bytes(part.values, bits))
        for operand, part in moved.items()
    }


def component(module: Module, time_fs: int) -> Component:
    """What a component has done by `time_fs`."""
    totals = module.probe.totals(time_fs)
    waiting = {state: time for state, time in sorted(totals.items()) if state not in (BUSY, IDLE)}
    return Component(
        name=module.full_name,
        kind=module.kind,
        busy_fs=totals.get(BUSY, 0),
        waiting_fs=waiting,
        idle_fs=totals.get(IDLE, 0),
        figures=module.figures(),
        rate=module.rate(),
    )


def _compression(system: System) -> dict[str, Compression]:
    """How the weights, and the activations of all tensors whether they leave the chip or not, are encoded."""
    plan, layers = system.plan, system.plan.workload.layers
    weights = [region for layer in plan.weights for tile in layer for region in tile]
    tensors = [layer.inputs[image] for layer in layers for image in range(plan.images)]
    tensors += [layers[-1].outputs[image] for image in range(plan.images)]
    limits = {
        "weights": sum(entropy_bits(layer.weights.reshape(-1)) for layer in layers),
        "activations": sum(entropy_bits(stream(tensor)) for tensor in tensors),
    }
    return {
        name: Compression(
            codec=regions[0].codec.name,
            encoded_bytes=sum(region.size_bytes for region in regions),
            uncompressed_bytes=sum(region.uncompressed_bytes for region in regions),
            entropy_bytes=limits[name] / 8,
        )
        for name, regions in (("weights", weights), ("activations", list(plan.encoded_tensors)))
    }
