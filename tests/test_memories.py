"""The command that lists memory standards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tlm import memories as command
from tlm.memory.facts import facts
from tlm.memory.standards import FOLDER, load_standard, standard_names


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def document(*args: str) -> list[dict[str, Any]]:
    assert command.main([*args, "--json", "out.json"]) == 0
    found: list[dict[str, Any]] = json.loads(Path("out.json").read_text())["memories"]
    return found


def test_all_standards_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert [one["name"] for one in document()] == standard_names()
    lines = capsys.readouterr().out.splitlines()
    assert all(any(f" {name} " in line for line in lines) for name in standard_names())
    assert max(map(len, lines)) <= 120
    assert not any("\u2502             \u2502" in line for line in lines), "a cell is folded"


@pytest.mark.parametrize(
    ("name", "cycles", "peak", "size"),
    [
        ("ddr4-3200", (27, 49, 71), 25.397, 8),
        ("lpddr4-3200", (37, 66, 95), 25.6, 4),
        ("lpddr4-4267", (45, 84, 123), 34.133, 4),
        ("hbm", (10, 17, 24), 128, 4),
        ("hbm2", (17, 31, 45), 256, 8),
    ],
)
def test_what_a_standard_comes_to(name: str, cycles: tuple[int, int, int], peak: float, size: int) -> None:
    """Latencies as a cycle-accurate simulator has them."""
    (one,) = document(name)
    assert tuple(one["unloaded_cycles"].values()) == cycles
    assert list(one["unloaded_ns"].values()) == pytest.approx([one["tck_ns"] * each for each in cycles])
    assert one["peak_gbps"] == pytest.approx(peak, abs=1e-3)
    assert one["capacity_bytes"] == size << 30
    assert one["validated"] is True
    assert one["file"]["timing"]["nCL"] > 0 and one["file"]["energy"]["source"]


@pytest.mark.parametrize("name", [name for name in standard_names() if name != "ideal"])
def test_a_latency_is_the_sum_of_its_parts(name: str) -> None:
    standard = load_standard(name)
    one = facts(standard, name)
    t = standard.timing  # type: ignore[union-attr]
    alone = one.unloaded_cycles
    assert alone is not None and one.stream_pj_per_bit is not None
    assert alone.closed - alone.open_row == t.nRCD
    assert alone.conflict - alone.closed == t.nRP
    assert alone.open_row > t.nCL
    assert 1 < one.stream_pj_per_bit < 30


def test_a_standard_with_a_long_row_cycle_and_many_ranks_is_played_alone(folder: Path) -> None:
    text = (FOLDER / "ddr4-3200.yaml").read_text()
    text = (
        text.replace("  nRP: 22\n", "  nRP: 22\n  nRC: 900\n")
        .replace("ranks: 1", "ranks: 4")
        .replace("ba[16:15] ro[32:17]", "ba[16:15] ra[18:17] ro[34:19]")
    )
    (folder / "my.yaml").write_text(text.replace("energy:", "energy_:").split("energy_:")[0])
    (one,) = document("my.yaml")
    assert list(one["unloaded_cycles"].values()) == [27, 49, 71]
    assert one["stream_pj_per_bit"] is None


def test_one_is_shown_with_what_its_file_says(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["hbm2"]) == 0
    out = capsys.readouterr().out
    for part in ("JESD235A", "8 channels of 128 bits", "nRCD 14", "mapping interleaved", "bg[7:6]", "activate_pJ 1818"):
        assert part in out


def test_the_ideal_memory_has_no_limits(capsys: pytest.CaptureFixture[str]) -> None:
    (one,) = document("ideal")
    assert (one["peak_gbps"], one["unloaded_ns"], one["channels"]) == (None, None, None)
    assert "1.00 TiB" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (
            ["hmb2"],
            "error: NAME: there is no memory standard 'hmb2'; name one, or a YAML file by its path (allowed: ddr4-3200",
        ),
        (["hmb2"], "did you mean 'hbm2'?"),
        (["lost.yaml"], "lost.yaml"),
        (["my.yaml"], "my.yaml:1: unknown: unknown key"),
        (["hbm", "--json", "no/x.json"], "no/x.json: cannot be written: there is no folder"),
        (["hbm", "--jsn", "x"], "unknown option '--jsn'; did you mean '--json'?"),
        (["hbm", "hbm2"], "one argument too many: 'hbm2'"),
    ],
)
def test_bad_input_is_one_message_and_exit_2(
    args: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "my.yaml").write_text("unknown: 3\n")
    try:
        code = command.main(args)
    except SystemExit as ended:
        code = int(ended.code or 0)
    out, error = capsys.readouterr()
    assert (code, out) == (2, ""), error
    assert error.startswith("error: ") and message in error


def test_a_standard_is_not_written_over(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (FOLDER / "hbm.yaml").read_text()
    (folder / "my.yaml").write_text(text)
    assert command.main(["my.yaml", "--json", "my.yaml"]) == 2
    assert "my.yaml: is the memory: a result must not be written over it" in capsys.readouterr().err
    assert (folder / "my.yaml").read_text() == text
