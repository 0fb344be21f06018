"""The command that plays traces: what it prints and writes, what it refuses."""

from __future__ import annotations

import gzip
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tlm import play as command
from tlm.console import Progress
from tlm.memory.player import Player

PAGE = Path(__file__).parents[1] / "docs" / "play.md"
TRACE = (
    "# a stream and a write\n" + "".join(f"0x{at:X} READ 0\n" for at in range(0, 65536, 64)) + "0x100000 write 5000\n"
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "t.trc").write_text(TRACE)
    return tmp_path


def played(*args: str) -> dict[str, Any]:
    assert command.main(["t.trc", *args, "--json", "out.json", "--no-live"]) == 0
    found: dict[str, Any] = json.loads(Path("out.json").read_text())
    return found


GOLDEN = """\
t.trc on ddr4-3200, 1 channel of 64 bits, exact
requests 1,025: 1,024 reads, 1 writes, 64.1 KiB
cycles 5,002 of 0.63 ns: 3.15 us
bandwidth 20.82 of 25.40 GB/s, utilisation 81.89%
read latency average 279.1, median 281, 95 % within 317 cycles (175.8, 177.0, 199.7 ns)
row hits 99.22% of 1,024 bursts, 8 activates
refreshes 0
energy 11.95 pJ/bit: activate 1%, read 46%, write 0%, io 28%, refresh 0%, background 25%
"""


def test_what_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["t.trc", "--memory", "ddr4-3200"]) == 0
    out = capsys.readouterr().out
    text = re.sub(r"[^\S\n]*\n[^\S\n]*", "\n", re.sub("[\u2500-\u257f]", "", out)).replace("\n\n", "\n")
    assert re.sub(" {2,}", " ", text).startswith(GOLDEN)


def test_the_document_has_what_it_came_to() -> None:
    found = played("--memory", "ddr4-3200")
    assert (found["reads"], found["writes"], found["bytes"]) == (1024, 1, 1025 * 64)
    assert (found["standard"], found["granularity"], found["partial"]) == ("ddr4-3200", "exact", False)
    assert found["cycles"] == 5002
    assert found["utilisation"] == pytest.approx(1024 * 4 / 5002)  # the write stays in its buffer
    assert found["bandwidth_gbps"] == pytest.approx(1025 * 64 / (5002 * 0.63))
    assert set(found["read_latency_cycles"]) == {"avg", "p50", "p95"}
    assert found["row_hit_rate"] == pytest.approx(1 - found["activates"] / 1024)
    assert found["energy_pj_per_bit"] == pytest.approx(sum(found["energy_pj"].values()) / (1024 * 64 * 8))


def test_options_make_the_memory() -> None:
    spelled = "co[10:6] ch[13:11] ba[15:14] bg[17:16] ra[18] ro[32:19]"
    options = ["--memory", "hbm", "--ranks", "2", "--page", "closed", "--granularity", "coarse"]
    found = played(*options, "--mapping", "interleaved", "--channels", "4")
    assert (found["channels"], found["ranks"], found["page"], found["granularity"]) == (4, 2, "closed", "coarse")
    assert found["mapping"].startswith("bg[7:6] ch[9:8]")
    assert played(*options, "--mapping", spelled)["mapping"] == spelled
    assert played("--memory", "ddr4-3200", "--width", "16")["peak_gbps"] == pytest.approx(6.35, abs=0.01)


def test_both_granularities_agree_on_a_stream(folder: Path) -> None:
    (folder / "t.trc").write_text(TRACE.replace("0x100000 write 5000", ""))
    exact, coarse = (played("--memory", "ddr4-3200", "--granularity", how) for how in ("exact", "coarse"))
    assert coarse["cycles"] == pytest.approx(exact["cycles"], rel=0.01)
    assert coarse["bytes"] == exact["bytes"]


def test_a_trace_from_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    expected = played("--memory", "hbm")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TRACE.encode())))
    assert command.main(["-", "--memory", "hbm", "--json", "out.json"]) == 0
    assert json.loads(Path("out.json").read_text()) == expected
    assert "standard input on hbm" in capsys.readouterr().out


def test_what_is_wrong_on_standard_input_is_told_by_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"0x0 READ 0\n0x40 READ -5\n")))
    assert command.main(["-", "--memory", "hbm"]) == 2
    assert capsys.readouterr().err.startswith("error: standard input:2: '-5' is no cycle")


REFUSED = [
    (["nowhere.trc", "--memory", "hbm"], "nowhere.trc: cannot be read: No such file or directory"),
    ([".", "--memory", "hbm"], ".: is a folder; name a trace in it"),
    (["bad.trc", "--memory", "hbm"], "bad.trc:2: 'WRTE' is no direction (allowed: READ, WRITE); did you mean 'WRITE'?"),
    (["far.trc", "--memory", "hbm"], "far.trc:1: address 0x100000000 lies beyond the memory, whose last byte is at"),
    (["empty.trc", "--memory", "hbm"], "empty.trc: has no requests"),
    (["t.trc.gz", "--memory", "hbm"], "t.trc.gz: is compressed; unpack it: gzip -dc FILE | python -m tlm.play -"),
    (["t.trc", "--memory", "hmb"], "--memory: there is no memory standard 'hmb'; name one"),
    (["t.trc", "--memory", "hmb2"], "did you mean 'hbm2'?"),
    (["t.trc", "--memory", "ideal"], "--memory: ideal has no channels or banks to model"),
    (["t.trc", "--memory", "./lost.yaml"], "lost.yaml"),
    (["t.trc", "--memory", "my.yaml"], "my.yaml:1: unknown: unknown key"),
    (["t.trc", "--memory", "hbm", "--channels", "3"], "--channels: must be a power of two"),
    (["t.trc", "--memory", "hbm", "--channels", "0"], "--channels: must be > 0, not 0"),
    (["t.trc", "--memory", "hbm", "--channels", "two"], "argument --channels: invalid int value: 'two'"),
    (["t.trc", "--memory", "hbm", "--ranks", "8192"], "--ranks: must be <= 4096, not 8192"),
    (["t.trc", "--memory", "hbm", "--width", "1"], "--width: 1 bits move less than a byte"),
    (["t.trc", "--memory", "hbm", "--mapping", "rows"], "--mapping: hbm has no mapping 'rows'"),
    (["t.trc", "--memory", "hbm", "--mapping", "co[3:0]"], "--mapping: "),
    (
        ["t.trc", "--memory", "hbm", "--page", "opened"],
        "--page: there is no such page policy (allowed: open, closed); did",
    ),
    (["t.trc", "--memory", "hbm", "--granularity", "fine"], "--granularity: not 'fine' (allowed: exact, coarse)"),
    (["t.trc", "--memory", "hbm", "--json", "t.trc"], "t.trc: is the trace: a result must not be written over it"),
    (["t.trc", "--memory", "my.yaml", "--json", "my.yaml"], "my.yaml"),
    (["t.trc", "--memory", "hbm", "--json", "no/x.json"], "no/x.json: cannot be written: there is no folder"),
    (["t.trc", "--memory", "hbm", "--chanels", "8"], "unknown option '--chanels'; did you mean '--channels'?"),
    (["t.trc"], "the following arguments are required: --memory"),
    (["t.trc", "u.trc", "--memory", "hbm"], "one argument too many: 'u.trc'"),
]


@pytest.mark.parametrize(("args", "message"), REFUSED, ids=[" ".join(args) for args, _ in REFUSED])
def test_bad_input_is_one_message_and_exit_2(
    args: list[str], message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "bad.trc").write_text("0x0 READ 0\n0x40 WRTE 0\n")
    (folder / "far.trc").write_text("0x100000000 READ 0\n")
    (folder / "empty.trc").write_text("# nothing\n")
    (folder / "t.trc.gz").write_bytes(gzip.compress(TRACE.encode()))
    (folder / "my.yaml").write_text("unknown: 3\n")
    before = sorted((file.name, file.read_bytes()) for file in folder.iterdir())
    try:
        code = command.main(args)
    except SystemExit as ended:  # argparse's way
        code = int(ended.code or 0)
    out, error = capsys.readouterr()
    assert (code, out) == (2, ""), error
    assert error.startswith("error: ") and message in error, error
    assert sorted((file.name, file.read_bytes()) for file in folder.iterdir()) == before


def test_a_fault_at_the_end_leaves_no_file(folder: Path) -> None:
    (folder / "t.trc").write_text(TRACE + "oops\n")
    assert command.main(["t.trc", "--memory", "hbm", "--json", "out.json"]) == 2
    assert not (folder / "out.json").exists()


def test_an_interrupt_tells_what_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_player: Player) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Player, "finish", interrupted)
    assert command.main(["t.trc", "--memory", "ddr4-3200", "--json", "out.json"]) == 130
    found = json.loads((folder / "out.json").read_text())
    assert found["partial"] and 0 < found["reads"] < 1024
    assert "partial: interrupted" in capsys.readouterr().out


def test_an_interrupt_before_anything_is_done_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(_player: Player, _requests: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Player, "take", interrupted)
    assert command.main(["t.trc", "--memory", "hbm", "--json", "out.json"]) == 130
    assert capsys.readouterr() == ("", "interrupted: no result\n")
    assert not Path("out.json").exists()


def test_progress_comes_to_its_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "t.trc").write_text(TRACE * 20)
    told: list[int] = []
    monkeypatch.setattr(Progress, "phase", lambda _self, _name, total: told.append(-total))
    monkeypatch.setattr(Progress, "advance", lambda _self, steps: told.append(steps))
    played("--memory", "hbm", "--granularity", "coarse")
    assert len(told) > 3 and min(told[1:]) > 0 and sum(told) == 0


# --- docs/play.md


def rows(heading: str) -> dict[str, str]:
    section = PAGE.read_text(encoding="utf-8").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return dict(re.findall(r"^\| `([\w-]+)` \|(.*)\|$", section, re.MULTILINE))


def test_every_key_of_the_document_is_documented() -> None:
    assert list(rows("The document")) == list(played("--memory", "hbm"))
