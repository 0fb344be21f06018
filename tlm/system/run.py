"""Run a scenario: build the system, let it run, and fold what its parts did into a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import simpy

from ..core import BadInput, simulate
from ..result import Result
from ..scenario import Scenario
from ..workload.layer import Workload
from ..workload.source import load_workload
from .build import Planned, System
from .collect import collect

Watch = Callable[[System], AbstractContextManager[Any]]


def run(
    scenario: Scenario,
    workload: Workload | Sequence[Workload] | None = None,
    planned: Planned = lambda _layers: None,
    watch: Watch = lambda _system: nullcontext(),
) -> Result:
    """The result of one run, in a fresh environment.

    `workload` is what each accelerator runs; None: what the scenario says. `planned` is called after each layer that
    is planned, with how many are; `watch` makes the context that the simulation runs in, such as a live view. An
    interrupt from the keyboard ends the run with what there is, marked partial. Raises BadInput before the run,
    CheckFailed and Deadlock from it.
    """
    began = time.perf_counter()
    system = System(simpy.Environment(), scenario, _workloads(scenario, workload), planned)
    partial = False
    try:
        with watch(system):
            simulate(system)
    except BadInput as error:  # of a user's own code
        raise scenario.locate(error) from None
    except KeyboardInterrupt:
        partial = True
        for machine in system.machines:
            machine.dispatcher.interrupt()
    return collect(system, partial=partial, wall_s=time.perf_counter() - began)


def _workloads(scenario: Scenario, given: Workload | Sequence[Workload] | None) -> Sequence[Workload]:
    if given is None:
        return [load_workload(one.workload, one.find) for one in scenario.machines]
    return [given] * len(scenario.machines) if isinstance(given, Workload) else given
