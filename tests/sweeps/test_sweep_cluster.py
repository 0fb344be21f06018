"""The same sweeps on a cluster, dask's own on this machine: the same table, and what becomes of what fails."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import small_sweeps as small

from tlm import sweep as command
from tlm.sweeps import cluster

distributed = pytest.importorskip("distributed")
dask = pytest.importorskip("dask")

CODECS = """\
import multiprocessing, os, pathlib, signal, time
from tlm.codecs.raw import Raw

class Leaving(Raw):
    name = "leaving"
    def sizes_bits(self, values, fmt):
        os._exit(3)

class Fatal(Raw):
    name = "fatal"
    def sizes_bits(self, values, fmt):
        os.kill(multiprocessing.parent_process().pid, signal.SIGKILL)
        time.sleep(60)

class Sleeping(Raw):
    name = "sleeping"
    def sizes_bits(self, values, fmt):
        pathlib.Path("asleep").touch()
        time.sleep(600)
"""


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory, cache: Path) -> Iterator[str]:
    """The address of a scheduler with two workers; one loss of a worker is enough to give a point up."""
    folder = tmp_path_factory.mktemp("cluster")
    before = os.environ.get("TLM_CACHE")
    os.environ["TLM_CACHE"] = str(cache)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=":0", local_directory=str(folder)
        ) as workers,
    ):
        yield workers.scheduler_address
    os.environ.pop("TLM_CACHE")
    if before is not None:
        os.environ["TLM_CACHE"] = before


def swept(*options: str, code: int = 0) -> Any:
    assert command.main(["sweep.yaml", "--no-live", "--json", "out.json", *options]) == code
    points = json.loads(Path("out.json").read_text())["points"]
    for point in points:
        del point["wall_s"]
    return points


def test_a_cluster_comes_to_the_same_table(folder: Path, scheduler: str, capsys: pytest.CaptureFixture[str]) -> None:
    small.write(folder)
    here = swept("--store", "here.sqlite", "--jobs", "1")
    there = swept("--store", "there.sqlite", "--scheduler", scheduler)
    assert here == there and {point["status"] for point in there} == {"done"}
    capsys.readouterr()
    assert swept("--store", "there.sqlite", "--scheduler", scheduler) == there
    assert "0 run now, 4 had been" in capsys.readouterr().out


def test_a_point_that_dies_takes_no_worker_with_it(folder: Path, scheduler: str) -> None:
    (folder / "my.py").write_text(CODECS)
    small.write(folder, "scenario: s.yaml\naxes: {compression.codec: [none, 'my.py:Leaving', dpred]}")
    points = swept("--scheduler", scheduler, "--jobs", "2", code=1)
    assert [point["status"] for point in points] == ["done", "died", "done"]
    assert points[1]["message"] == "its process ended with exit code 3"


def test_a_point_whose_worker_is_lost_died(folder: Path, scheduler: str) -> None:
    (folder / "my.py").write_text(CODECS)
    small.write(folder, "scenario: s.yaml\naxes: {compression.codec: ['my.py:Fatal']}")
    (point,) = swept("--scheduler", scheduler, code=1)
    assert (point["status"], point["message"]) == ("died", "1 workers were lost while they ran it")


def test_a_worker_of_another_version_is_refused(
    folder: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write(folder)
    monkeypatch.setattr(cluster, "__version__", "0.0.0")
    assert command.main(["sweep.yaml", "--no-live", "--scheduler", scheduler]) == 2
    assert "of this program, not 0.0.0; install the same on all" in capsys.readouterr().err


def test_interrupted_it_tells_what_there_is(folder: Path, scheduler: str) -> None:
    (folder / "my.py").write_text(CODECS)
    small.write(folder, "scenario: s.yaml\naxes: {compression.codec: [none, 'my.py:Sleeping']}")
    words = ["-m", "tlm.sweep", "sweep.yaml", "--no-live", "--json", "out.json", "--scheduler", scheduler]
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.DEVNULL)
    until = time.monotonic() + 60
    while not Path("asleep").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.5)  # the other point, too
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 130
    assert [one["status"] for one in json.loads(Path("out.json").read_text())["points"]][1] is None


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("tcp://127.0.0.1:1", "there is no scheduler at 'tcp://127.0.0.1:1': Timed out trying to connect"),
        ("nonsense://x", "there is no scheduler at 'nonsense://x': unknown address scheme 'nonsense'"),
        ("", "there is no scheduler at '': missing port number"),
    ],
)
def test_a_scheduler_that_is_not_there_is_told_in_bounded_time(
    address: str, said: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write(folder)
    monkeypatch.setattr(cluster, "PATIENCE_S", 1)
    began = time.monotonic()
    assert command.main(["sweep.yaml", "--no-live", "--scheduler", address]) == 2
    assert time.monotonic() - began < 20
    told = capsys.readouterr()
    assert f"error: --scheduler: {said}" in told.err and not told.out
    assert not list(folder.glob("*.sqlite*"))


def test_without_dask_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write(folder)
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert command.main(["sweep.yaml", "--no-live", "--scheduler", "tcp://127.0.0.1:1"]) == 2
    assert "--scheduler: needs distributed" in (said := capsys.readouterr().err)
    assert "pip install 'tlm[cluster]'" in said
