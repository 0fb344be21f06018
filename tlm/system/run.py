"""Run a scenario: build the system, let it run, and fold what its parts did into a result."""

from __future__ import annotations

import time
from collections.abc import Callable

import simpy

from ..accelerators.parts import LayerRun
from ..core import Deadlock
from ..result import Result
from ..scenario import Scenario
from ..workload.layer import Workload
from .build import System
from .collect import collect


def run(
    scenario: Scenario,
    workload: Workload,
    planned: Callable[[int], None] = lambda _layers: None,
    observe: Callable[[LayerRun], None] = lambda _run: None,
) -> Result:
    """The result of one run, in a fresh environment.

    `planned` is called after each layer that is planned, with how many are, `observe` after each that has run. An
    interrupt from the keyboard ends the run with what there is, marked partial. Raises BadInput before the run,
    CheckFailed and Deadlock from it.
    """
    began = time.perf_counter()
    env = simpy.Environment()
    system = System(env, scenario, workload, planned)
    system.machine.dispatcher.observe = observe
    partial = False
    try:
        env.run()
    except KeyboardInterrupt:
        partial = True
        system.machine.dispatcher.interrupt()
    if not partial and not system.machine.dispatcher.finished:
        raise Deadlock(describe_deadlock(system))
    return collect(system, partial=partial, wall_s=time.perf_counter() - began)


def describe_deadlock(system: System) -> str:
    """Which components wait, and for what."""
    waiting = [
        f"{module.full_name} waits: {module.probe.state}"
        for module in system.tree()
        if module.probe.state not in ("busy", "idle")
    ]
    last = system.machine.dispatcher.runs[-1]
    name = system.plan.programs[last.layer].layer.name
    return f"deadlock at {system.now} fs in layer {name}, image {last.image}; " + "; ".join(waiting)
