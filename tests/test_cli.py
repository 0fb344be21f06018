"""The manners all commands share: exit codes, one message, files written whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from tlm import cli
from tlm.core import Deadlock
from tlm.inputs.errors import BadInput, CheckFailed


def raising(error: BaseException) -> Callable[[], int]:
    def command() -> int:
        raise error

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput("what is wrong", file="s.yaml", line=3, key="memory"), 2),
        (CheckFailed("what is wrong"), 1),
        (Deadlock("what is wrong"), 1),
    ],
)
def test_an_error_becomes_an_exit_code_and_one_message(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run_command(raising(error)) == code
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"error: {error}\n")


def test_a_command_that_ends_well_or_says_its_own_code() -> None:
    assert cli.run_command(lambda: None) == 0
    assert cli.run_command(lambda: 1) == 1
    assert cli.run_command(raising(KeyboardInterrupt())) == 130


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        cli.run_command(raising(ZeroDivisionError()))


def test_a_reader_that_goes_away_ends_a_command_quietly() -> None:
    script = "import sys\nfrom tlm import cli\nsys.exit(cli.run_command(lambda: print('x' * 1000000)))"
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout and process.stderr
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


def in_python(code: str, shell: str) -> subprocess.CompletedProcess[str]:
    """What a shell makes of `shell`, in which $RUN runs `code` as a command's body."""
    script = f"import sys\nfrom tlm import cli\ndef command():\n {code}\nsys.exit(cli.run_command(command))"
    env = {**os.environ, "RUN": script, "PYTHON": sys.executable}
    return subprocess.run(["bash", "-c", shell], env=env, capture_output=True, text=True, check=False)


RICH = "with cli.printing():\n  from rich.console import Console\n  Console().print('x\\n' * 70000)"


@pytest.mark.parametrize(
    ("code", "shell", "output", "message", "exit_code"),
    [
        (RICH, '"$PYTHON" -c "$RUN" | true; exit ${PIPESTATUS[0]}', "", "", 141),
        (
            "with cli.printing(): print('x')",
            '"$PYTHON" -c "$RUN" >/dev/full',
            "",
            "error: standard output: cannot be written: No space",
            2,
        ),
        (RICH, '"$PYTHON" -c "$RUN" >/dev/full', "", "error: standard output: cannot be written: No space left", 2),
        (RICH, '"$PYTHON" -c "$RUN" >&-', "", "", 0),
        ("cli.write_text('/dev/stdout', cli.as_json([1]))", '"$PYTHON" -c "$RUN" | cat', "[\n  1\n]\n", "", 0),
        ("cli.write_text('/dev/fd/1', cli.as_json([1]))", '"$PYTHON" -c "$RUN" | cat', "[\n  1\n]\n", "", 0),
        (
            "cli.write_text('/dev/full', cli.as_json([1]))",
            '"$PYTHON" -c "$RUN"',
            "",
            "error: /dev/full: cannot be written: No sp",
            2,
        ),
    ],
)
def test_every_kind_of_output_ends_without_a_traceback(
    code: str, shell: str, output: str, message: str, exit_code: int
) -> None:
    done = in_python(code, shell)
    assert (done.returncode, done.stdout) == (exit_code, output), done.stderr
    assert done.stderr.startswith(message) and done.stderr.count("\n") == bool(message)


@pytest.mark.parametrize("module", ["tlm.cli", *(module for module, _ in cli.COMMANDS.values())])
def test_help_imports_nothing_heavy(module: str) -> None:
    script = (
        f"import sys\nfrom {module} import main\n"
        "try:\n    main(['--help'])\n"
        "finally:\n    print([name for name in ('numpy', 'simpy', 'torch', 'rich', 'attrs') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "usage: " in done.stdout or "run a scenario" in done.stdout
    assert done.stdout.endswith("[]\n")


# --- options


@pytest.fixture
def parser() -> cli.Parser:
    parser = cli.Parser("tlm run", description="runs")
    parser.add_argument("scenario")
    parser.add_argument("--json")
    return parser


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["s", "--jsno=x"], "unknown option '--jsno=x'; did you mean '--json'?"),
        (["s", "--js", "x"], "unknown option '--js'"),
        (["s", "t"], "one argument too many: 't'"),
        ([], "the following arguments are required: scenario"),
        (["s", "--json"], "argument --json: expected one argument"),
    ],
)
def test_a_bad_option_is_told_in_one_line(
    parser: cli.Parser, args: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        parser.parse_args(args)
    out, err = capsys.readouterr()
    assert (caught.value.code, out) == (2, "")
    assert err.startswith(f"error: {message}") and err.endswith("(see tlm run --help)\n")
    assert err.count("\n") == 1


def test_good_options_are_taken(parser: cli.Parser) -> None:
    args = parser.parse_args(["s", "--json", "x"])
    assert (args.scenario, args.json) == ("s", "x")


# --- the command tlm


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The argument lists that the one command there is, `show`, was called with."""
    calls: list[list[str]] = []
    monkeypatch.setitem(sys.modules, "some.show", SimpleNamespace(main=lambda argv: calls.append(argv) or 1))
    monkeypatch.setattr(cli, "COMMANDS", {"show": ("some.show", "shows")})
    monkeypatch.setattr(sys, "path", list(sys.path))
    return calls


def test_a_subcommand_gets_the_rest_and_gives_the_code(commands: list[list[str]]) -> None:
    assert cli.main(["show", "x", "--json", "y"]) == 1
    assert commands == [["x", "--json", "y"]]


def test_an_unknown_subcommand_offers_the_nearest(
    commands: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["shwo"]) == 2
    assert capsys.readouterr().err == ("error: there is no command 'shwo' (allowed: show); did you mean 'show'?\n")
    assert commands == []


def test_no_subcommand_lists_them(commands: list[list[str]], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    assert "show" in capsys.readouterr().out


# --- files


def test_json_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "r.json"
    cli.write_text(file, cli.as_json({"cycles": 3}))
    assert json.loads(file.read_text()) == {"cycles": 3}
    with pytest.raises(ValueError, match="not JSON compliant"):
        cli.write_text(file, cli.as_json({"cycles": float("nan")}))
    assert json.loads(file.read_text()) == {"cycles": 3}
    assert list(tmp_path.iterdir()) == [file]


def test_a_write_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "r.json"
    cli.write_text(file, cli.as_json({"cycles": 3}))
    monkeypatch.setattr(Path, "replace", lambda *_: raising(OSError("disk full"))())
    with pytest.raises(BadInput, match="cannot be written: disk full"):
        cli.write_text(file, cli.as_json({"cycles": 4}))
    assert json.loads(file.read_text()) == {"cycles": 3}
    assert list(tmp_path.iterdir()) == [file]


def test_json_goes_through_a_link_and_into_a_device(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    link = tmp_path / "link.json"
    link.symlink_to(tmp_path / "real" / "r.json")
    cli.write_text(link, cli.as_json([]))
    assert link.is_symlink() and (tmp_path / "real" / "r.json").read_text() == "[]\n"
    cli.write_text("/dev/null", cli.as_json([]))
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("lost/r.json", "there is no folder"),
        ("file/r.json", "there is no folder"),
        (".", "is a folder; name a file in it"),
        ("dangling", "there is no folder '.*/lost'"),
        ("x" * 300, "cannot be written: File name too long"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to("lost/r.json")
    with pytest.raises(BadInput, match=message):
        cli.check_writable(tmp_path / name)


def test_a_place_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(BadInput, match="no permission"):
        cli.check_writable(tmp_path / "r.json")


def test_a_folder_is_looked_at_before_and_made_when_it_is_written_to(tmp_path: Path) -> None:
    assert cli.check_folder(tmp_path / "a" / "b") == tmp_path / "a" / "b"
    assert list(tmp_path.iterdir()) == []
    cli.write_text(tmp_path / "a" / "b" / "result.json", cli.as_json([]))
    assert (tmp_path / "a" / "b" / "result.json").read_text() == "[]\n"


@pytest.mark.parametrize("name", ["file", "file/b", "x" * 300])
def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match=r"cannot be made a folder: .*file' is a file|name too long"):
        cli.check_folder(tmp_path / name)


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    cli.write_text(tmp_path / ("x" * 255), cli.as_json([]))
    assert [len(file.name) for file in tmp_path.iterdir()] == [255]
