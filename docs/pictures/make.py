"""Make the pictures that README.md and docs/ show: `python docs/pictures/make.py` writes them beside this file.

They are the console's own output, of the shipped scenario on a narrower memory. The live view is looked at while the
run is under way, at a fixed simulated time and with a clock that stands in for the wall's, so that every run of this
script makes the same files.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import simpy
from rich.console import Console

from tlm.codecs import CODECS
from tlm.console import LiveView, distribution_chart, stall_chart, svg
from tlm.scenario import Scenario, load
from tlm.statistics import measure
from tlm.system import System, run
from tlm.workload.layer import Workload
from tlm.workload.source import load_workload

FOLDER = Path(__file__).parent
SETS = ["memory.standard=lpddr4-3200", "check=false"]
WIDTH, HEIGHT = 120, 40
FS_PER_US = 10**9

#: When the view is looked at: (simulated us, wall seconds). The last look is the picture, in the midst of a long stall.
LOOKS = [(20, 1.0), (41, 2.0), (42.5, 2.25)]


def live() -> str:
    """The live view in the midst of a run."""
    scenario, wall = load("dstripes_hbm", SETS), [0.0]
    system = System(simpy.Environment(), scenario, [_workload(scenario)])
    console = Console(file=io.StringIO(), force_terminal=True, width=WIDTH, height=HEIGHT)
    view = LiveView(system, console=console, now_s=lambda: wall[0])
    for time_us, wall[0] in LOOKS:
        system.env.run(until=int(time_us * FS_PER_US))
        frame = view.frame()
    return svg(frame, WIDTH, "python -m tlm.run dstripes_hbm --set memory.standard=lpddr4-3200")


def stalls() -> str:
    """What each layer's cycles went to."""
    scenario = load("dstripes_hbm", SETS)
    return svg(stall_chart(run(scenario, [_workload(scenario)])), WIDTH, "dstripes_hbm on lpddr4-3200")


def stats() -> str:
    """How many bits values, and groups of them, need."""
    scenario = load("dstripes_hbm", ["workload.profile=AlexNet", "workload.images=4"])
    return svg(distribution_chart(measure(_workload(scenario), CODECS)), WIDTH, "tlm stats: the profile of AlexNet")


def _workload(scenario: Scenario) -> Workload:
    return load_workload(scenario.workload, scenario.find)


PICTURES: dict[str, Callable[[], str]] = {"live.svg": live, "stalls.svg": stalls, "stats.svg": stats}

if __name__ == "__main__":
    for name, make in PICTURES.items():
        (FOLDER / name).write_text(make(), encoding="utf-8")
        print(f"wrote {FOLDER / name}")
