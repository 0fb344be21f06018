"""What several areas' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
from reference_tensors import NETWORKS, write_network


@pytest.fixture(scope="session")
def reference_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the traces of the five reference networks, one folder each."""
    folder = tmp_path_factory.mktemp("reference_networks")
    for network in NETWORKS:
        write_network(folder, network)
    return folder
