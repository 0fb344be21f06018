"""What is shipped: the floors, what commands import, the version, and the wheel with its data."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
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
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, built from a copy with the setuptools that is here."""
    source = tmp_path_factory.mktemp("source")
    for name in SHIPPED:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    out = tmp_path_factory.mktemp("wheel")
    python("-c", f"from setuptools.build_meta import build_wheel; build_wheel({str(out)!r})", cwd=source)
    (built,) = out.glob("*.whl")
    return built


def test_a_wheel_holds_all_code_and_data_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    found = {name for name in names if ".dist-info/" not in name}
    code = {file.relative_to(ROOT) for folder in SHIPPED for file in (ROOT / folder).rglob("*.py")}
    assert found == {path.as_posix() for path in (*code, *data_files())}
    assert wheel.name.startswith(f"tlm-{tlm.__version__}-py3-none-any")
    assert any(name.endswith("LICENSE") for name in names)


def test_an_installed_tlm_runs_a_shipped_scenario_from_an_empty_folder(wheel: Path, tmp_path: Path) -> None:
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    zipfile.ZipFile(wheel).extractall(installed)
    env = {"PYTHONPATH": str(installed), "TLM_CACHE": str(tmp_path / "cache")}
    where = python("-c", "import tlm; print(tlm.__file__)", cwd=empty, env=env).stdout
    assert Path(where.strip()).is_relative_to(installed)
    done = python("-c", "from tlm.cli import main; main(['run', 'lenet'])", cwd=empty, env=env)
    assert "checked: every accumulator equals the reference" in done.stdout
    assert list(empty.iterdir()) == []
