"""A machine in Python by path, and presets that extend others: the documents they come to, or why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tlm.accelerators.preset import preset_document
from tlm.accelerators.rules import rule
from tlm.accelerators.spec import AcceleratorSpec
from tlm.inputs.errors import BadInput
from tlm.inputs.structure import structure

MODULE = """\
import numpy as np
from tlm.accelerators.rules import Rule

def mine(layer, image, spec):
    return None

class Small:
    extends = "dstripes"
    tiles = np.int64(4)
    clock = "1 GHz"
    rules = {"conv": mine, "fc": "base"}
    activation_memory = {"banks": 8}
    _helper = 3

class Smaller(Small):
    rows = 8
    rules = {"conv": Rule(mine, kinds=("conv",))}

class Named:
    extends = "more.yaml"
    def conv(layer, image, spec): return None
    fc = staticmethod(mine)

small = Small()
TABLE = {"one": {"extends": "base", "tiles": 1}}
"""


#: What a shipped preset has beside its own rules.
SHIPPED = {"pointwise": "pointwise"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "my.py").write_text(MODULE)
    (tmp_path / "more.yaml").write_text("extends: dstripes\nlanes: 8\n")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def find(name: str, folder: Path | None) -> Path:
    file = (folder or Path()) / name
    if not file.exists():
        raise BadInput(f"there is no {name!r}")
    return file


def spec_of(name: str, folder: Path) -> AcceleratorSpec:
    spec, faults = structure(preset_document(name, folder, find), AcceleratorSpec)
    assert spec is not None, [str(fault) for _, fault in faults]
    return spec


def test_a_class_is_a_preset(folder: Path) -> None:
    spec = spec_of("my.py:Small", folder)
    assert (spec.tiles, spec.rows, spec.clock, spec.wm) == (4, 16, 1e9, 320 << 10)
    assert (spec.activation_memory.banks, spec.activation_memory.width_bits) == (8, 256)
    assert spec.rules == {"conv": f"{folder}/my.py:Small.rules.conv", "fc": "base", **SHIPPED}
    assert spec.preset == f"{folder}/my.py:Small"
    assert rule(spec.rules["conv"], "conv").kinds == ("conv", "fc")


def test_what_is_inherited_counts_and_a_rule_object_is_a_rule(folder: Path) -> None:
    spec = spec_of("my.py:Smaller", folder)
    assert (spec.tiles, spec.rows) == (4, 8)
    assert spec.rules == {"conv": f"{folder}/my.py:Smaller.rules.conv", "fc": "dstripes", **SHIPPED}
    assert rule(spec.rules["conv"], "conv").kinds == ("conv",)


def test_functions_named_by_kind_are_rules_and_a_preset_in_yaml_extends_too(folder: Path) -> None:
    spec = spec_of("my.py:Named", folder)
    assert (spec.lanes, spec.tiles) == (8, 16)
    assert spec.rules == {kind: f"{folder}/my.py:Named.{kind}" for kind in ("conv", "fc")} | SHIPPED
    assert all(rule(name, kind).completion for kind, name in spec.rules.items())  # type: ignore[arg-type]
    yaml = spec_of("more.yaml", folder)
    assert (yaml.preset, yaml.lanes, yaml.rules["fc"]) == (f"{folder}/more.yaml", 8, "dstripes")


def test_objects_and_mappings_are_machines_too(folder: Path) -> None:
    assert spec_of("my.py:small", folder).tiles == 4
    assert spec_of("my.py:TABLE.one", folder).rules == {"conv": "base", "fc": "base", **SHIPPED}


def test_a_bare_name_is_a_shipped_preset(folder: Path) -> None:
    spec = spec_of("dstripes", folder)
    assert (spec.preset, spec.tiles) == ("dstripes", 16)


def test_everything_knows_its_file_and_line(folder: Path) -> None:
    document = preset_document("my.py:Small", folder, find)
    places = {key: document.place_of((key,)) for key in ("tiles", "clock", "rules", "rows")}
    assert {key: (Path(place.file).name, place.line) for key, place in places.items()} == {
        "tiles": ("my.py", 9),
        "clock": ("my.py", 10),
        "rules": ("my.py", 11),
        "rows": ("dstripes.yaml", 7),
    }
    assert document.place_of(("activation_memory", "banks")).line == 12
    assert (document.place.line, document.place.folder) == (7, folder)


#: (a machine, what is told)
REFUSED: list[tuple[str, str]] = [
    ("class Mine:\n    tilez = 3", "my.py:27: tilez: unknown attribute of a machine (allowed: tiles, "),
    ("class Mine:\n    preset = 'base'", "my.py:27: preset: unknown attribute of a machine"),
    ("class Mine:\n    def cnov(l, i, s): 0", "my.py:27: cnov: unknown attribute of a machine; a helper's name begin"),
    ("class Mine:\n    def cnov(l, i, s): 0", "did you mean 'conv'?"),
    ("class Mine:\n    conv = mine\n    rules = {'conv': mine}", "my.py:27: conv: is a rule, and `rules` has another"),
    ("class Mine:\n    conv = mine\n    rules = 'base'", "my.py:27: conv: is a rule, and `rules` is no mapping"),
    ("class Mine:\n    extends = 'dstripe'", "my.py:27: extends: there is no accelerator preset 'dstripe' (allow"),
    ("class Mine:\n    extends = 'lost.yaml'", "my.py:27: extends: there is no 'lost.yaml'"),
    ("class Mine:\n    extends = Small", "my.py:27: extends: expected text, not Small (allowed: base"),
    ("class Mine:\n    extends = 'my.py:Mine'", "my.py:27: extends: goes in a circle: {folder}/my.py:Mine extends "),
    ("class Mine:\n    extends = 'round.yaml'", "round.yaml:1: extends: goes in a circle: {folder}/my.py:Mine ext"),
    ("class Mine:\n    extends = 'my.py:Mien'", "my.py:27: extends: '{folder}/my.py' has no machine 'Mien'"),
    ("Mine = 3", "{folder}/my.py:Mine is no machine but of type int: write a class with a preset's keys as attributes"),
    ("def Mine(): pass", "{folder}/my.py:Mine is no machine but of type function"),
    ("class Mine:\n    1 / 0", "ZeroDivisionError: division by zero\nTraceback (most recent call last):"),
    (
        "class Odd:\n    tiles = property(lambda self: 1 / 0)\nMine = Odd()",
        "reading {folder}/my.py:Mine: {folder}/my.py:27: ZeroDivisionError: division by zero\nTraceback",
    ),
]


@pytest.mark.parametrize(("source", "message"), REFUSED, ids=lambda value: value[:40])
def test_machines_that_cannot_be(folder: Path, source: str, message: str) -> None:
    (folder / "my.py").write_text(f"{MODULE}{source}\n")
    (folder / "round.yaml").write_text("extends: my.py:Mine\n")
    with pytest.raises(BadInput) as refused:
        preset_document("my.py:Mine", folder, find)
    assert message.replace("{folder}", str(folder)) in str(refused.value)


def test_all_unknown_attributes_are_told_at_once(folder: Path) -> None:
    (folder / "my.py").write_text("class Mine:\n    tilez = 3\n    cloc = 4\n")
    with pytest.raises(BadInput) as refused:
        preset_document("my.py:Mine", folder, find)
    assert [line.split(": ")[1] for line in str(refused.value).split("\n")] == ["tilez", "cloc"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (None, "is missing (allowed: base, "),
        (3, "expected text, not 3 (allowed: base, "),
        ("strips", "there is no accelerator preset 'strips' (allowed: stripes, dstripes, "),
        ("my.py:Smal", "has no machine 'Smal' (allowed: "),
        ("my.py", "names no machine; write `file.py:name` or `module:name`"),
    ],
)
def test_names_of_no_machine(folder: Path, name: Any, message: str) -> None:
    with pytest.raises(BadInput) as refused:
        preset_document(name, folder, find)
    assert message in str(refused.value)


def test_what_a_machine_lacks_is_missing_from_it(folder: Path) -> None:
    (folder / "my.py").write_text("\nclass Mine:\n    tiles = 3\n    clock = 980e6\n")
    document = preset_document("my.py:Mine", folder, find)
    spec, faults = structure(document, AcceleratorSpec)
    told = {".".join(path): fault.message for path, fault in faults}
    assert spec is None
    assert told["rows"] == told["activation_memory"] == "is missing"
    assert "980000000.0 has no unit" in told["clock"]
    assert document.place.line == 2
