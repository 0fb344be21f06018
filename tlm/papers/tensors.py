"""Compute cycles and energy on real tensors, all of them on chip: synthesised from published statistics, or trained."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, lru_cache

import attrs
import simpy

from ..core import simulate
from ..scenario import load
from ..system import System
from ..system.collect import end_fs
from ..system.energy import account
from ..workload.layer import Workload
from ..workload.source import load_workload
from .steps import completed

TIME = ("refreshes", "bank_ns")  # what being on takes, not events
#: What there is none of where all data are on chip and the array never waits.
NONE = {("wm", "writes"), ("array", "standing_unit_cycles")}


@attrs.define
class Spent:
    """The energy and the array's cycles of layers of one kind."""

    joules: float = 0.0
    cycles: int = 0


def trained(network: str, form: str) -> str:
    """The workload of a shipped checkpoint."""
    return f"{built(network)[:-1]}, weights: nets/checkpoints/{network}-{form}.pt}}"


def built(network: str) -> str:
    """The workload of a network of `nets/` as it is built, on the images that its kind is trained on here."""
    return f'{{network: "nets.{network}:build", input: "nets.data:{data_of(network)}"}}'


def data_of(network: str) -> str:
    """The built-in data set that a network of `nets/` is trained on."""
    return "digits" if network in ("lenet", "vgg") else "patterns"


@lru_cache(maxsize=1)  # they are large
def tensors(workload: str) -> Workload:
    """The layers of a scenario's `workload`."""
    scenario = load("ideal", [f"workload={workload}"])
    return load_workload(scenario.workload, scenario.find)


@cache
def tensor_cycles(workload: str, accelerator: str) -> Mapping[str, int]:
    """{kind: the array's cycles for the layers of it that have weights and that the machine has a rule for}."""
    spec = load("ideal", [f"accelerator={accelerator}"]).accelerator
    found = {"conv": 0, "fc": 0}
    for layer in tensors(workload).layers:
        if layer.kind in found and layer.kind in spec.rules:
            found[layer.kind] += completed(layer, spec)
    return found


@cache
def spent(workload: str, accelerator: str) -> Mapping[str, Spent]:
    """{kind: what a machine spends on the layers of it}: WM nothing is written into, no stalls, as in DPRed's 6.1."""
    return spent_on(tensors(workload), accelerator)


def spent_on(workload: Workload, accelerator: str) -> dict[str, Spent]:
    """As `spent`, of a workload that is there."""
    system = System(simpy.Environment(), load("ideal", [f"accelerator={accelerator}"]), [workload])
    simulate(system)
    [machine] = system.machines
    found: dict[str, Spent] = {layer.kind: Spent() for layer in workload.layers}
    working = {}
    for run in machine.dispatcher.ended:
        working[run.layer] = run.compute_cycles * machine.clock.period_fs / (run.end_fs - run.start_fs)
        found[workload.layers[run.layer].kind].cycles += run.compute_cycles
    for item in account(system, end_fs(machine)).items:
        if (item.component, item.charge.event) not in NONE:
            for layer, joules in item.of(0).items():
                if layer is not None:
                    share = working[layer] if item.charge.event in TIME else 1.0
                    found[workload.layers[layer].kind].joules += joules * share
    return found
