"""The presets: what the papers give, for every file there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tlm.accelerators.preset import preset_file, preset_names
from tlm.energy import EnergySpec
from tlm.inputs.errors import BadInput
from tlm.scenario import load

PRESETS = {  # tiles, rows, columns, lanes; bits a cycle; rules for conv, fc
    "base": ((16, 16, 1, 16), 16, ("base", "base")),
    "stripes": ((16, 16, 16, 16), 1, ("stripes", "stripes")),
    "dstripes": ((16, 16, 16, 16), 1, ("dstripes", "dstripes")),
    "dstripes-column": ((16, 16, 16, 16), 1, ("dstripes-column", "dstripes-column")),
    "tartan": ((16, 16, 16, 16), 1, ("stripes", "tartan")),
    "tartan-2bit": ((16, 16, 8, 16), 2, ("stripes", "tartan")),
    "dstripes-tartan": ((16, 16, 16, 16), 1, ("dstripes", "tartan")),
    "dstripes-tartan-2bit": ((16, 16, 8, 16), 2, ("dstripes", "tartan")),
    "loom-static": ((8, 16, 16, 16), 1, ("loom-static", "loom-static")),
    "loom": ((8, 16, 16, 16), 1, ("loom", "loom")),
    "loom-dynamic": ((8, 16, 16, 16), 1, ("loom-dynamic", "loom-dynamic")),
}


SCNN = {"scnn-16x16": (16, 1024), "scnn-8x8": (8, 6144)}  # elements in a row and a column, accumulators of each


DLAC = {"dlac-training": (0, 32), "dlac-inference": (16, 16)}  # columns of adders, bits of a value
#: Bits of a weight and of an input, and the cycles that fill the pipeline.
NFU = {
    "nfu-fp32": (32, 32, 16),
    "nfu-fixed32": (32, 32, 0),
    "nfu-fixed16": (16, 16, 0),
    "nfu-fixed8": (8, 8, 0),
    "nfu-fixed4": (4, 4, 0),
    "nfu-pow2": (6, 16, 0),
    "nfu-binary": (1, 16, 0),
}


def test_the_presets_there_are() -> None:
    assert preset_names() == sorted([*PRESETS, *SCNN, *DLAC, *NFU])


@pytest.mark.parametrize("name", DLAC)
def test_dlac_has_512_units_at_500_mhz(name: str) -> None:
    spec = load("ideal", [f"accelerator={name}"]).accelerator
    assert (spec.tiles, spec.rows * spec.columns, spec.lanes, spec.clock) == (1, 512, 1, 500e6)
    assert (spec.adders, spec.rows * (spec.columns - spec.adders)) == (DLAC[name][0], 512 - 16 * DLAC[name][0])
    assert spec.rules == {"conv": "dlac", "fc": "dlac", "pointwise": "dlac"}
    for memory, along in ((spec.activation_memory, spec.columns), (spec.weight_memory, spec.rows)):
        assert memory.banks * memory.width_bits == along * spec.buffers * DLAC[name][1]


@pytest.mark.parametrize("name", NFU)
def test_the_studys_tile_is_one_but_for_the_widths_of_its_buffers(name: str) -> None:
    spec = load("ideal", [f"accelerator={name}"]).accelerator
    weight_bits, input_bits, fill = NFU[name]
    assert (spec.tiles, spec.rows, spec.columns, spec.lanes, spec.clock) == (1, 16, 1, 16, 250e6)
    assert (spec.weight_bits(99), spec.activation_bits(99), spec.fill) == (weight_bits, input_bits, fill)
    assert spec.rules == {"conv": "nfu", "fc": "nfu", "pointwise": "pointwise"}
    assert (8 * spec.wm / weight_bits, 8 * spec.am / input_bits) == (1 << 16, 1 << 14)  # entries
    assert spec.weight_memory.banks * spec.weight_memory.width_bits == 256 * weight_bits
    assert spec.activation_memory.banks * spec.activation_memory.width_bits == 256 * input_bits
    assert spec.energy == EnergySpec("precision-65nm", name.removeprefix("nfu-"))


@pytest.mark.parametrize("name", SCNN)
def test_scnn_has_the_references_elements(name: str) -> None:
    spec = load("ideal", [f"accelerator={name}"]).accelerator
    assert (spec.rows, spec.columns, spec.accumulators) == (SCNN[name][0], *SCNN[name])
    assert (spec.tiles, spec.lanes, spec.layout) == (1, 4, "planes")
    assert spec.rules == {"conv": "scnn", "pointwise": "pointwise"}
    memory = spec.activation_memory
    assert memory.banks * memory.width_bits == spec.rows * spec.columns * spec.lanes * 16


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_has_the_papers_numbers_and_its_own_rules(name: str) -> None:
    grid, serial_bits, (conv, fc) = PRESETS[name]
    spec = load("ideal", [f"accelerator={name}"]).accelerator
    assert (spec.tiles, spec.rows, spec.columns, spec.lanes) == grid
    assert spec.serial_bits == serial_bits
    assert (spec.clock, spec.am, spec.wm, spec.registers) == (980e6, 4 << 20, 320 << 10, 1)
    assert spec.rules == {"conv": conv, "fc": fc, "pointwise": "pointwise"}
    assert spec.weight_memory.banks * spec.weight_memory.width_bits == spec.rows * spec.lanes * 16
    assert spec.activation_memory.banks * spec.activation_memory.width_bits >= spec.columns * spec.lanes * 16


@pytest.mark.parametrize("name", preset_names())
def test_a_preset_cites_its_source(name: str) -> None:
    comments = [line for line in preset_file(name).read_text().splitlines() if line.startswith("#")]
    assert re.search(r"(DPRed|ICASSP 2017|DATE 2017), sections? [\dIV]", " ".join(line[2:] for line in comments))
    assert any("Assumed" in line for line in comments)


def test_an_unknown_preset_offers_the_nearest() -> None:
    with pytest.raises(BadInput, match="did you mean 'dstripes-column'"):
        preset_file("dstripes-columns")
    with pytest.raises(BadInput):
        preset_file(str(Path("..") / "presets" / "base"))
