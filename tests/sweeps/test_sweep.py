"""The command: points run, kept, resumed after a kill, and failed ones told."""

from __future__ import annotations

import csv
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import zlib
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import small_sweeps as small

from tlm import sweep as command
from tlm.scenario import load
from tlm.system import run

FAILING = """\
import os, pathlib, signal, time
from tlm.codecs.raw import Raw

class Killing(Raw):
    name = "killing"
    def sizes_bits(self, values, fmt):
        os.kill(os.getpid(), signal.SIGKILL)

class Leaving(Raw):
    name = "leaving"
    def sizes_bits(self, values, fmt):
        os._exit(3)

class Sleeping(Raw):
    name = "sleeping"
    def sizes_bits(self, values, fmt):
        pathlib.Path("asleep").touch()
        time.sleep(600)

class Raising(Raw):
    name = "raising"
    def sizes_bits(self, values, fmt):
        raise RuntimeError("not today")
"""


def swept(*options: str, code: int = 0) -> dict[str, Any]:
    """The JSON document of a start."""
    assert command.main(["sweep.yaml", "--no-live", "--json", "out.json", *options]) == code
    found: dict[str, Any] = json.loads(Path("out.json").read_text())
    return found


def rows(columns: str) -> list[Any]:
    with closing(sqlite3.connect("sweep.sqlite")) as connection:
        return connection.execute(f"SELECT {columns} FROM points ORDER BY number").fetchall()


def test_every_point_is_the_run_with_these_options(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write(folder)
    document = swept("--jobs", "2", "--csv", "out.csv")
    points = document["points"]
    assert [one["point"] for one in points] == [1, 2, 3, 4]
    for point, (blob,) in zip(points, rows("result"), strict=True):
        result = run(load("s.yaml", [f"{key}={json.dumps(value)}" for key, value in point["settings"].items()]))
        kept = json.loads(zlib.decompress(blob))
        wanted = json.loads(json.dumps(result.as_json()))
        assert {**kept, "wall_s": 0} == {**wanted, "wall_s": 0}
        for name in ("cycles", "time_fs", "energy_j", "area_mm2", "offchip_bytes", "images_per_s"):
            assert point[name] == getattr(result, name)
    with Path("out.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert [(one["accelerator.tiles"], one["compression.codec"]) for one in lines] == [
        ("2", "none"), ("2", "dpred"), ("4", "none"), ("4", "dpred"),
    ]  # fmt: skip
    assert [int(one["cycles"]) for one in lines] == [one["cycles"] for one in points]
    assert "4 points: 4 run now, 0 had been" in capsys.readouterr().out


def test_a_second_start_runs_only_what_is_missing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write(folder)
    first = swept("--jobs", "1")
    small.write(folder, small.SWEEP.replace("[2, 4]", "[1, 4]"))
    second = swept("--jobs", "1")
    assert "4 points: 2 run now, 2 had been" in capsys.readouterr().out
    assert [one["wall_s"] for one in second["points"][2:]] == [one["wall_s"] for one in first["points"][2:]]
    assert [number for number, *_ in rows("number")] == [None, None, 1, 2, 3, 4]


def test_one_process_and_two_come_to_the_same(folder: Path) -> None:
    small.write(folder)
    one, two = swept("--jobs", "1", "--store", "one.sqlite"), swept("--jobs", "2", "--store", "two.sqlite")
    for document in (one, two):
        for point in document["points"]:
            assert point.pop("wall_s") > 0
    assert one == two


def test_a_front_is_marked_printed_and_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small.write(folder)
    document = swept("--pareto", "cycles,area_mm2,images_per_s", "--csv", "out.csv", "--svg", "out.svg")
    points = {one["point"]: one for one in document["points"]}
    assert document["pareto"] == ["cycles", "area_mm2", "images_per_s"]

    def cost(one: dict[str, Any]) -> tuple[float, ...]:
        return (one["cycles"], one["area_mm2"], -one["images_per_s"])

    def beaten(one: dict[str, Any]) -> bool:
        costs = (cost(other) for other in points.values())
        return any(other != cost(one) and all(a <= b for a, b in zip(other, cost(one), strict=True)) for other in costs)

    assert set(document["front"]) == {number for number, one in points.items() if not beaten(one)}
    assert "<svg" in (picture := Path("out.svg").read_text()) and "cycles" in picture
    out = capsys.readouterr().out
    assert "area, mm2" in out and "* on the front, o not" in out and "images/s (" not in out
    assert "Front of cycles, area_mm2, images_per_s" in out and f" *{document['front'][0]} " in out
    with Path("out.csv").open() as file:
        assert {int(one["point"]) for one in csv.DictReader(file) if one["front"] == "true"} == set(document["front"])


def test_what_fails_is_told_kept_and_stops_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "my.py").write_text(FAILING)
    codecs = "none, 'my.py:Killing', 'my.py:Leaving', 'my.py:Raising', dpred"
    small.write(folder, f"scenario: s.yaml\naxes: {{compression.codec: [{codecs}]}}")
    document = swept("--jobs", "2", "--pareto", "cycles", code=1)
    assert [one["status"] for one in document["points"]] == ["done", "died", "died", "bad input", "done"]
    messages = [one["message"] for one in document["points"]]
    assert "was killed by SIGKILL" in messages[1] and "exit code 3" in messages[2] and "not today" in messages[3]
    assert set(document["front"]) <= {1, 5}
    told = capsys.readouterr().out
    assert "point 2 failed: died: its process was killed by SIGKILL" in told
    swept(code=1)
    assert "0 run now, 5 had been" in capsys.readouterr().out
    (folder / "my.py").write_text(FAILING.replace("os._exit(3)", "return super().sizes_bits(values, fmt)"))
    again = swept("--retry", code=1)
    assert "5 points: 3 run now, 2 had been" in capsys.readouterr().out
    assert [one["status"] for one in again["points"]] == ["done", "died", "done", "bad input", "done"]


def test_a_workload_that_cannot_be_read_fails_its_points_only(folder: Path) -> None:
    small.write(folder, 'scenario: s.yaml\naxes: {workload.network: ["nets.lenet:build", "nets.lenet:biuld"]}')
    document = swept(code=1)
    assert [one["status"] for one in document["points"]] == ["done", "bad input"]
    assert "did you mean 'build'?" in document["points"][1]["message"]


def test_a_point_that_no_scenario_can_be_is_kept_as_failed(folder: Path) -> None:
    small.write(folder, small.CLASHING)
    document = swept("--jobs", "2", code=1)
    assert [one["status"] for one in document["points"]] == ["done", "done", "bad input", "done"]
    assert "sweep.yaml:2: memory.request" in document["points"][2]["message"]
    assert len(rows("key")) == 4


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--pareto", "cycels"], "--pareto: there is nothing 'cycels' to compare (allowed: cycles, time_fs"),
        (["--csv", "sweep.yaml"], "sweep.yaml: is the sweep"),
        (["--store", "s.yaml"], "s.yaml: is a file of the scenario"),
        (["--svg", "x.svg"], "--svg: draws a front of two measures: name them, such as --pareto cycles,energy_j"),
        (["--svg", "x.svg", "--pareto", "cycles,cycles"], "--svg: draws a front of two measures"),
        (["--svg", "x", "--csv", "x", "--pareto", "cycles,energy_j"], "x: is to be written twice"),
        (["--csv", "x", "--json", "x"], "x: is to be written twice"),
        (["--store", "no/where.sqlite"], "no/where.sqlite: cannot be written: there is no folder"),
    ],
)
def test_a_wrong_option_is_refused(
    options: list[str], said: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write(folder)
    before = {file: file.read_bytes() for file in folder.iterdir()}
    assert command.main(["sweep.yaml", "--no-live", *options]) == 2
    assert said in capsys.readouterr().err
    assert {file: file.read_bytes() for file in folder.iterdir()} == before


@pytest.mark.parametrize("count", ["0", "-1", "x", "1.5"])
def test_a_number_of_processes_is_one_or_more(count: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main(["sweep.yaml", f"--jobs={count}"])
    assert ended.value.code == 2 and "1 or more" in capsys.readouterr().err


# --- killed


def started(*options: str) -> subprocess.Popen[bytes]:
    """The command in a process group of its own."""
    command = [sys.executable, "-m", "tlm.sweep", "sweep.yaml", "--jobs", "2", "--no-live", *options]
    return subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def kept() -> int:
    """How many points are in the store, from outside."""
    try:
        return len(rows("key"))
    except sqlite3.OperationalError:  # not made yet
        return 0


def wait_for(points: int, process: subprocess.Popen[bytes]) -> None:
    """Until so many points are kept, or the process has ended."""
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None and kept() < points:
        time.sleep(0.01)


def test_killed_again_and_again_every_point_is_there_once(folder: Path) -> None:
    small.write(folder, small.SWEEP.replace("[2, 4]", "[1, 2, 3, 4, 5, 6, 7, 8]"))
    seen: dict[str, float] = {}
    for points in (0, 1, 2, 5, 8):
        process = started()
        wait_for(points, process)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        there = dict(rows("key, wall_s")) if Path("sweep.sqlite").exists() and kept() else {}
        assert seen.items() <= there.items(), "a point that was kept is lost, or was run again"
        assert len(there) >= points
        seen = there
    assert len(seen) < 16, "killed too late to show anything"
    process = started()
    assert process.wait(timeout=120) == 0
    assert [(number, status) for number, status in rows("number, status")] == [(n, "done") for n in range(1, 17)]
    assert seen.items() <= dict(rows("key, wall_s")).items()


def test_interrupted_it_tells_what_there_is_and_leaves_no_process(folder: Path) -> None:
    small.write(folder, small.SWEEP.replace("[2, 4]", "[1, 2, 3, 4, 5, 6, 7, 8]"))
    process = started("--json", "out.json")
    wait_for(1, process)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(timeout=60) == 130
    statuses = [one["status"] for one in json.loads(Path("out.json").read_text())["points"]]
    assert 1 <= statuses.count("done") < 16 and set(statuses) == {"done", None}
    assert ends(process.pid)


def test_killed_alone_it_leaves_no_process(folder: Path) -> None:
    (folder / "my.py").write_text(FAILING)
    small.write(folder, "scenario: s.yaml\naxes: {compression.codec: ['my.py:Sleeping']}")
    process = started()
    until = time.monotonic() + 60
    while not Path("asleep").exists() and time.monotonic() < until:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert Path("asleep").exists() and ends(process.pid)


def ends(group: int) -> bool:
    """Whether the last process of `group` ends within a while."""
    until = time.monotonic() + 20
    while group_lives(group) and time.monotonic() < until:
        time.sleep(0.05)
    return not group_lives(group)


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
