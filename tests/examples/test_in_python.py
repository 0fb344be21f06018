"""The live view on the system that examples/shared_memory.py builds; docs/embedding.md holds what it prints."""

from __future__ import annotations

import io
import runpy
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from tlm.console import LiveView
from tlm.core import Module, simulate

EXAMPLE = Path(__file__).parents[2] / "examples" / "shared_memory.py"


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLE))


def frame(soc: Module, at_us: int) -> str:
    """What a tall terminal shows at a simulated time."""
    console = Console(file=io.StringIO(), width=160, height=60, force_terminal=True, color_system=None)
    view = LiveView(soc, console=console, now_s=lambda: 0.0)
    soc.env.run(until=at_us * 10**9)
    console.print(view.frame())
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


def test_the_view_shows_both_accelerators_and_the_users_own_part(example: dict[str, Any]) -> None:
    shown = frame(example["build"]("8 KiB"), 30).splitlines()
    for machine in ("left", "right"):
        assert any(line.startswith("layer") and f"{machine}: fc1" in line for line in shown)
        assert any(line.startswith(f"{machine}.dma ") for line in shown)
    (camera,) = [line for line in shown if line.startswith("camera ")]
    assert "busy" in camera
    (in_flight,) = [line for line in shown if line.startswith("camera.dma ")]
    assert "in flight 8.00/8.00 KiB" in in_flight
    assert any(line.startswith("DRAM") and "written transfers 112 KiB" in line for line in shown)


def test_a_camera_that_keeps_up_idles_between_its_frames(example: dict[str, Any]) -> None:
    soc = example["build"]("64 KiB")
    simulate(soc)
    camera = soc.children["camera"]
    assert camera.figures() == {"frames": 5, "late": 0}
    times = camera.probe.totals(soc.now)
    assert set(times) == {"busy", "idle"} and sum(times.values()) == soc.now
    assert times["busy"] == sum(round(us * 1e9) for us in camera.latencies_us)
