"""The scenarios of contention: each has its expected figures, names what was built to bind it, and `--widen` agrees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import attrs
import pytest

from tlm import run as command
from tlm.scenario import load, shipped_scenarios


@attrs.frozen
class Expected:
    """What a scenario comes to: cycles, bytes off chip, what binds each accelerator, what is to be widened."""

    cycles: int
    offchip_bytes: int
    bound_by: tuple[str, ...]
    widen: str


#: Golden figures of this model: change them with what changes them, after a look at why.
SCENARIOS = {
    "dstripes_hbm": Expected(64_453, 1_776_256, ("array",), "array clock"),
    "dstripes_hbm_raw": Expected(64_432, 4_386_816, ("array",), "array clock"),
    "dstripes_ddr4x2": Expected(64_432, 1_776_256, ("array",), "array clock"),
    "dstripes_ddr4x2_raw": Expected(88_899, 4_386_816, ("offchip_bandwidth",), "channels"),
    "dstripes_lpddr4": Expected(74_997, 1_782_784, ("offchip_bandwidth",), "channels"),
    "dstripes_lpddr4_raw": Expected(183_359, 4_387_328, ("offchip_bandwidth",), "channels"),
    "dstripes_narrow": Expected(288_752, 1_771_408, ("offchip_bandwidth",), "channels"),
    "dstripes_narrow_raw": Expected(712_694, 4_386_432, ("offchip_bandwidth",), "channels"),
    "few_decompressors": Expected(196_053, 1_776_256, ("decompression",), "decompressors"),
    "dlac_resnet": Expected(45_878, 178_816, ("array",), "array clock"),
    "nfu_alex": Expected(123_049, 185_344, ("array",), "array clock"),
    "two_accelerators": Expected(147_573, 3_510_784, ("offchip_bandwidth", "offchip_bandwidth"), "channels"),
}


def ran(tmp_path: Path, *args: str) -> dict[str, Any]:
    target = tmp_path / "result.json"
    assert command.main([*args, "--no-live", "--json", str(target)]) == 0
    document: dict[str, Any] = json.loads(target.read_text())
    return document


def test_every_scenario_of_one_network_is_here() -> None:
    assert set(SCENARIOS) == set(shipped_scenarios()) - {"ideal", "lenet"}


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_has_its_figures_and_names_what_binds_it(name: str, tmp_path: Path) -> None:
    found, expected = ran(tmp_path, name), SCENARIOS[name]
    moved = sum(
        part["read_bytes"] + part["written_bytes"] for layer in found["layers"] for part in layer["traffic"].values()
    )
    assert found["checked"]
    assert (found["cycles"], moved) == (expected.cycles, expected.offchip_bytes)
    assert tuple(one["bound_by"] for one in found["accelerators"]) == expected.bound_by


@pytest.mark.parametrize("name", SCENARIOS)
def test_what_was_built_to_bind_is_what_to_widen_first(name: str, tmp_path: Path) -> None:
    found = ran(tmp_path, name, "--set", "workload.images=2", "--set", "check=false", "--widen")
    first, second = found["widen"][:2]
    assert first["resource"] == SCENARIOS[name].widen
    assert first["gained"] > max(0, 2 * second["gained"])


#: The memories of DPRed's section 6.4, from the one that is waited for least: (standard, what binds the run).
MEMORIES = [("hbm", "array"), ("ddr4-3200", "offchip_bandwidth"), ("lpddr4-3200", "offchip_bandwidth")]


def waited(found: dict[str, Any]) -> int:
    """Cycles for what comes from the memory: there, or, what has come late, in the engines."""
    reasons = ("offchip_bandwidth", "offchip_latency", "decompression")
    return sum(layer["stalls"].get(why, 0) for layer in found["layers"] for why in reasons)


@pytest.mark.parametrize("codec", ["dpred", "none"])
@pytest.mark.parametrize("granularity", ["coarse", "exact"])
def test_a_slower_memory_is_waited_for_longer_and_named(
    granularity: str, codec: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sets = (f"compression.codec={codec}", f"granularity={granularity}", "workload.images=1", "check=false")
    stalls, computed = [], set()
    for standard, bound_by in MEMORIES:
        args = [arg for one in (f"memory.standard={standard}", *sets) for arg in ("--set", one)]
        found = ran(tmp_path, "dstripes_hbm", *args)
        stalls.append(waited(found))
        computed.add(sum(layer["compute_cycles"] for layer in found["layers"]))
        assert found["accelerators"][0]["bound_by"] == bound_by
        (total,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("│ all ")]
        assert bound_by in total
    assert len(computed) == 1  # the array has the same to do
    hbm, ddr4, lpddr4 = stalls
    assert 10 * hbm < ddr4 < lpddr4


def test_the_files_are_a_few_lines() -> None:
    for name in SCENARIOS:
        lines = shipped_scenarios()[name].read_text().splitlines()
        assert len([line for line in lines if not line.startswith("#")]) <= 8, name
        assert load(name).check


def test_a_layer_that_waits_for_engines_most_of_its_time_is_bound_by_them(tmp_path: Path) -> None:
    """Its weights had come ahead; what was left to do in its own time was to expand them."""
    layers = {layer["name"]: layer for layer in ran(tmp_path, "few_decompressors", "--set", "check=false")["layers"]}
    for name in ("conv3_2", "conv4_1", "conv4_2"):
        assert layers[name]["stalls"]["decompression"] > layers[name]["compute_cycles"]
        assert layers[name]["bound_by"] == "decompression"
