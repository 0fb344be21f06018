"""Energy tables: what ships is cited, one of a user's own is a file, and what cannot be is told with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tlm.accelerators.preset import preset_names
from tlm.energy import TABLES, Area, Cost, EnergySpec, EnergyTable, Figures, figures_of, load_table
from tlm.inputs.errors import BadInput
from tlm.scenario import Scenario, load, resolved

PUBLISHED_MM2 = {"base": 17.85, "dstripes-tartan": 58.60, "dstripes-tartan-2bit": 38.32}  # DPRed, table 6
UNITS = {"base": 256, "dstripes-tartan": 4096, "dstripes-tartan-2bit": 2048}


def every_figure(table: EnergyTable) -> list[Cost | Area]:
    all_of_it = [Figures(table.energy, table.area), *table.arrays.values()]
    return [
        figure
        for figures in all_of_it
        for by_component in (figures.energy, figures.area)
        for figures_of_one in by_component.values()
        for figure in figures_of_one.values()
    ]


def nodes(name: str) -> set[int]:
    """Of DPRed's machines one, to which all is scaled, and of the precision study's tile; of DLAC those of its energies
    and of its area."""
    return {45, 14} if name == "dlac" else {65}


@pytest.mark.parametrize("name", TABLES.names())
def test_every_figure_states_its_node_its_status_and_its_source(name: str) -> None:
    figures = every_figure(load_table(name))
    assert len(figures) > 10
    assumed = set() if name == "precision-65nm" else {"assumed"}
    assert {figure.status for figure in figures} >= {"published", "derived", *assumed}
    assert {figure.node_nm for figure in figures} == nodes(name)
    assert all(figure.source.strip() for figure in figures)


@pytest.mark.parametrize("name", ["dpred-65nm", "dpred-65nm-8bit"])
@pytest.mark.parametrize("array", ["base", "stripes", "dstripes", "tartan", "dstripes-tartan"])
def test_an_array_has_figures_of_its_own_over_those_that_all_share(name: str, array: str) -> None:
    figures = figures_of(EnergySpec(name, array))
    assert {"conv_unit_cycles", "fc_unit_cycles", "standing_unit_cycles"} <= set(figures.energy["array"])
    assert figures.energy["dispatcher"] == load_table(name).energy["dispatcher"]
    assert set(figures.area) == {"array", "am", "wm", "input buffers", "output buffers", "dispatcher"}


@pytest.mark.parametrize("array", UNITS)
def test_the_units_take_the_area_of_table_6(array: str) -> None:
    area = figures_of(EnergySpec("dpred-65nm", array)).area["array"]["units"]
    assert area.status == "published"
    assert UNITS[array] * area.mm2 == pytest.approx(PUBLISHED_MM2[array], abs=5e-3)


@pytest.mark.parametrize("preset", [name for name in preset_names() if "scnn" not in name])
def test_a_preset_s_figures_are_known(preset: str) -> None:
    spec = load("ideal", [f"accelerator={preset}"]).accelerator.energy
    assert spec is not None
    assert figures_of(spec).energy


def test_dlac_takes_its_published_area() -> None:
    areas = {array: figures_of(EnergySpec("dlac", array)).area for array in ("training", "inference")}
    assert {array: found["array"]["machine"].mm2 for array, found in areas.items()} == {
        "training": 2.2,
        "inference": 1.09,
    }
    assert all(set(found) == {"array"} for found in areas.values())


TABLE_III = {  # mm2, mW
    "fp32": (16.74, 1379.60),
    "fixed32": (14.13, 1213.40),
    "fixed16": (6.88, 574.75),
    "fixed8": (3.36, 219.87),
    "fixed4": (1.66, 111.17),
    "pow2": (3.05, 209.91),
    "binary": (1.21, 95.36),
}


@pytest.mark.parametrize("array", TABLE_III)
def test_the_precision_studys_tile_takes_what_its_table_says(array: str) -> None:
    found = figures_of(EnergySpec("precision-65nm", array))
    area, power = TABLE_III[array]
    assert found.area["array"]["machine"].mm2 == area
    assert found.energy["array"]["cycles"].pJ * 0.25 == pytest.approx(power, abs=1e-9)  # mW at 250 MHz
    assert [len(part) for part in (found.area, found.energy, *found.area.values(), *found.energy.values())] == [1] * 4


def test_what_nobody_has_published_is_not_known() -> None:
    assert figures_of(EnergySpec("dpred-65nm", "loom")).area == {}
    assert "loom" not in load_table("dpred-65nm-8bit").arrays


GOOD = """source: by hand
energy:
  array:
    unit_cycles: {pJ: 2, node_nm: 7, status: assumed, source: a guess}
  dispatcher:
    broadcast_bits: {pJ: 0.5, node_nm: 7, status: assumed, source: a guess}
area:
  array:
    units: {mm2: 0.25, node_nm: 7, status: assumed, source: a guess}
"""


def written(folder: Path, text: str) -> str:
    (folder / "mine.yaml").write_text(text, encoding="utf-8")
    return str(folder / "mine.yaml")


@pytest.mark.parametrize("array", [None, "base"])
def test_a_table_for_one_machine_is_a_file_without_arrays(tmp_path: Path, array: str | None) -> None:
    figures = figures_of(EnergySpec(written(tmp_path, GOOD), array))
    assert figures.energy["array"]["unit_cycles"].pJ == 2
    assert figures.area["array"]["units"].mm2 == 0.25


def test_a_table_may_start_from_another_and_be_without_some_of_its_arrays(tmp_path: Path) -> None:
    text = """extends: dpred-65nm
source: mine
energy:
  dispatcher:
    broadcast_bits: {pJ: 3, source: measured}
arrays:
  stripes: null
"""
    table = load_table(written(tmp_path, text))
    bit = table.energy["dispatcher"]["broadcast_bits"]
    assert (bit.pJ, bit.source, bit.node_nm, bit.status) == (3, "measured", 65, "assumed")
    assert "stripes" not in table.arrays
    assert table.arrays["base"] == load_table("dpred-65nm").arrays["base"]
    assert table.name == "mine"


def test_what_says_nothing_of_the_array_says_nothing(tmp_path: Path) -> None:
    text = GOOD.replace("  array:\n    unit_cycles", "  other:\n    unit_cycles")
    figures = figures_of(EnergySpec(written(tmp_path, text)))
    assert figures.energy == {}
    assert figures.area


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (", source: a guess}\n  disp", "}\n  disp", r"mine\.yaml:4: energy\.array\.unit_cycles\.source: is missing"),
        ("source: by hand\n", "", r"mine\.yaml:1: source: is missing"),
        ("a guess}\narea", "''}\narea", r"mine\.yaml:6: energy\.dispatcher\.broadcast_bits\.source: is empty"),
        ("node_nm: 7, ", "", r":4: energy\.array\.unit_cycles\.node_nm: is missing"),
        ("unit_cycles", "unit_cycle", r":4: energy\.array\.unit_cycle: no such event .* did you mean 'unit_cycles'"),
        ("units:", "unit:", r":9: area\.array\.unit: no such part is counted .* did you mean 'units'"),
        ("pJ: 2", "pj: 2", r":4: energy\.array\.unit_cycles\.pj: unknown key .* did you mean 'pJ'"),
        ("pJ: 2", "pJ: -2", r":4: energy\.array\.unit_cycles\.pJ: must be >= 0, not -2"),
        ("pJ: 2", "pJ: two", r":4: energy\.array\.unit_cycles\.pJ: expected a number, not 'two'"),
        ("status: assumed", "status: asumed", r":4: .*status: not 'asumed' .* did you mean 'assumed'"),
        ("energy:", "energies:", r"mine\.yaml:2: energies: unknown key .* did you mean 'energy'"),
        ("source: by", "extends: dpred\nsource: by", r":1: extends: there is no energy table 'dpred'.* 'dpred-65nm'"),
        ("source: by", "extends: mine.yaml\nsource: by", r"mine\.yaml:1: extends: goes in a circle"),
    ],
)
def test_a_table_that_cannot_be_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(BadInput, match=message):
        load_table(written(tmp_path, GOOD.replace(old, new, 1)))


def test_all_faults_of_a_table_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        load_table(written(tmp_path, GOOD.replace("pJ: 2", "pJ: -2").replace("mm2: 0.25", "mm2: x")))
    assert len(str(refused.value).splitlines()) == 2


# --- in a scenario


def energy_of(scenario: Scenario) -> Any:
    assert scenario.accelerator.energy is not None
    return scenario.accelerator.energy


def test_a_scenario_names_a_table_by_its_path_and_keeps_the_preset_s_array(tmp_path: Path) -> None:
    text = "extends: dpred-65nm\nsource: mine\n"
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "run.yaml").write_text("extends: lenet\naccelerator: {energy: {table: mine.yaml}}\n", encoding="utf-8")
    scenario = load(str(tmp_path / "run.yaml"))
    assert energy_of(scenario) == EnergySpec(str(tmp_path / "mine.yaml"), "dstripes")
    assert scenario.was_read_from(tmp_path / "mine.yaml")
    assert resolved(scenario)["accelerator"]["energy"] == {"table": str(tmp_path / "mine.yaml"), "array": "dstripes"}
    assert energy_of(load("lenet", ["accelerator.preset=base"])) == EnergySpec("dpred-65nm", "base")


def test_a_machine_can_be_without_figures() -> None:
    assert load("lenet", ["accelerator.energy=null"]).accelerator.energy is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("energy.table=dpred", r"accelerator\.energy\.table: there is no energy table 'dpred'.* mean 'dpred-65nm'"),
        ("energy.table=nowhere.yaml", r"accelerator\.energy\.table: there is no 'nowhere\.yaml'"),
        ("energy.array=dstripe", r"accelerator\.energy\.array: dpred-65nm has no array 'dstripe'.* mean 'dstripes'"),
        ("energy.array=null", r"accelerator\.energy\.array: dpred-65nm has several arrays: say which"),
        ("energy.node=7", r"accelerator\.energy\.node: unknown key"),
    ],
)
def test_a_table_or_array_that_is_not_there_is_told_at_its_key(change: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as refused:
        load("lenet", [f"accelerator.{change}"])
    assert str(refused.value).startswith("--set ")


def test_a_fault_of_a_table_by_path_is_told_where_it_is(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD.replace("pJ: 2", "pJ: -2"))
    with pytest.raises(BadInput, match=r"mine\.yaml:4: energy\.array\.unit_cycles\.pJ: must be >= 0"):
        load("lenet", [f"accelerator.energy={{table: {path}}}"])
