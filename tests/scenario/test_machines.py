"""`accelerator:` as a list: names, what is shared and what is an entry's own, and every fault with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from tlm.inputs.errors import BadInput
from tlm.scenario import load, resolved, varied

TWO = """\
accelerator:
  - {name: left, preset: dstripes, tiles: 8}
  - name: right
    preset: base
    workload: {images: 3}
    compression: none
memory: {standard: hbm, channels: 4}
compression: {codec: dpred, decompressors: 32}
workload: {network: "nets.lenet:build", weights: a.pt}
"""


def written(folder: Path, text: str = TWO) -> str:
    file = folder / "s.yaml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def test_entries_share_what_they_do_not_say_themselves(tmp_path: Path) -> None:
    left, right = load(written(tmp_path)).machines
    assert (left.name, right.name) == ("left", "right")
    assert (left.accelerator.preset, left.accelerator.tiles) == ("dstripes", 8)
    assert (right.accelerator.preset, right.accelerator.tiles) == ("base", 16)
    assert left.memory == right.memory
    assert (left.compression.codec, left.compression.decompressors) == ("dpred", 32)
    assert (right.compression.codec, right.compression.decompressors) == ("none", 32)
    assert (left.workload.images, right.workload.images) == (1, 3)
    assert left.workload.network == right.workload.network == "nets.lenet:build"


def test_an_entry_that_chooses_a_kind_of_workload_drops_the_shared_one(tmp_path: Path) -> None:
    text = TWO.replace("workload: {images: 3}", "workload: {traces: folder}")
    right = load(written(tmp_path, text)).machines[1].workload
    assert (right.traces, right.network, right.weights) == ("folder", None, None)


def test_another_network_of_an_entry_by_set_keeps_nothing_that_files_say_for_the_shared_one(tmp_path: Path) -> None:
    sets = ["accelerator.right.workload.network=c:d", "workload.input={shape: [1, 8, 8]}"]
    left, right = load(written(tmp_path), sets).machines
    assert (right.workload.network, right.workload.weights, right.workload.images) == ("c:d", None, 3)
    assert left.workload.weights == "a.pt"
    assert left.workload.input == right.workload.input == {"shape": [1, 8, 8]}


def test_a_single_accelerator_has_no_name_and_no_others(tmp_path: Path) -> None:
    scenario = load("lenet")
    assert scenario.machines == (scenario,)
    assert scenario.name is None


def test_the_resolved_list_loads_to_an_equal_scenario(tmp_path: Path) -> None:
    import json

    scenario = load(written(tmp_path))
    again = tmp_path / "again.yaml"
    again.write_text(json.dumps(resolved(scenario)), encoding="utf-8")
    assert [resolved(one) for one in load(str(again)).machines] == [resolved(one) for one in scenario.machines]
    assert load(str(again)).machines == scenario.machines


def test_a_file_that_extends_a_list_may_replace_it(tmp_path: Path) -> None:
    written(tmp_path)
    (tmp_path / "t.yaml").write_text("extends: s.yaml\naccelerator: stripes\n", encoding="utf-8")
    assert load(str(tmp_path / "t.yaml")).accelerator.preset == "stripes"


@pytest.mark.parametrize(
    ("option", "read"),
    [
        ("accelerator.right.tiles=3", lambda s: s.machines[1].accelerator.tiles == 3),
        ("accelerator.right.compression.codec=dpred", lambda s: s.machines[1].compression.codec == "dpred"),
        ("accelerator.left.compression.compressors=5", lambda s: s.machines[0].compression.compressors == 5),
        ("accelerator.left.workload.traces=x", lambda s: s.machines[0].workload.network is None),
        ("accelerator.left.rules.fc=base", lambda s: s.machines[0].accelerator.rules["fc"] == "base"),
        ("workload.images=7", lambda s: [one.workload.images for one in s.machines] == [7, 3]),
        ("memory=lpddr4-3200", lambda s: {one.memory.standard for one in s.machines} == {"lpddr4-3200"}),
    ],
)
def test_a_key_of_an_entry_is_set_by_its_name(tmp_path: Path, option: str, read: object) -> None:
    assert callable(read)
    assert read(load(written(tmp_path), [option]))
    assert read(varied(load(written(tmp_path)), [option]))


def test_what_is_varied_leaves_the_scenario_as_it_was(tmp_path: Path) -> None:
    scenario = load(written(tmp_path))
    before = resolved(scenario)
    varied(scenario, ["accelerator.left.tiles=1", "memory.channels=8"])
    assert resolved(scenario) == before


#: (what is replaced, by what, what the message says)
FAULTS = [
    ("name: right", "nam: right", ["s.yaml:3: accelerator.name: is missing"]),
    ("name: right", "name: left", ["s.yaml:3: accelerator.name: 'left' is the name of two accelerators"]),
    ("name: right", "name: memory", ["s.yaml:3: accelerator.name: 'memory' cannot name an accelerator"]),
    ("name: right", "name: a.b", ["s.yaml:3: accelerator.name: 'a.b' cannot name"]),
    ("name: right", "name: 7", ["s.yaml:3: accelerator.name: 7 cannot name an accelerator"]),
    ("preset: base", "preset: bass", ["s.yaml:4: accelerator.right.preset", "'bass'", "did you mean 'base'?"]),
    ("preset: base", "tiles: 3", ["s.yaml:3: accelerator.right.preset: is missing"]),
    ("tiles: 8", "tiels: 8", ["s.yaml:2: accelerator.left.tiels: unknown key", "did you mean 'tiles'?"]),
    ("tiles: 8", "memory: hbm", ["s.yaml:2: accelerator.left.memory: unknown key"]),
    ("images: 3", "images: 0", ["s.yaml:5: accelerator.right.workload.images: must be > 0"]),
    ("compression: none", "compression: zip", ["s.yaml:6: accelerator.right.compression.codec: there is no codec"]),
    ("codec: dpred", "codec: zip", ["s.yaml:8: compression.codec: there is no codec 'zip'"]),
    ("weights: a.pt", "wieghts: a.pt", ["s.yaml:9: workload.wieghts: unknown key"]),
    ("channels: 4", "channels: 3", ["s.yaml:7: memory.channels: must be a power of two"]),
    ("  - {name: left, preset: dstripes, tiles: 8}", "  - dstripes", ["s.yaml:1: accelerator: expected a mapping"]),
    ("  - {name: left, preset: dstripes, tiles: 8}", "  - [1]", ["s.yaml:1: accelerator: expected a mapping"]),
]


@pytest.mark.parametrize(("old", "new", "expected"), FAULTS, ids=lambda value: str(value)[:30])
def test_a_fault_in_a_list_names_file_line_and_entry(tmp_path: Path, old: str, new: str, expected: list[str]) -> None:
    with pytest.raises(BadInput) as caught:
        load(written(tmp_path, TWO.replace(old, new)))
    message = str(caught.value)
    assert [part for part in expected if part not in message] == [], message


def test_a_fault_that_entries_share_is_told_once(tmp_path: Path) -> None:
    with pytest.raises(BadInput) as caught:
        load(written(tmp_path, TWO.replace("standard: hbm", "standard: hmb")))
    assert str(caught.value).count("'hmb'") == 1


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("accelerator=[]", "accelerator: the list is empty"),
        ("accelerator.tiles=3", "accelerator.tiles: is a list: say whose key it is, accelerator.NAME.KEY"),
        ("accelerator.lef.tiles=3", "did you mean 'left'?"),
        ("accelerator.left=base", "set a key of it, such as accelerator.left.preset"),
        ("accelerator.left.tiles.x=1", "accelerator.left.tiles is 8 and has no keys"),
    ],
)
def test_a_bad_option_for_a_list_says_the_way_out(tmp_path: Path, option: str, message: str) -> None:
    with pytest.raises(BadInput) as caught:
        load(written(tmp_path), [option])
    assert str(caught.value).startswith(f"--set {option}: ")
    assert message in str(caught.value)
