"""What the sweeps' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One cache of workloads for all: the network is captured once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's folder, in which everything is written."""
    monkeypatch.setenv("TLM_CACHE", str(cache))
    monkeypatch.chdir(tmp_path)
    return tmp_path
