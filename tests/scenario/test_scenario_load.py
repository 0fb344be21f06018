"""What a scenario file comes to: short forms, presets underneath, files extended, `--set`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlm.accelerators.preset import preset_file
from tlm.inputs.errors import BadInput
from tlm.memory.standards import FOLDER, load_standard
from tlm.scenario import Scenario, load, shipped_scenarios

MINIMAL = """\
accelerator: dstripes
memory: hbm
compression: none
workload: {network: "nets.lenet:build"}
"""


@pytest.fixture
def minimal(tmp_path: Path) -> Path:
    file = tmp_path / "minimal.yaml"
    file.write_text(MINIMAL)
    return file


def extended(tmp_path: Path, text: str, *sets: str) -> Scenario:
    (tmp_path / "base.yaml").write_text(MINIMAL)
    file = tmp_path / "child.yaml"
    file.write_text("extends: base.yaml\n" + text)
    return load(str(file), sets)


def test_short_forms_and_the_presets_numbers(minimal: Path) -> None:
    scenario = load(str(minimal))
    accelerator = scenario.accelerator
    assert (accelerator.preset, scenario.memory.standard, scenario.compression.codec) == ("dstripes", "hbm", "none")
    assert (accelerator.tiles, accelerator.rows, accelerator.columns, accelerator.lanes) == (16, 16, 16, 16)
    assert (accelerator.clock, accelerator.am, accelerator.wm) == (980e6, 4 * 1024**2, 320 * 1024)
    assert (scenario.granularity, scenario.unmodelled, scenario.check) == ("coarse", "refuse", False)


def test_a_scenarios_fields_lie_over_the_presets_and_merge_inside(minimal: Path) -> None:
    sets = ["accelerator={preset: base, tiles: 8, rules: {fc: stripes}, weight_memory: {banks: 4}}"]
    accelerator = load(str(minimal), sets).accelerator
    assert (accelerator.tiles, accelerator.columns, accelerator.am) == (8, 1, 4 * 1024**2)
    assert accelerator.rules == {"conv": "base", "fc": "stripes", "pointwise": "pointwise"}
    assert (accelerator.weight_memory.banks, accelerator.weight_memory.width_bits) == (4, 256)


def test_a_rule_set_to_null_is_none(minimal: Path) -> None:
    assert load(str(minimal), ["accelerator.rules.fc=null"]).accelerator.rules == {
        "conv": "dstripes",
        "pointwise": "pointwise",
    }


def test_a_preset_of_ones_own_is_found_beside_the_scenario(minimal: Path) -> None:
    base = preset_file("base").read_text()
    (minimal.parent / "mine.yaml").write_text(base.replace("tiles: 16", "tiles: 3"))
    minimal.write_text(MINIMAL.replace("dstripes", "mine.yaml"))
    assert load(str(minimal)).accelerator.tiles == 3


def test_a_standard_of_ones_own_is_found_beside_the_scenario(minimal: Path) -> None:
    (minimal.parent / "mine.yaml").write_text((FOLDER / "hbm.yaml").read_text())
    minimal.write_text(MINIMAL.replace("hbm", "mine.yaml"))
    standard = load(str(minimal)).memory.standard
    assert load_standard(standard).name == "mine"


# --- extends


def test_extends_merges_deeply(tmp_path: Path) -> None:
    scenario = extended(tmp_path, "memory: {channels: 2}\naccelerator: {wm: 64 KiB}\ncheck: true")
    assert (scenario.memory.standard, scenario.memory.channels) == ("hbm", 2)
    assert (scenario.accelerator.preset, scenario.accelerator.wm) == ("dstripes", 64 * 1024)
    assert scenario.check


def test_a_child_with_another_kind_of_workload_drops_the_bases(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("extends: child.yaml\nworkload: {network: 'a:b'}\n")
    scenario = extended(tmp_path, "workload: {traces: folder, images: 3}")
    assert (scenario.workload.network, scenario.workload.traces, scenario.workload.images) == (None, "folder", 3)
    again = load(str(tmp_path / "more.yaml"))
    assert (again.workload.network, again.workload.traces, again.workload.images) == ("a:b", None, 3)


def test_a_shipped_scenario_may_be_extended_by_its_bare_name(tmp_path: Path) -> None:
    file = tmp_path / "child.yaml"
    file.write_text("extends: dstripes_hbm\nmemory: {channels: 1}\n")
    assert load(str(file)).memory.channels == 1


def test_a_circle_of_two_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("extends: b.yaml")
    (tmp_path / "b.yaml").write_text("check: true\nextends: a.yaml")
    with pytest.raises(BadInput, match=r"b\.yaml:2: extends: goes in a circle: .*a\.yaml extends .*b\.yaml ext"):
        load(str(tmp_path / "a.yaml"))


# --- --set


def test_set_replaces_the_whole_value_in_order(minimal: Path) -> None:
    sets = ["memory={standard: hbm, channels: 2}", "memory.channels=4", "memory.outstanding=2 KiB"]
    memory = load(str(minimal), sets).memory
    assert (memory.channels, memory.outstanding) == (4, 2048)
    assert load(str(minimal), [*sets, "memory=ideal"]).memory.channels is None


def test_set_works_on_expanded_short_forms(minimal: Path) -> None:
    scenario = load(str(minimal), ["accelerator.wm=1 KiB", "compression.decompressors=3"])
    assert (scenario.accelerator.preset, scenario.accelerator.wm) == ("dstripes", 1024)
    assert (scenario.compression.codec, scenario.compression.decompressors) == ("none", 3)


def test_set_accelerator_replaces_the_preset_and_what_stood_beside_it(minimal: Path) -> None:
    accelerator = load(str(minimal), ["accelerator.wm=1 KiB", "accelerator=base"]).accelerator
    assert (accelerator.preset, accelerator.columns, accelerator.wm) == ("base", 1, 320 * 1024)
    kept = load(str(minimal), ["accelerator.wm=1 KiB", "accelerator.preset=base"]).accelerator
    assert (kept.preset, kept.columns, kept.wm) == ("base", 1, 1024)


WHOLE = '"nets.lenet:build", weights: w.pt, input: x.npy, images: 4, bits: 8, ternary: true'


def test_set_traces_drops_the_network_and_what_the_file_says_for_it(minimal: Path) -> None:
    minimal.write_text(MINIMAL.replace('"nets.lenet:build"', WHOLE))
    workload = load(str(minimal), ["workload.traces=folder"]).workload
    assert (workload.network, workload.weights, workload.input, workload.ternary) == (None, None, None, False)
    assert (workload.traces, workload.images, workload.bits) == ("folder", 1, 8)


def test_set_network_drops_the_traces(minimal: Path) -> None:
    workload = load(str(minimal), ["workload={traces: folder, images: 2}", "workload.network=a:b"]).workload
    assert (workload.network, workload.traces, workload.images) == ("a:b", None, 2)


@pytest.mark.parametrize("order", [1, -1])
def test_a_key_of_the_old_kind_that_is_set_is_refused_in_any_order(minimal: Path, order: int) -> None:
    with pytest.raises(BadInput, match="weights: means nothing beside 'traces'"):
        load(str(minimal), ["workload.traces=folder", "workload.weights=w.pt"][::order])


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_set_for_another_network_stays_in_any_order(order: int) -> None:
    sets = ["workload.network=a:b", "workload.weights=w.pt", "workload.images=2", "workload.input={shape: [3, 4]}"]
    workload = load("dstripes_hbm", sets[::order]).workload
    assert (workload.network, workload.weights, workload.images) == ("a:b", "w.pt", 2)
    assert workload.input == {"shape": [3, 4]}


def test_a_file_without_a_network_keeps_what_it_says_for_the_one_that_is_set(minimal: Path) -> None:
    minimal.write_text(MINIMAL.replace('network: "nets.lenet:build"', "weights: w.pt, images: 3"))
    workload = load(str(minimal), ["workload.network=a:b"]).workload
    assert (workload.weights, workload.images) == ("w.pt", 3)


def test_set_values_are_yaml(minimal: Path) -> None:
    sets = ["workload.input={shape: [3, 4], seed: 1}", "check=true", "compression.align_bits=null"]
    scenario = load(str(minimal), sets)
    assert scenario.workload.input == {"shape": [3, 4], "seed": 1}
    assert (scenario.check, scenario.compression.align_bits) == (True, None)


# --- where things are


@pytest.mark.parametrize("name", shipped_scenarios())
def test_shipped_scenarios_are_found_by_name_and_from_anywhere(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).mkdir()  # a folder of that name, such as --out writes, hides nothing
    scenario = load(name)
    assert scenario == load(f"scenarios/{name}.yaml")
    workload = scenario.workload
    assert all(scenario.find(file).is_file() for file in (workload.weights,) if file)


def test_the_shipped_scenario_says_what_the_main_job_is() -> None:
    scenario = load("dstripes_hbm")
    assert (scenario.accelerator.preset, scenario.memory.standard) == ("dstripes", "hbm")
    assert (scenario.compression.codec, scenario.check, scenario.workload.images) == ("dpred", True, 4)


def test_find_looks_beside_the_file_that_names_it_then_here_then_as_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (there / "s.yaml").write_text(MINIMAL.replace('build"', 'build", weights: nets/x.pt'))
    scenario = load("../there/s.yaml")
    for folder in (here, there):
        (folder / "nets").mkdir()
        (folder / "nets/x.pt").write_text("")
        assert scenario.find("nets/x.pt").resolve() == folder / "nets/x.pt"
    assert scenario.find("nets/lenet.py").resolve() == shipped_scenarios()["lenet"].parents[1] / "nets/lenet.py"


def test_find_looks_beside_the_file_extended_for_what_that_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "x.pt").write_text("")
    (tmp_path / "b/base.yaml").write_text(MINIMAL.replace('build"', 'build", weights: x.pt'))
    (tmp_path / "a/child.yaml").write_text("extends: ../b/base.yaml")
    assert load("a/child.yaml").find("x.pt").resolve() == tmp_path / "b/x.pt"
    (tmp_path / "x.pt").write_text("")
    assert load("a/child.yaml", ["workload.weights=x.pt"]).find("x.pt").resolve() == tmp_path / "x.pt"


def test_find_knows_the_file_of_a_function(tmp_path: Path) -> None:
    (tmp_path / "net.py").write_text("")
    (tmp_path / "s.yaml").write_text(MINIMAL.replace("nets.lenet", "net.py"))
    assert load(str(tmp_path / "s.yaml")).find("net.py") == tmp_path / "net.py"


def test_locate_adds_file_and_line_to_an_error_that_names_a_key(minimal: Path) -> None:
    scenario = load(str(minimal), ["accelerator.wm=1 KiB"])
    told = str(scenario.locate(BadInput("is too narrow", key="width"), part="memory"))
    assert told == f"{minimal}:2: memory.width: is too narrow"
    told = str(scenario.locate(BadInput("is too small", key="accelerator.wm")))
    assert told == "--set accelerator.wm=1 KiB: accelerator.wm: is too small"
    elsewhere = BadInput("is bad", file="other", key="accelerator.wm")
    assert scenario.locate(elsewhere) is elsewhere


def test_another_network_by_set_keeps_nothing_of_the_one_before() -> None:
    kept = load("dstripes_hbm", ["workload.network=nets.vgg:build"]).workload
    assert (kept.weights, kept.images) == ("nets/checkpoints/vgg-int8.pt", 4)
    other = load("dstripes_hbm", ["workload.network=nets.mlp:build"]).workload
    assert (other.network, other.weights, other.input, other.images) == ("nets.mlp:build", None, None, 1)
    profile = load("dstripes_hbm", ["workload.profile=AlexNet"]).workload
    assert (profile.network, profile.weights, profile.input, profile.images) == (None, None, None, 1)
