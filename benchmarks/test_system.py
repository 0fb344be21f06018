"""A whole run against bare timeouts of the same process: what an event of the model costs.

The ratio is (wall time of a run / its events) over (wall time of bare timeouts / their number). One event of a run
carries its share of DRAM arithmetic, engines and tile states, so it is well above 1; what it must not do is creep up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import simpy

from tlm.scenario import load
from tlm.system import System
from tlm.workload.source import load_workload

TIMEOUTS = 100_000


def seconds_a_timeout() -> float:
    env = simpy.Environment()

    def ticks() -> Iterator[simpy.Event]:
        for _ in range(TIMEOUTS):
            yield env.timeout(1)

    env.process(ticks())
    began = time.perf_counter()
    env.run()
    return (time.perf_counter() - began) / TIMEOUTS


def test_an_event_of_the_shipped_run(benchmark: Any) -> None:
    scenario = load("dstripes_hbm", ["check=false"])
    workload = load_workload(scenario.workload, scenario.find)

    def setup() -> tuple[tuple[System], dict[str, Any]]:
        return (System(simpy.Environment(), scenario, [workload]),), {}

    def run(system: System) -> float:
        began = time.perf_counter()
        system.env.run()
        events = int(system.env._eid.__reduce__()[1][0])
        assert system.machines[0].dispatcher.finished
        return (time.perf_counter() - began) / events

    ratio = benchmark.pedantic(run, setup=setup, rounds=3) / seconds_a_timeout()
    benchmark.extra_info["bare timeouts an event"] = ratio
    assert ratio > 0
