"""The examples that put systems together, run and compare in Python: what they print, to the figure."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


def printed(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    runpy.run_path(str(EXAMPLES / name), run_name="__main__")
    return capsys.readouterr().out


def test_more_in_flight_makes_the_camera_punctual_at_the_accelerators_expense(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed("shared_memory.py", capsys)
    cycles = [int(found.replace(",", "")) for found in re.findall(r"([\d,]+) cycles,", text)]
    assert cycles == [71_341, 71_544, 86_042, 86_204, 92_664, 92_866]
    assert re.findall(r"(\d) of 5 frames late, one took ([\d.]+) us", text) == [("4", "54.80"), ("0", "15.54")]
    assert text.count("it waited most for offchip_bandwidth") == 6
    for component in ("channel0", "left.tile", "right.dispatcher", "camera.dma"):
        assert f"│ {component} " in text


def test_the_notebook_tabulates_memories_codecs_machines_and_what_to_widen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = printed("compare_memories.py", capsys)
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert "21,898 cycles on LPDDR4, bound by offchip_bandwidth" in text
    assert ["conv4_2", "5,951", "1,057", "offchip_bandwidth", "offchip_bandwidth"] in cells
    assert ["hbm", "16,402", "99.3%", "59,749"] in cells
    assert ["none", "46,381", "1,071"] in cells
    assert ["channels", "1", "2", "5,483"] in cells
