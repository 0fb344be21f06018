"""The presets: what the papers give, for every file there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlm.accelerators.preset import preset_file, preset_names
from tlm.inputs.errors import BadInput
from tlm.scenario import load

GRIDS = {  # tiles, rows, columns, lanes
    "base": (16, 16, 1, 16),
    "stripes": (16, 16, 16, 16),
    "dstripes": (16, 16, 16, 16),
    "dstripes-column": (16, 16, 16, 16),
}


def test_the_presets_there_are() -> None:
    assert preset_names() == sorted(GRIDS)


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_has_the_papers_numbers_and_its_own_rule(name: str) -> None:
    spec = load("ideal", [f"accelerator={name}"]).accelerator
    assert (spec.tiles, spec.rows, spec.columns, spec.lanes) == GRIDS[name]
    assert (spec.clock, spec.am, spec.wm, spec.registers) == (980e6, 4 << 20, 320 << 10, 1)
    assert spec.rules == {"conv": name, "fc": name, "pointwise": "pointwise"}
    assert spec.weight_memory.banks * spec.weight_memory.width_bits == spec.rows * spec.lanes * 16
    assert spec.activation_memory.banks * spec.activation_memory.width_bits >= spec.columns * spec.lanes * 16


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_cites_its_source(name: str) -> None:
    comments = [line for line in preset_file(name).read_text().splitlines() if line.startswith("#")]
    assert any("DPRed, section" in line for line in comments)
    assert any("Assumed" in line for line in comments)


def test_an_unknown_preset_offers_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'dstripes-column'"):
        preset_file("dstripes-columns")
    with pytest.raises(BadInput):
        preset_file(str(Path("..") / "presets" / "base"))
