"""What several areas' tests share."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_networks
from hypothesis import settings
from reference_tensors import NETWORKS, write_network

from tlm.scenario import load
from tlm.workload.layer import Workload
from tlm.workload.source import load_workload

# The suite is the same every time it runs, on a slow machine too.
settings.register_profile("suite", derandomize=True, deadline=None, database=None)
settings.load_profile("suite")


@pytest.fixture(scope="session")
def reference_networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the traces of the five reference networks, one folder each."""
    folder = tmp_path_factory.mktemp("reference_networks")
    for network in NETWORKS:
        write_network(folder, network)
    return folder


@pytest.fixture(scope="session")
def small_network() -> Workload:
    """A captured network of four layers on two images: strided, pooled, grouped, fully connected; 8 bits."""
    return small_networks.network()


@pytest.fixture(scope="session")
def lenet() -> Workload:
    """The shipped LeNet scenario's workload: one scan, trained 8-bit weights."""
    shipped = load("lenet")
    return load_workload(shipped.workload, shipped.find)
