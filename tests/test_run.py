"""`python -m tlm.run` as a user calls it: reference cycles, the shipped scenarios, results, exit codes."""

from __future__ import annotations

import csv
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
from reference_tensors import NETWORKS

from tlm import run as command
from tlm.accelerators.preset import preset_file
from tlm.scenario import captured, load

REFERENCE = Path(__file__).parent / "data" / "accelerator_reference.csv"
MACHINES = {
    "BASE": "base",
    "Stripes": "stripes",
    "DStripes group 256": "dstripes",
    "DStripes per-column R=1": "dstripes-column",
    "DStripes per-column R=4": "{preset: dstripes-column, registers: 4}",
    "SCNN 16x16 PEs": "scnn-16x16",
    "SCNN 8x8 PEs": "scnn-8x8",
    "Loom 8 tiles static weights": "loom",
    "Loom 8 tiles dynamic weights": "loom-dynamic",
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def document(tmp_path: Path) -> Run:
    """Run the command in this process and read the document it writes."""

    def run(*args: str) -> dict[str, Any]:
        target = tmp_path / "result.json"
        assert command.main([*args, "--json", str(target), "--no-live"]) == 0
        found: dict[str, Any] = json.loads(target.read_text())
        return found

    return run


def reference(network: str, machine: str) -> dict[str, int]:
    with REFERENCE.open() as file:
        rows = [row for row in csv.DictReader(file) if row["network"] == network and row["configuration"] == machine]
    return {row["layer"]: int(row["value"]) for row in rows}


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("machine", MACHINES)
def test_compute_cycles_are_the_reference_integers(
    network: str, machine: str, reference_networks: Path, document: Run
) -> None:
    sets = ("--set", f"workload.traces={reference_networks / network}", "--set", f"accelerator={MACHINES[machine]}")
    found = document("ideal", *sets)
    expected = reference(network, machine)
    assert expected or network == "fcnet16"
    known = {layer["name"]: layer["compute_cycles"] for layer in found["layers"]}
    assert {name: cycles for name, cycles in known.items() if cycles is not None} == expected
    made = {layer["name"]: layer["multiplications"] for layer in found["layers"]}
    assert {name: count for name, count in made.items() if count is not None} == reference(
        network, f"{machine} multiplications"
    )


def test_traces_run_bit_exact_on_a_real_memory_too(reference_networks: Path, document: Run) -> None:
    sets = [f"workload.traces={reference_networks / 'small16'}", "memory=ddr4-3200", "compression=dpred", "check=true"]
    found = document("ideal", *(part for item in sets for part in ("--set", item)), "--set", "granularity=exact")
    assert found["checked"]
    assert {layer["name"]: layer["compute_cycles"] for layer in found["layers"]} == reference(
        "small16", "DStripes group 256"
    )
    assert found["layers"][1]["traffic"]["inputs"]["read_bytes"] == 0  # what conv1 left in AM


def test_the_shipped_scenario_does_what_the_readme_says(document: Run) -> None:
    found = document("scenarios/dstripes_hbm.yaml")
    assert found["checked"] and not found["partial"]
    assert found["predictions"] == found["labels"]
    assert found["compression"]["weights"]["ratio"] < 0.5
    assert found["compression"]["activations"]["ratio"] < 0.6
    assert sum(np.prod(shape) for shape in _weight_shapes()) > 1_000_000
    assert found["cycles"] == sum(layer["cycles"] for layer in found["layers"])


def _weight_shapes() -> list[tuple[int, ...]]:
    from tlm.workload.source import load_workload

    shipped = load("dstripes_hbm")
    return [layer.weights.shape for layer in load_workload(shipped.workload, shipped.find).layers]


def test_one_narrow_ddr4_channel_stalls_the_shipped_network(document: Run) -> None:
    def told(*sets: str) -> tuple[int, int]:
        found = document("dstripes_hbm", *(part for item in sets for part in ("--set", item)), "--set", "check=false")
        stalled = sum(
            layer["stalls"].get(why, 0) for layer in found["layers"] for why in ("offchip_bandwidth", "offchip_latency")
        )
        return found["cycles"], stalled

    hbm, one, narrow = told(), told("memory.standard=ddr4-3200"), told("memory={standard: ddr4-3200, width: 16}")
    assert hbm[0] < 0.9 * one[0] < 0.4 * narrow[0]
    assert hbm[1] < 0.1 * one[1] < 0.02 * narrow[1] * 10


def test_no_compression_raises_the_shipped_network_s_traffic(document: Run) -> None:
    def moved(codec: str) -> int:
        found = document("dstripes_hbm", "--set", f"compression.codec={codec}", "--set", "check=false")
        return sum(
            part["read_bytes"] + part["written_bytes"]
            for layer in found["layers"]
            for part in layer["traffic"].values()
        )

    assert moved("none") > 2 * moved("dpred")


def test_the_resolved_scenario_says_what_the_standard_gave_and_runs_again(tmp_path: Path, document: Run) -> None:
    first = document("lenet", "--set", "memory=ddr4-3200")
    memory = first["scenario"]["memory"]
    assert (memory["channels"], memory["ranks"], memory["width"]) == (1, 1, 64)
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(first["scenario"]))
    second = document(str(again))
    assert {**second, "wall_s": 0} == {**first, "wall_s": 0}


def test_out_holds_the_same_document_and_a_picture_of_the_stalls(tmp_path: Path, document: Run) -> None:
    found = document("lenet", "--out", str(tmp_path / "run"))
    assert json.loads((tmp_path / "run" / "result.json").read_text()) == found
    picture = (tmp_path / "run" / "stalls.svg").read_text()
    assert picture.startswith("<svg ")
    assert all(layer["name"] in picture for layer in found["layers"])
    assert sorted(file.name for file in (tmp_path / "run").iterdir()) == ["result.json", "stalls.svg"]


def test_compare_and_widen_are_in_the_document_and_printed(capsys: pytest.CaptureFixture[str], document: Run) -> None:
    found = document("lenet", "--compare", "none,base", "--widen", "--set", "check=false")
    assert [one["name"] for one in found["compare"]] == ["none", "base"]
    assert set(found["compare"][0]) >= {"name", "cycles", "time_fs", "energy_j", "offchip_bytes"}
    gained = [one["gained"] for one in found["widen"]]
    assert gained == sorted(gained, reverse=True)
    assert all(one["cycles"] + one["gained"] == found["cycles"] for one in found["widen"])
    text = capsys.readouterr().out
    assert "Compared" in text and "What to widen" in text


def test_an_interrupt_while_the_run_is_repeated_keeps_what_there_is_marked_partial(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tlm.system import comparing

    def interrupted(*args: Any) -> Any:
        result = run(*args)
        ran.append(result)
        return attrs.evolve(result, partial=len(ran) == 2)

    run, ran = comparing.run, list[Any]()
    monkeypatch.setattr(comparing, "run", interrupted)
    target = tmp_path / "result.json"
    assert command.main(["lenet", "--compare", "none,base,stripes", "--json", str(target), "--no-live"]) == 130
    found = json.loads(target.read_text())
    assert (found["partial"], [one["name"] for one in found["compare"]]) == (True, ["none"])
    assert "partial: interrupted" in capsys.readouterr().out


def test_tables_tell_layers_totals_and_predictions(capsys: pytest.CaptureFixture[str], document: Run) -> None:
    document("lenet")
    text = capsys.readouterr().out
    for part in ("conv1", "fc2", "bound by", "weights: dpred", "predictions 7", "(1 of 1 right)", "bit for bit"):
        assert part in text


def test_a_tensor_that_grows_is_called_so(capsys: pytest.CaptureFixture[str], document: Run) -> None:
    document("lenet", "--set", "compression.align_bits=64")
    assert "LARGER" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["nowhere.yaml"], "nowhere.yaml"),
        (["lenet", "--set", "accelerator.am=512 B"], "key"),
        (["lenet", "--set", "acelerator=base"], "did you mean 'accelerator'"),
        (["lenet", "--json", "/nowhere/x.json"], "there is no folder"),
        (["lenet", "--set", "workload.weights=missing.pt"], "missing.pt"),
        (["nowhere.yaml", "--out", "made/by"], "nowhere.yaml"),
        (["s.yaml", "--json", "s.yaml"], "s.yaml: is a file of the scenario: a result must not be written over it"),
        (["s.yaml", "--json", "./base.yaml"], "base.yaml: is a file of the scenario"),
        (["s.yaml", "--json", "mine.yaml"], "mine.yaml: is a file of the scenario"),
        (["lenet", "--set", "workload.weights=s.yaml", "--json", "s.yaml"], "s.yaml: is a file of the scenario"),
        (["result.json", "--out", "."], "result.json: is a file of the scenario"),
        (["lenet", "--set", "accelerator.rules.fc=null"], "no cycle rule for fc1"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(
    args: list[str], message: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").write_text(preset_file("base").read_text())
    (tmp_path / "base.yaml").write_text("extends: lenet\n")
    for name in ("s.yaml", "result.json"):
        (tmp_path / name).write_text("extends: base.yaml\naccelerator: mine.yaml\n")
    before = sorted(file.name for file in tmp_path.iterdir())
    assert command.main([*args, "--no-live"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert "Traceback" not in error
    assert message in error or message == "key"
    assert sorted(file.name for file in tmp_path.iterdir()) == before


@pytest.mark.parametrize("option", ["--json", "--out"])
def test_an_empty_name_is_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(["lenet", option, ""])
    assert caught.value.code == 2
    assert f"error: argument {option}: expected a name, not ''" in capsys.readouterr().err


def test_an_interrupt_before_there_is_a_result_says_so(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(captured, "workload_of", interrupted)
    assert command.main(["lenet", "--no-live"]) == 130
    assert capsys.readouterr().err == "interrupted: no result\n"


def test_a_library_s_warning_is_not_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "net.py").write_text(
        "import torch\n"
        "def build():\n"
        "    network = torch.nn.Sequential(torch.nn.Conv2d(1, 1, 2, padding='same'))\n"
        "    network.example_input = torch.ones(1, 1, 4, 4)\n"
        "    return network\n"
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        workload = f"workload={{network: '{tmp_path}/net.py:build'}}"
        assert command.main(["lenet", "--set", workload, "--no-live"]) == 0
    assert caught == []
    assert capsys.readouterr().err == ""


def test_a_failed_check_is_exit_1_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tlm.memory.store import Store

    read = Store.read

    def broken(store: Store, address: int, data: memoryview) -> None:
        read(store, address, data)
        data[0] ^= 1

    monkeypatch.setattr(Store, "read", broken)
    target = tmp_path / "result.json"
    assert command.main(["lenet", "--json", str(target), "--no-live"]) == 1
    assert not target.exists()
    assert "conv1" in capsys.readouterr().err


def test_a_deadlock_is_exit_1_with_the_cycle_of_who_waits_for_whom_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlm.engines.flow.ReadStream.free_to", lambda _stream, _count: None)
    target = tmp_path / "result.json"
    args = ["lenet", "--set", "accelerator.wm=4 KiB", "--json", str(target), "--no-live"]
    assert command.main(args) == 1
    assert not target.exists()
    error = capsys.readouterr().err
    assert error.startswith("error: deadlock at ")
    first, *waits = error.splitlines()
    cycle = first.partition(" fs: ")[2].split(" -> ")
    assert cycle[0] == cycle[-1]
    assert {"soc.accelerator.dma", "soc.accelerator.tile0"} <= set(cycle)
    for name in cycle[:-1]:
        assert any(line.startswith(f"  {name} waits since ") and " for " in line for line in waits)
