"""Compute cycles equal the published simulator's, layer by layer, on the five synthetic networks."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from small_layers import machine

from tlm.accelerators.rules import rule
from tlm.workload.layer import Layer
from tlm.workload.traces import load_traces

CONFIGURATIONS: dict[str, tuple[str, dict[str, int]]] = {
    "BASE": ("base", {}),
    "Stripes": ("stripes", {}),
    "DStripes group 256": ("dstripes", {}),
    "DStripes per-column R=1": ("dstripes-column", {"registers": 1}),
    "DStripes per-column R=4": ("dstripes-column", {"registers": 4}),
    "SCNN 16x16 PEs": ("scnn", {"tiles": 1, "lanes": 4}),
    "SCNN 8x8 PEs": ("scnn", {"tiles": 1, "rows": 8, "columns": 8, "lanes": 4, "accumulators": 6144}),
    "Loom 8 tiles static weights": ("loom", {"tiles": 8}),
    "Loom 8 tiles dynamic weights": ("loom-dynamic", {"tiles": 8}),
}
with (Path(__file__).parents[1] / "data" / "accelerator_reference.csv").open(newline="") as file:
    ROWS = [row for row in csv.DictReader(file) if row["configuration"] in CONFIGURATIONS]


@pytest.fixture(scope="module")
def layers(reference_networks: Path) -> dict[tuple[str, str], Layer]:
    networks = {row["network"] for row in ROWS}
    return {
        (name, layer.name): layer
        for name in networks
        for layer in load_traces(reference_networks / name, 1, None).layers
    }


def test_every_layer_of_every_machine_has_a_row(layers: dict[tuple[str, str], Layer]) -> None:
    convolutions = sum(layer.kind == "conv" for layer in layers.values())
    assert len(ROWS) == 7 * len(layers) + 2 * convolutions == 157


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['network']}-{row['layer']}-{row['configuration']}")
def test_cycles(row: dict[str, str], layers: dict[tuple[str, str], Layer]) -> None:
    layer = layers[row["network"], row["layer"]]
    name, numbers = CONFIGURATIONS[row["configuration"]]
    done = rule(name, layer.kind).completion(layer, 0, machine(**numbers))
    assert done.reshape(-1)[-1] == int(row["value"])
