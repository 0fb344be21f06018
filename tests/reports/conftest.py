"""What the reports' tests share: results as commands write them, made once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tlm import run as command

Document = dict[str, Any]

#: Of a memory so narrow that most reasons occur.
NARROW = "memory={standard: ddr4-3200, channels: 1, width: 16}"


def ran(folder: Path, name: str, *options: str) -> Path:
    """The document of a run with these options, which the session's folder keeps."""
    file = folder / f"{name}.json"
    assert command.main([*options, "--no-live", "--json", str(file)]) == 0
    return file


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `narrow.json` (everything a document can have), `hbm.json`, `ideal.json` and `both.json`."""
    folder = tmp_path_factory.mktemp("results")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TLM_CACHE", str(folder / "cache"))
        compared = ("--compare", "none,base", "--widen", "--timeline")
        ran(folder, "narrow", "lenet", "--set", NARROW, "--set", "compression=dpred", *compared)
        ran(folder, "hbm", "lenet")
        ran(folder, "ideal", "lenet", "--set", "memory=ideal")
        ran(folder, "both", "two_accelerators", "--timeline", "--set", "check=false")
    return folder


@pytest.fixture(scope="session")
def documents(made: Path) -> dict[str, Document]:
    """{name: document} of what is in `made`."""
    return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in made.glob("*.json")}
