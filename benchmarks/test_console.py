"""What the live view costs a run: wall time with it over wall time without, on a fake terminal of 160 x 50.

The ratio has the machine's noise in it; the view's own thread time over the run's is beside it, and has not.
"""

from __future__ import annotations

import io
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import simpy
from rich.console import Console

from tlm.console import LiveView
from tlm.scenario import load
from tlm.system import System
from tlm.workload.source import load_workload

IMAGES = 40
PAIRS = 4  # of runs, one after the other, the fastest of each kind counts


class Timed(LiveView):
    """A view that adds up the time of its thread."""

    thread_s = 0.0

    def _draw(self) -> None:
        super()._draw()
        self.thread_s = time.thread_time()


def test_the_live_view_of_a_run(benchmark: Any) -> None:
    scenario = load("dstripes_hbm", ["check=false", f"workload.images={IMAGES}"])
    workload = load_workload(scenario.workload, scenario.find)
    shares = []

    def seconds(watched: bool) -> float:
        system = System(simpy.Environment(), scenario, [workload])
        console = Console(file=io.StringIO(), force_terminal=True, width=160, height=50)
        view = Timed(system, console=console)
        context: AbstractContextManager[Any] = view if watched else nullcontext()
        began = time.perf_counter()
        with context:
            system.env.run()
        elapsed = time.perf_counter() - began
        assert view.failure is None
        shares.append(view.thread_s / elapsed)
        return elapsed

    def pair() -> tuple[float, float]:
        return seconds(watched=False), seconds(watched=True)

    pairs = [pair() for _ in range(PAIRS - 1)]
    pairs.append(benchmark.pedantic(pair, rounds=1))
    alone, watched = (min(times) for times in zip(*pairs, strict=True))
    benchmark.extra_info["wall time with the view over without"] = watched / alone
    benchmark.extra_info["share of the view's thread"] = max(shares)
    assert max(shares) < 0.1
