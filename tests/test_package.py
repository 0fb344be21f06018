"""What is shipped: the floors, what commands import, the version, and the wheel with its data."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from collections.abc import Mapping
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest

import tlm

ROOT = Path(__file__).parents[1]
SHIPPED = ("tlm", "nets", "scenarios")
FOLDERS = (*SHIPPED, ".ci", "benchmarks", "docs", "examples", "tests")
FILES = ("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "Makefile", "README.md", "constraints.txt")
MADE = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", ".benchmarks")
HEAVY = {"torch", "sklearn", "numpy", "simpy", "rich", "attrs", "cattrs", "ruamel", "quantiphy"}


@pytest.fixture(scope="module")
def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def python(*args: str, cwd: Path = ROOT, env: Mapping[str, str] = {}) -> subprocess.CompletedProcess[str]:
    """Run this Python, with `env` added to the environment; it must end well."""
    done = subprocess.run(
        [sys.executable, *args], cwd=cwd, env={**os.environ, **env}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def imported(*args: str, env: Mapping[str, str] = {}) -> set[str]:
    """The top-level modules that a command imports."""
    told = python("-X", "importtime", *args, env=env).stderr
    return set(re.findall(r"\| +([A-Za-z_]\w*)", told))


# --- the house


def test_each_floor_imports_only_floors_below_it() -> None:
    done = python("-c", "from importlinter.cli import lint_imports_command as main; main(['--no-cache'])")
    assert "0 broken" in done.stdout


def test_every_package_of_tlm_has_its_floor(settings: dict[str, Any]) -> None:
    house = settings["tool"]["importlinter"]["contracts"][0]
    floors = {name for layer in house["layers"] for name in layer.split(" | ")}
    parts = {path.stem for path in (ROOT / "tlm").iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()}
    assert parts - {"__init__"} == floors


# --- what a command imports


@pytest.mark.parametrize("module", ["tlm.run", "nets.train"])
def test_help_imports_nothing_heavy(module: str) -> None:
    names = imported("-m", module, "--help")
    assert "argparse" in names
    assert not names & HEAVY


def test_a_warm_run_imports_neither_torch_nor_a_data_set_library(tmp_path: Path) -> None:
    command, env = ("-m", "tlm.run", "lenet", "--no-live"), {"TLM_CACHE": str(tmp_path)}
    assert "torch" in imported(*command, env=env)
    warm = imported(*command, env=env)
    assert "numpy" in warm
    assert not warm & {"torch", "sklearn", "scipy"}


# --- the distribution


def test_the_version_is_written_once(settings: dict[str, Any]) -> None:
    assert settings["project"]["dynamic"] == ["version"]
    assert settings["tool"]["setuptools"]["dynamic"]["version"] == {"attr": "tlm.__version__"}
    told = python("-c", "from tlm.cli import main; main(['--version'])").stdout
    assert told == f"tlm {tlm.__version__}\n"


def test_the_licence_is_the_one_that_is_declared(settings: dict[str, Any]) -> None:
    assert settings["project"]["license"] == "MIT"
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("MIT License")


def test_every_package_that_is_asked_for_is_pinned(settings: dict[str, Any]) -> None:
    """setuptools apart, which only builds, and the project's own extras."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    assert all(len(pin) == 2 and "+" not in pin[1] and "@" not in pin[0] for pin in pins)
    names = {normal(pin[0]) for pin in pins}
    project = settings["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    assert {normal(re.split(r"[<>=!~ \[]", name)[0]) for name in asked} - names == {"setuptools", project["name"]}


def test_the_oldest_versions_are_told_of_every_library_that_is_asked_for(settings: dict[str, Any]) -> None:
    project = settings["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    told = python(".ci/oldest.py").stdout.split()
    assert {one.replace("==", ">=") for one in told} == {re.sub(",<.*", "", name) for name in asked if "[" not in name}


def test_the_tested_pythons_are_named_and_python_itself_asked_for(settings: dict[str, Any]) -> None:
    project = settings["project"]
    named = re.findall(r"Python :: (3\.\d+)", " ".join(project["classifiers"]))
    assert named == ["3.11", "3.12", "3.13"]
    assert project["requires-python"] == f">={named[0]}"
    assert settings["tool"]["ruff"]["target-version"] == f"py{named[0].replace('.', '')}"


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def data_files() -> list[Path]:
    return [
        file.relative_to(ROOT)
        for folder in SHIPPED
        for file in (ROOT / folder).rglob("*")
        if file.is_file() and file.suffix not in (".py", ".pyc")
    ]


def test_every_data_file_is_declared(settings: dict[str, Any]) -> None:
    patterns = settings["tool"]["setuptools"]["package-data"]["*"]
    assert {file.suffix for file in data_files()} >= {".yaml", ".pt", ".npz"}
    for file in data_files():
        assert any(fnmatch(file.name, pattern) for pattern in patterns), file


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that is ours, to build in."""
    folder = tmp_path_factory.mktemp("source")
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=MADE)
    for name in ("pyproject.toml", *FILES):
        shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built("wheel", source, tmp_path_factory.mktemp("wheel"))


def built(what: str, source: Path, out: Path) -> Path:
    """A distribution, built with the setuptools that is here."""
    python("-c", f"from setuptools.build_meta import build_{what}; build_{what}({str(out)!r})", cwd=source)
    (made,) = out.iterdir()
    return made


def test_a_wheel_holds_all_code_and_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    found = {name for name in names if ".dist-info/" not in name}
    code = {file.relative_to(ROOT) for folder in SHIPPED for file in (ROOT / folder).rglob("*.py")}
    assert found == {path.as_posix() for path in (*code, *data_files())}
    assert wheel.name.startswith(f"tlm-{tlm.__version__}-py3-none-any")
    assert any(name.endswith("LICENSE") for name in names)


def test_a_source_distribution_holds_all_and_makes_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "sdist").mkdir()
    (tmp_path / "wheel").mkdir()
    with tarfile.open(built("sdist", source, tmp_path / "sdist")) as archive:
        archive.extractall(tmp_path, filter="data")
    unpacked = tmp_path / f"tlm-{tlm.__version__}"
    for name in FOLDERS:
        assert files(unpacked / name) == files(source / name)
    assert {file.name for file in unpacked.iterdir() if file.is_file()} >= {"pyproject.toml", *FILES}
    assert contents(built("wheel", unpacked, tmp_path / "wheel")) == contents(wheel)


def files(folder: Path) -> set[Path]:
    return {file.relative_to(folder) for file in folder.rglob("*") if file.is_file()}


def contents(wheel: Path) -> dict[str, int]:
    """Each file's name and checksum."""
    return {entry.filename: entry.CRC for entry in zipfile.ZipFile(wheel).infolist()}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder into which the wheel is installed, beside no repository."""
    folder = tmp_path_factory.mktemp("installed")
    python("-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", str(folder), str(wheel))
    return folder


def test_an_installed_tlm_runs_a_shipped_scenario_from_an_empty_folder(installed: Path, tmp_path: Path) -> None:
    empty, home = tmp_path / "empty", tmp_path / "home"
    empty.mkdir()
    home.mkdir()
    env = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(installed)}
    run = [str(installed / "bin" / "tlm"), "run", "dstripes_hbm"]
    done = subprocess.run(run, cwd=empty, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "checked: every accumulator equals the reference" in done.stdout
    assert list(empty.iterdir()) == []
    assert [folder.name for folder in (home / ".cache").iterdir()] == ["tlm"]


def test_an_installed_tlm_finds_all_that_is_shipped_by_bare_name(installed: Path, tmp_path: Path) -> None:
    script = (
        "import sys, nets, tlm\n"
        "from tlm.papers import paper\n"
        "from tlm.scenario import load, shipped_scenarios\n"
        "from tlm.scenario.files import shipped_sweeps\n"
        "from tlm.sweeps.spec import read_sweep\n"
        "loaded = [load(name).source for name in shipped_scenarios()]\n"
        "loaded += [read_sweep(file).file for file in shipped_sweeps().values()]\n"
        "assert all(paper(name).chosen() for name in ('dpred', 'dlac', 'precision'))\n"
        "print(*loaded, tlm.__file__, nets.__file__, sep='\\n')"
    )
    told = [
        Path(line) for line in python("-c", script, cwd=tmp_path, env={"PYTHONPATH": str(installed)}).stdout.split()
    ]
    shipped = (ROOT / "scenarios").rglob("*.yaml")
    packages = [Path("nets/__init__.py"), Path("tlm/__init__.py")]
    found = sorted(file.relative_to(installed) for file in told)
    assert found == sorted([*packages, *(file.relative_to(ROOT) for file in shipped)])
