"""An ONNX file through the commands: the result is that of the network that it was exported from."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import onnx
import pytest
import torch
from onnx.external_data_helper import convert_model_to_external_data
from torch import nn

from tlm import run as command
from tlm import stats, sweep
from tlm.workload import capture, source
from tlm.workload.spec import WorkloadSpec

NET = """\
import torch
from torch import nn


class Net(nn.Module):
    example_input = torch.rand(1, 3, 8, 8)

    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16), nn.ReLU6())
        self.depthwise = nn.Conv2d(16, 16, 3, 2, 1, groups=16)
        self.act = nn.SiLU()
        self.side = nn.Conv2d(16, 16, 1, 2)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(16, 5)

    def forward(self, x):
        x = self.stem(x)
        x = self.act(self.depthwise(x)) + self.side(x)
        return self.head(self.pool(torch.relu(x)).flatten(1))
"""
SHAPE = "workload.input={shape: [3, 8, 8], seed: 5}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text(NET)
    space: dict[str, Any] = {}
    exec(NET, space)
    export(space["Net"]())
    return tmp_path


def export(network: nn.Module) -> None:
    """As `net.onnx`, its normalisation a layer of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the exporter says of itself
        options: dict[str, Any] = {"dynamo": False, "training": torch.onnx.TrainingMode.PRESERVE}
        torch.onnx.export(network.eval(), (torch.rand(1, 3, 8, 8),), "net.onnx", do_constant_folding=False, **options)


def result(workload: str, *options: str) -> Any:
    """The document of a run, without what names the workload and what the clock on the wall says."""
    sets = [word for one in (workload, SHAPE, "workload.images=3", *options) for word in ("--set", one)]
    assert command.main(["lenet", *sets, "--no-live", "--json", "out.json"]) == 0
    found = json.loads(Path("out.json").read_text())
    for key in ("network", "onnx"):
        del found["scenario"]["workload"][key]
    del found["wall_s"]
    return found


@pytest.mark.parametrize("options", [[], ["workload.bits=5", "accelerator=loom"], ["workload.ternary=true"]], ids=str)
def test_the_result_is_that_of_the_network(folder: Path, options: list[str]) -> None:
    given, made = result("workload.network=net.py:Net", *options), result("workload.onnx=net.onnx", *options)
    assert given["checked"] and given["predictions"] == made["predictions"]
    assert [layer["name"] for layer in made["layers"]] == ["stem.0", "depthwise", "side", "add", "head"]
    assert made == given


def test_without_an_input_it_is_drawn_in_the_shape_of_the_file(folder: Path) -> None:
    sets = ["--set", "workload.onnx=net.onnx", "--set", "workload.images=2"]
    drawn = [[], ["--set", "workload.input={shape: [3, 8, 8], seed: 0}"]]
    found = []
    for more in drawn:
        assert command.main(["lenet", *sets, *more, "--no-live", "--json", "out.json"]) == 0
        found.append(json.loads(Path("out.json").read_text())["layers"])
    assert found[0] == found[1]


def test_tensors_are_measured_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = []
    for workload in ("workload.network=net.py:Net", "workload.onnx=net.onnx"):
        assert stats.main(["lenet", "--set", workload, "--set", SHAPE]) == 0
        said.append([line for line in capsys.readouterr().out.splitlines() if "net." not in line])
    assert said[0] == said[1] and len(said[0]) > 10


def test_a_sweep_runs_a_file(folder: Path) -> None:
    Path("sweep.yaml").write_text(
        "scenario: lenet\naxes: {workload.onnx: [net.onnx], memory.standard: [hbm, ideal], workload.bits: [4, 8]}\n"
    )
    assert sweep.main(["sweep.yaml", "--no-live"]) == 0
    store = sqlite3.connect("sweep.sqlite")
    assert store.execute("SELECT count(*) FROM points").fetchone() == (4,)
    store.close()


def test_it_is_captured_again_when_the_file_or_its_weights_change(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    captured: list[WorkloadSpec] = []
    load = capture.load_network
    monkeypatch.setattr(capture, "load_network", lambda spec, find: captured.append(spec) or load(spec, find))
    model = onnx.load("net.onnx")
    convert_model_to_external_data(model, location="net.bin", size_threshold=0)
    onnx.save(model, "net.onnx")
    spec = WorkloadSpec(onnx="net.onnx")
    first, again = source.load_workload(spec, Path), source.load_workload(spec, Path)
    assert len(captured) == 1 and (first.layers[0].weights == again.layers[0].weights).all()
    weights = bytearray(Path("net.bin").read_bytes())
    weights[:4] = b"\x00\x00\x00\x41"  # 8.0
    Path("net.bin").write_bytes(bytes(weights))
    changed = source.load_workload(spec, Path)
    assert len(captured) == 2 and (first.layers[0].weights != changed.layers[0].weights).any()


def test_no_result_is_written_over_the_weights_beside_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = onnx.load("net.onnx")
    convert_model_to_external_data(model, location="net.bin", size_threshold=0)
    onnx.save(model, "net.onnx")
    before = Path("net.bin").read_bytes()
    for tool in (command.main, stats.main):
        assert tool(["lenet", "--set", "workload.onnx=net.onnx", "--no-live", "--json", "net.bin"]) == 2
        assert "net.bin: is a file of the workload: a result must not be written over it" in capsys.readouterr().err
    assert Path("net.bin").read_bytes() == before


def test_a_warm_run_imports_neither_torch_nor_onnx(folder: Path) -> None:
    assert command.main(["lenet", "--set", "workload.onnx=net.onnx", "--no-live"]) == 0
    code = (
        "import sys; from tlm.run import main\n"
        "code = main(['lenet', '--set', 'workload.onnx=net.onnx', '--no-live'])\n"
        "sys.exit(code or [name for name in ('torch', 'onnx') if name in sys.modules] or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=dict(os.environ), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
