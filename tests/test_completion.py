"""Completion, asked of the shells themselves: what each offers behind the beginning of a command line."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tlm import cli, completion
from tlm.accelerators.preset import preset_names
from tlm.codecs import CODECS
from tlm.memory.standards import standard_names
from tlm.papers.paper import PAPERS
from tlm.scenario import shipped_scenarios
from tlm.scenario.files import shipped_sweeps

Offered = Callable[[str], list[str]]

BASH = """source "$0"
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_tlm && printf '%s\\n' "${COMPREPLY[@]}"
"""

# A line is typed into a shell of its own, whose tlm prints what it is called with. What is typed is echoed: so `<` and
# `ready` stand in it in pieces.
ZSH = """zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "stty columns 200; fpath=($1 \\$fpath); autoload -Uz compinit; compinit -D -u"
zpty -w z 'tlm() { print -r -- "${:-<}$*${:->}" }; echo rea""dy'
while zpty -r z line; do [[ $line == *ready* ]] && break; done
zpty -w -n z "$2"$'\\t\\n'
while zpty -r z line; do [[ $line == *'<'*'>'* ]] && { print -r -- ${${line#*<}%>*}; break; }; done
"""

LINES = [
    ("tlm ru", "run"),
    ("tlm run dstripes_lpddr4_", "dstripes_lpddr4_raw"),
    ("tlm run mine", "mine.yaml"),
    ("tlm run lenet --wid", "--widen"),
    ("tlm run lenet --compare none,dpr", "none,dpred"),
    ("tlm run lenet --set memory.stand", "memory.standard="),
    ("tlm run lenet --json some", "some.txt"),
    ("tlm run lenet --out fold", "folder"),
    ("tlm sweep lenet_m", "lenet_memories"),
    ("tlm play some.txt --memory lpddr5", "lpddr5-6400"),
    ("tlm play some.txt --granularity ex", "exact"),
    ("tlm completion fi", "fish"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to complete in."""
    folder = tmp_path_factory.mktemp("place")
    for name in ("mine.yaml", "some.txt"):
        (folder / name).touch()
    (folder / "folder").mkdir()
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Path]:
    """Writes a shell's script into a folder, under a name."""

    def write(shell: str, name: str) -> Path:
        file = tmp_path_factory.mktemp(shell) / name
        file.write_text(completion.script(shell), encoding="utf-8")
        return file

    return write


def answer(command: Sequence[str], cwd: Path) -> list[str]:
    if shutil.which(command[0]) is None:
        pytest.skip(f"there is no {command[0]}")
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def bash(written: Callable[[str, str], Path], place: Path) -> Offered:
    file = written("bash", "tlm")
    return lambda line: answer(["bash", "--norc", "-c", BASH, str(file), *line.split(" ")], place)


@pytest.mark.parametrize(("line", "word"), LINES)
def test_bash_completes(bash: Offered, line: str, word: str) -> None:
    assert bash(line) == [word]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("tlm ", {*cli.COMMANDS}),
        ("tlm --", {"--help", "--version"}),
        ("tlm run ", {*shipped_scenarios(), "mine.yaml", "folder"}),
        ("tlm sweep ", {*shipped_sweeps(), "mine.yaml", "folder"}),
        ("tlm reproduce ", {*PAPERS}),
        ("tlm memories ", {*standard_names(), "mine.yaml", "folder"}),
        ("tlm run lenet --compare ", {*preset_names(), *CODECS}),
    ],
)
def test_bash_offers_all_there_is(bash: Offered, line: str, words: set[str]) -> None:
    assert set(bash(line)) == words


def test_every_key_of_a_scenario_is_offered(bash: Offered) -> None:
    keys = set(bash("tlm run lenet --set "))
    assert {"check=", "memory=", "memory.channels=", "accelerator.preset=", "workload.network="} <= keys
    assert not keys & {"source=", "written="}


@pytest.mark.parametrize(("line", "word"), LINES)
def test_zsh_completes(written: Callable[[str, str], Path], place: Path, line: str, word: str) -> None:
    folder = written("zsh", "_tlm").parent
    (told,) = answer(["zsh", "-f", "-c", ZSH, "zsh", str(folder), line], place)
    assert told == f"{line.removeprefix('tlm ').rpartition(' ')[0]} {word}".strip()


@pytest.mark.parametrize(("line", "word"), LINES)
def test_fish_completes(written: Callable[[str, str], Path], place: Path, line: str, word: str) -> None:
    script = f"source {written('fish', 'tlm.fish')}; complete -C '{line}'"
    (told,) = answer(["fish", "--no-config", "-c", script], place)
    assert told.partition("\t")[0].rstrip("/") == word


def test_an_unknown_shell_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.main(["bsh"]) == 2
    message = "error: there is no completion for 'bsh' (allowed: bash, zsh, fish); did you mean 'bash'?\n"
    assert capsys.readouterr().err == message


def test_the_command_prints_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    assert completion.main(["bash"]) == 0
    assert capsys.readouterr().out == completion.script("bash") + "\n"
