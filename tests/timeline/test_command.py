"""`python -m tlm.run SCENARIO --trace FILE --vcd FILE`: checked before the run, whole after it, kept when it fails."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from decoding import Perfetto, read_vcd

from tlm import run as command
from tlm.core import Deadlock
from tlm.engines import Dma
from tlm.scenario import captured

ROOT = Path(__file__).parents[2]
BOTH = ["--trace", "run.pftrace", "--vcd", "run.vcd"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where commands run."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir())


def test_both_files_are_written_beside_the_result_and_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    signals = "soc.memory.*.state,*.in_flight_bytes"
    args = [*BOTH, "--signals", signals, "--json", "run.json", "--no-live"]
    assert command.main(["lenet", *args]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-3:] == ["wrote run.json", "wrote run.pftrace", "wrote run.vcd"]
    assert files(folder) == ["run.json", "run.pftrace", "run.vcd"]
    result = json.loads(Path("run.json").read_text())
    slices = Perfetto(Path("run.pftrace")).slices()
    (dma,) = [part for part in result["components"] if part["kind"] == "dma"]
    assert (
        sum(one.end - one.begin for one in slices if one.track == dma["name"] and one.name == "busy") == dma["busy_fs"]
    )
    lengths = sum(one.notes["length"] for one in slices if one.category == "request")
    assert lengths == dma["figures"]["read_bytes"] + dma["figures"]["written_bytes"]
    channels = {f"soc.memory.channel{number}.state" for number in range(8)}
    dma_levels = {"soc.accelerator.dma.in_flight_bytes", "soc.accelerator.dma.mem.in_flight_bytes"}
    assert set(read_vcd(Path("run.vcd"))[0]) == channels | dma_levels


def test_the_result_is_the_same_with_and_without(folder: Path) -> None:
    found = []
    for options in ([], BOTH):
        assert command.main(["lenet", *options, "--json", "run.json", "--no-live"]) == 0
        found.append({**json.loads(Path("run.json").read_text()), "wall_s": 0})
    assert found[0] == found[1]


def test_only_the_run_itself_is_looked_at(folder: Path) -> None:
    sizes = []
    for options in ([], ["--compare", "none", "--widen"]):
        args = ["lenet", "--set", "check=false", *options, *BOTH, "--no-live"]
        assert command.main(args) == 0
        sizes.append([Path(name).read_bytes() for name in ("run.pftrace", "run.vcd")])
    assert sizes[0] == sizes[1]


def test_without_the_options_nothing_of_it_is_imported() -> None:
    args = [sys.executable, "-X", "importtime", "-m", "tlm.run", "lenet", "--no-live"]
    done = subprocess.run(args, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True)
    imported = set(re.findall(r"\| +([A-Za-z_][\w.]*)", done.stderr))
    assert "tlm.system.run" in imported
    assert not [name for name in imported if name.startswith(("tlm.timeline", "perfetto", "google.protobuf", "vcd"))]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--trace", "no/run.pftrace"], "no/run.pftrace: cannot be written: there is no folder"),
        (["--vcd", "."], ".: is a folder; name a file in it"),
        (["--trace", "base.yaml"], "base.yaml: is a file of the scenario"),
        (["--vcd", "./s.yaml"], "s.yaml: is a file of the scenario"),
        (["--trace", "same", "--vcd", "./same"], "same: is to be written twice; name another file"),
        (["--trace", "same", "--json", "same"], "same: is to be written twice; name another file"),
        (["--vcd", "out/result.json", "--out", "out"], "out/result.json: is to be written twice"),
        (["--vcd", "out/x", "--out", "out/x/y"], "out/x: cannot be a file and the folder of --out out/x/y too"),
        (["--trace", "/dev/stdout"], "/dev/stdout: cannot be a timeline: tables are printed there"),
        (["--trace", "/dev/full"], "/dev/full: cannot be written: No space left on device"),
        (["--vcd", "/dev/full"], "/dev/full: cannot be written: No space left on device"),
        (["--signals", "soc.*"], "--signals says what --vcd FILE is to hold; there is no --vcd"),
        (["--vcd", "x", "--signals", "soc.*,soc.memry.*"], "no signal matches 'soc.memry.*' (allowed: soc."),
        (["--vcd", "x", "--signals", "soc.memory.chanel0.state"], "did you mean 'soc.memory.channel0.state'?"),
    ],
)
def test_bad_input_is_one_message_and_exit_2_and_leaves_nothing(
    args: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "base.yaml").write_text("extends: lenet\n")
    (folder / "s.yaml").write_text("extends: base.yaml\ncheck: false\n")
    (folder / "out").mkdir()
    assert command.main(["s.yaml", *args, "--no-live"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1
    assert files(folder) == ["base.yaml", "out", "s.yaml"]
    assert files(folder / "out") == []


@pytest.mark.parametrize(("option", "value"), [("--trace", ""), ("--vcd", ""), ("--signals", "a,,b")])
def test_an_empty_name_is_refused(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        command.main(["lenet", option, value])
    assert caught.value.code == 2
    assert f"error: argument {option}: expected" in capsys.readouterr().err


def test_devices_are_written_in_place_and_may_be_named_twice(folder: Path) -> None:
    args = ["lenet", "--trace", "/dev/null", "--vcd", "/dev/null", "--no-live"]
    assert command.main(args) == 0
    assert Path("/dev/null").is_char_device()
    assert files(folder) == []


def stop_after(monkeypatch: pytest.MonkeyPatch, count: int, error: BaseException) -> None:
    """Let the DMA raise `error` as it issues that many requests."""
    launch, seen = Dma._launch, list[Any]()

    def launching(dma: Dma, choice: Any) -> None:
        seen.append(choice)
        if len(seen) == count:
            raise error
        launch(dma, choice)

    monkeypatch.setattr(Dma, "_launch", launching)


def test_an_interrupted_run_leaves_what_there_was(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_after(monkeypatch, 100, KeyboardInterrupt())
    assert command.main(["lenet", *BOTH, "--json", "run.json", "--no-live"]) == 130
    out = capsys.readouterr().out
    assert "wrote run.pftrace, up to where the run stopped\nwrote run.vcd, up to where the run stopped\n" in out
    assert json.loads(Path("run.json").read_text())["partial"]
    trace = Perfetto(Path("run.pftrace"))
    assert sum(one.category == "request" for one in trace.slices()) == 99
    (run,) = [one for one in trace.slices() if one.category == "run"]
    assert read_vcd(Path("run.vcd"))[1] >= (run.end or 0) > 0


def test_an_interrupt_before_the_run_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(captured, "workload_of", interrupted)
    assert command.main(["lenet", *BOTH, "--no-live"]) == 130
    assert files(folder) == []


def test_a_failed_check_keeps_what_there_was_and_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tlm.memory.store import Store

    read = Store.read

    def broken(store: Store, address: int, data: memoryview) -> None:
        read(store, address, data)
        data[0] ^= 1

    monkeypatch.setattr(Store, "read", broken)
    assert command.main(["lenet", *BOTH, "--json", "run.json", "--no-live"]) == 1
    first, second, error = capsys.readouterr().err.splitlines()
    assert first == "wrote run.pftrace, up to where the run stopped"
    assert second == "wrote run.vcd, up to where the run stopped"
    assert error.startswith("error: ") and "conv1" in error
    assert files(folder) == ["run.pftrace", "run.vcd"]
    assert len(Perfetto(Path("run.pftrace")).slices()) > 10
    assert read_vcd(Path("run.vcd"))[0]


def test_a_deadlock_keeps_what_there_was_and_is_told_as_without(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlm.engines.flow.ReadStream.free_to", lambda _stream, _count: None)
    told = []
    for options in ([], BOTH):
        assert command.main(["lenet", "--set", "accelerator.wm=4 KiB", *options, "--no-live"]) == 1
        told.append(capsys.readouterr().err)
    assert told[1] == "".join(f"wrote {name}, up to where the run stopped\n" for name in BOTH[1::2]) + told[0]
    assert told[0].startswith("error: deadlock at ")
    ends = {one.track: (one.name, one.notes.get("waits_for")) for one in Perfetto(Path("run.pftrace")).slices()}
    assert ends["soc.accelerator.tile0"] == ("weights", "soc.accelerator.dma")


def test_a_deadlock_is_told_where_a_timeline_cannot_be_written_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlm.engines.flow.ReadStream.free_to", lambda _stream, _count: None)
    args = ["lenet", "--set", "accelerator.wm=4 KiB", "--trace", "run.pftrace", "--vcd", "/dev/full", "--no-live"]
    assert command.main(args) == 1
    first, second, error = capsys.readouterr().err.splitlines()[:3]
    assert first == "/dev/full: cannot be written: No space left on device"
    assert second == "wrote run.pftrace, up to where the run stopped"
    assert error.startswith("error: deadlock at ")


def test_timelines_are_told_where_the_result_cannot_be_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["lenet", "--trace", "run.pftrace", "--json", "/dev/full", "--no-live"]) == 2
    lines = ["wrote run.pftrace", "error: /dev/full: cannot be written: No space left on device"]
    assert capsys.readouterr().err.splitlines() == lines
    assert files(folder) == ["run.pftrace"]


def test_an_error_after_the_run_itself_leaves_it_whole(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tlm.system import comparing

    def stuck(*_: object) -> None:
        raise Deadlock("deadlock in the other one")

    monkeypatch.setattr(comparing, "run", stuck)
    assert command.main(["lenet", "--compare", "none", "--trace", "run.pftrace", "--no-live"]) == 1
    assert capsys.readouterr().err == "wrote run.pftrace\nerror: deadlock in the other one\n"
