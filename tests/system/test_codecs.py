"""Every codec of the table in a whole system: bit exact, each byte as sent, and its engines only where it has some."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import simpy
from graph_workloads import NETWORKS
from small_networks import scenario

from tlm.codecs import CODECS
from tlm.core import BadInput
from tlm.result import Result
from tlm.scenario import load
from tlm.system import System, run
from tlm.workload.layer import Workload
from tlm.workload.source import load_workload

SYSTEMS = {
    "as shipped": (),
    "aligned": ("compression.align_bits=64",),
    "small, narrow": ("accelerator.am=3 KiB", "accelerator.wm=2 KiB", "memory={standard: ddr4-3200, width: 16}"),
    "few engines": ("compression.decompressors=3", "compression.compressors=1"),
}
#: Those that store any network's activations.
GENERAL = [name for name in CODECS if name not in ("ternary", "pow2", "binary")]


@cache
def ternary_network() -> Workload:
    """The small network's like with ternary weights."""
    import torch
    from torch import nn

    from tlm.workload.capture import capture
    from tlm.workload.spec import WorkloadSpec

    torch.manual_seed(3)
    module = nn.Sequential(
        nn.Conv2d(3, 20, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(20, 24, 3),
        nn.Flatten(),
        nn.Linear(600, 9),
    )
    inputs = np.random.default_rng(5).random((2, 3, 14, 14), dtype=np.float32)
    return capture(WorkloadSpec(network="small:network", ternary=True), module, inputs, None)


def engine_values(result: Result, kind: str) -> int:
    return sum(int(one.figures["values"]) for one in result.components if one.kind == kind)


@pytest.mark.parametrize("granularity", ["coarse", "exact"])
@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("codec", GENERAL)
def test_every_codec_carries_a_network(codec: str, name: str, granularity: str, small_network: Workload) -> None:
    sets = (*SYSTEMS[name], f"compression.codec={codec}", f"granularity={granularity}", "check=true")
    result = run(scenario(*sets), small_network)
    assert result.checked
    assert {part.codec for part in result.compression.values()} == {codec}
    engines = [engine_values(result, kind) > 0 for kind in ("decompressor", "compressor")]
    assert engines == [CODECS[codec].engine] * 2


@pytest.mark.parametrize("granularity", ["coarse", "exact"])
@pytest.mark.parametrize("codec", [name for name in CODECS if name != "binary"])
def test_every_codec_carries_ternary_weights(codec: str, granularity: str) -> None:
    sets = (f"compression={{codec: none, weights: {codec}}}", f"granularity={granularity}", "check=true")
    result = run(scenario(*sets), ternary_network())
    assert result.checked
    weights = result.compression["weights"]
    assert weights.codec == codec
    if codec in ("ternary", "profile"):
        assert weights.encoded_bytes == pytest.approx(weights.uncompressed_bytes / 4, rel=0.01)
    assert (engine_values(result, "decompressor") > 0) == CODECS[codec].engine


@pytest.mark.parametrize("codec", GENERAL)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_codec_carries_graphs_that_spill(name: str, codec: str) -> None:
    sets = (f"compression={codec}", "accelerator.am=6000 B", "unmodelled=pass", "check=true")
    assert run(load("lenet", sets), NETWORKS[name]()).checked


@pytest.mark.parametrize("network", ["lenet", "resnet18_cifar"])
def test_the_shipped_ternary_checkpoints(network: str) -> None:
    """Their first layer is in full precision."""
    found = load(
        "lenet",
        [
            f"workload.network=nets.{network}:build",
            f"workload.weights=nets/checkpoints/{network}-ternary.pt",
            "compression={codec: dpred, weights: ternary}",
            "check=true",
        ],
    )
    workload = load_workload(found.workload, found.find)
    assert [layer.full_precision for layer in workload.layers if layer.weights.size] == [True] + [False] * (
        sum(layer.weights.size > 0 for layer in workload.layers) - 1
    )
    result = run(found, workload)
    assert result.checked
    assert result.compression["weights"].codec == "dpred and ternary"
    assert result.compression["weights"].ratio < 0.26
    assert result.notes == [
        "the weights of layer conv1 are in dpred: "
        "ternary does not store them, and their checkpoint has them in full precision"
    ]


@pytest.mark.parametrize("codec", GENERAL)
def test_traces_are_stored_with_their_own_precisions(codec: str, reference_networks: object) -> None:
    sets = (f"workload.traces={reference_networks}/small16", f"compression={codec}", "check=true")
    found = load("ideal", sets)
    workload = load_workload(found.workload, found.find)
    result = run(found, workload)
    assert result.checked
    if codec == "profile":
        expected = sum(layer.weights.size * layer.weight_bits for layer in workload.layers) / 8
        assert result.compression["weights"].encoded_bytes == pytest.approx(expected, rel=1e-3)


def test_what_a_codec_refuses_is_told_before_the_run(small_network: Workload) -> None:
    with pytest.raises(BadInput, match=r"compression\.weights: layer .*, weights: ternary stores -1, 0 and 1: value"):
        System(simpy.Environment(), scenario("compression={codec: none, weights: ternary}"), [small_network])
