"""The command: what it writes, what it refuses, and what it does where its libraries are missing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tlm import cli
from tlm import report as command
from tlm import run as running


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLM_CACHE", str(folder / "cache"))
        assert running.main(["lenet", "--no-live", "--set", "memory=ideal", "--out", str(folder / "out")]) == 0
    return folder / "out" / "result.json"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *args: str) -> str:
    assert command.main(args) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: ") and err.count("\n") == 1
    return err.removeprefix("error: ").rstrip()


def test_a_page_is_written_and_said_so(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", str(result.parent), "--html", "page.html"]) == 0
    assert capsys.readouterr().out == "wrote page.html\n"
    assert Path("page.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_page_can_go_to_stdout(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([str(result), "--html", "/dev/stdout"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_a_page_is_not_written_over_a_result(result: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = result.read_bytes()
    for given in (result, result.parent):
        assert "is a result that is read" in refused(capsys, str(given), "--html", str(result))
    Path("link.json").symlink_to(result)
    assert "is a result that is read" in refused(capsys, str(result), "--html", "link.json")
    assert result.read_bytes() == before


def test_where_anything_is_wrong_nothing_is_written(
    result: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("bad.json").write_text("{")
    before = sorted(folder.iterdir())
    assert "bad.json:1: is no whole JSON document" in refused(capsys, str(result), "bad.json", "--html", "p.html")
    assert "there is no folder" in refused(capsys, str(result), "--html", "nowhere/p.html")
    assert "is a folder" in refused(capsys, str(result), "--html", ".")
    assert "did you mean 'cycles'" in refused(capsys, str(result), "--html", "p.html", "--pareto", "cycle")
    assert sorted(folder.iterdir()) == before


def test_options_that_are_missing_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    for args in ([], ["r.json"], ["--html", "p.html"]):
        with pytest.raises(SystemExit) as left:
            command.main(args)
        assert left.value.code == 2
    assert "the following arguments are required" in capsys.readouterr().err


@pytest.mark.parametrize("missing", ["plotly", "jinja2"])
def test_a_missing_library_is_told_with_what_brings_it(
    result: Path, missing: str, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    message = refused(capsys, str(result), "--html", "page.html")
    assert message == f"needs {missing}: install the extra, pip install 'tlm[report]'"
    assert list(folder.iterdir()) == []


def test_other_commands_do_not_import_what_pages_are_made_with() -> None:
    script = (
        "import sys\nfrom tlm.cli import main\nimport tlm.report, tlm.run, tlm.sweep, tlm.reports\n"
        "print([name for name in ('plotly', 'jinja2') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"
