"""A whole run against bare timeouts of the same process: what it costs to move and use a KiB.

The ratio is (wall time of a run / KiB moved) over (wall time of bare timeouts / their number). A KiB carries its share
of DRAM arithmetic, engines and tile states, so it is well above 1; what it must not do is creep up. What an event costs
is told beside it: that may rise where events are saved.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
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


@pytest.mark.parametrize(
    "sets",
    [["check=false"], ["check=false", "memory={standard: hbm2}", "workload={profile: AlexNet}"]],
    ids=["shipped", "AlexNet"],
)
def test_a_kib_of_a_run(benchmark: Any, sets: list[str]) -> None:
    scenario = load("dstripes_hbm", sets)
    workload = load_workload(scenario.workload, scenario.find)

    def setup() -> tuple[tuple[System], dict[str, Any]]:
        return (System(simpy.Environment(), scenario, [workload]),), {}

    def run(system: System) -> tuple[float, float]:
        began = time.perf_counter()
        system.env.run()
        spent, dma = time.perf_counter() - began, system.machines[0].dma
        events = int(system.env._eid.__reduce__()[1][0])
        assert system.machines[0].dispatcher.finished
        return 1024 * spent / (dma.read_bytes + dma.written_bytes), spent / events

    a_kib, an_event = benchmark.pedantic(run, setup=setup, rounds=3)
    timeout = seconds_a_timeout()
    benchmark.extra_info["bare timeouts a KiB"] = a_kib / timeout
    benchmark.extra_info["bare timeouts an event"] = an_event / timeout
    assert a_kib > 0
