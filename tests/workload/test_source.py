"""Loading a scenario's workload: found, cached, and cached again when what it stands on changes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tlm.inputs.errors import BadInput
from tlm.inputs.usercode import Find
from tlm.workload import capture, source, traces
from tlm.workload.layer import Workload
from tlm.workload.spec import WorkloadSpec

NETWORK = """
import torch
from torch import nn

def build():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(2 * 4 * 4, 3))
    with torch.no_grad():
        for weight in network.parameters():
            weight.fill_(0.5)
    network.example_input = torch.ones(1, 1, 6, 6)
    return network
"""

COUNTED = """
import os
from pathlib import Path

def count():
    return int((Path(os.environ.get("TLM_DATA", "data")) / "filters").read_text())
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def captures(monkeypatch: pytest.MonkeyPatch) -> list[WorkloadSpec]:
    """The specs that a network was captured for."""
    calls: list[WorkloadSpec] = []
    load = capture.load_network

    def counted(spec: WorkloadSpec, find: Find) -> tuple[Workload, list[Path]]:
        calls.append(spec)
        return load(spec, find)

    monkeypatch.setattr(capture, "load_network", counted)
    return calls


def test_a_network_is_captured_once_until_its_file_changes(tmp_path: Path, captures: list[WorkloadSpec]) -> None:
    (tmp_path / "net.py").write_text(NETWORK)
    spec = WorkloadSpec(network="net.py:build")
    first, again = source.load_workload(spec, Path), source.load_workload(spec, Path)
    assert len(captures) == 1
    assert [layer.kind for layer in first.layers] == [layer.kind for layer in again.layers] == ["conv", "fc"]
    (tmp_path / "net.py").write_text(NETWORK.replace("2 * 4 * 4, 3", "2 * 4 * 4, 5"))
    assert source.load_workload(spec, Path).layers[-1].filters == 5
    assert len(captures) == 2


def test_the_same_words_in_another_folder_mean_another_file(tmp_path: Path, captures: list[WorkloadSpec]) -> None:
    for folder, filters in (("a", "3"), ("b", "5")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "net.py").write_text(NETWORK.replace("4, 3)", f"4, {filters})"))
    spec = WorkloadSpec(network="net.py:build")
    filters = [
        source.load_workload(spec, (tmp_path / folder).joinpath).layers[-1].filters for folder in ("a", "b", "a")
    ]
    assert filters == [3, 5, 3]
    assert len(captures) == 2


def test_another_folder_of_data_sets_is_another_workload(
    tmp_path: Path, captures: list[WorkloadSpec], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "net.py").write_text(NETWORK.replace("2 * 4 * 4, 3", "2 * 4 * 4, count()") + COUNTED)
    for folder, filters in (("data", "3"), ("b", "5")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "filters").write_text(filters)
    spec = WorkloadSpec(network="net.py:build")
    monkeypatch.delenv("TLM_DATA", raising=False)
    filters = [source.load_workload(spec, Path).layers[-1].filters]
    monkeypatch.setenv("TLM_DATA", "b")
    filters += [source.load_workload(spec, Path).layers[-1].filters for _ in range(2)]
    assert filters == [3, 5, 5]
    assert len(captures) == 2


def test_a_file_that_is_not_there_is_told_at_once() -> None:
    def find(name: str) -> Path:
        raise BadInput(f"there is no {name}")

    with pytest.raises(BadInput, match=r"there is no lost\.pt"):
        source.load_workload(WorkloadSpec(network="no_such_module:build", weights="lost.pt"), find)


def test_a_warm_load_imports_neither_torch_nor_scikit_learn(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text(NETWORK)
    source.load_workload(WorkloadSpec(network="net.py:build"), Path)
    script = (
        "import sys\nfrom pathlib import Path\nfrom tlm.workload.source import load_workload\n"
        "from tlm.workload.spec import WorkloadSpec\n"
        "print(load_workload(WorkloadSpec(network='net.py:build'), Path).layers[-1].filters)\n"
        "print([name for name in ('torch', 'sklearn', 'net') if name in sys.modules])\n"
    )
    root = str(Path(source.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": root, "TLM_CACHE": str(tmp_path / "cache"), "PATH": ""},
    )
    assert done.stdout.split("\n") == ["3", "[]", ""]


def test_traces_are_read_again_when_a_file_changes_or_comes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "model.csv").write_text("fc1,fc,1,0\n")
    (folder / "precision.txt").write_text("title\n8;\n0;\n8;\n0;\n")
    np.save(folder / "act-fc1-0.npy", np.arange(4).reshape(1, 4))
    np.save(folder / "wgt-fc1.npy", np.ones((2, 4), dtype=np.int64))
    calls = []
    load = traces.load_traces
    monkeypatch.setattr(traces, "load_traces", lambda *args: calls.append(args) or load(*args))
    spec = WorkloadSpec(traces=str(folder))
    for _ in range(2):
        assert source.load_workload(spec, Path).layers[0].accumulators.tolist() == [[6, 6]]
    np.save(folder / "wgt-fc1.npy", np.full((2, 4), 2))
    assert source.load_workload(spec, Path).layers[0].accumulators.tolist() == [[12, 12]]
    (folder / "act-fc1-1.npy").write_bytes((folder / "act-fc1-0.npy").read_bytes())
    source.load_workload(spec, Path)
    assert len(calls) == 3


def test_traces_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput):
        source.load_workload(WorkloadSpec(traces="lost"), Path)


def test_a_module_is_found_without_running_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pack").mkdir()
    (tmp_path / "pack" / "__init__.py").write_text("raise SystemExit")
    (tmp_path / "pack" / "net.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert source.module_file("pack.net") == tmp_path / "pack" / "net.py"
    assert source.module_file("pack.lost") is None
    assert source.module_file("no_such_package.net") is None
