"""What a scenario only names is part of a point: where a file has changed, its points are others."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import small_sweeps as small

from tlm import sweep as command
from tlm.sweeps.points import points_of
from tlm.sweeps.spec import read_sweep

NET = """\
import torch
from torch import nn
from filters import COUNT

def build():
    network = nn.Sequential(nn.Conv2d(1, COUNT, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * COUNT, 3))
    network.example_input = torch.ones(1, 1, 4, 4)
    return network
"""
CODEC = """\
from tlm.codecs.raw import Raw
from bits import NAME

class Codec(Raw):
    name = NAME
"""
MACHINE = """\
class Machine:
    extends = "dstripes"
    tiles = 4
"""


@pytest.fixture(autouse=True)
def imports() -> Iterator[None]:
    """Each test imports its own modules beside a file."""
    yield
    for name in ("bits", "filters"):
        sys.modules.pop(name, None)


def keys(folder: Path, setting: str) -> list[str]:
    """The keys of a sweep of two points that have `setting`."""
    file = small.write(folder, f"scenario: s.yaml\nlist: [{{{setting}}}, {{{setting}, check: true}}]")
    found = points_of(read_sweep(file)).all
    assert [point.fault for point in found] == [None, None]
    return [point.key for point in found]


#: (what a point sets, the files there are, the one that changes, what it says then)
NAMED = [
    ('workload: {network: "net.py:build"}', {"net.py": NET, "filters.py": "COUNT = 4"}, "filters.py", "COUNT = 4  #"),
    ('workload: {network: "net.py:build"}', {"net.py": NET, "filters.py": "COUNT = 4"}, "net.py", NET + "\n"),
    ('compression: "my.py:Codec"', {"my.py": CODEC, "bits.py": "NAME = 'mine'"}, "bits.py", "NAME = 'Mine'"),
    ('accelerator: "my.py:Machine"', {"my.py": MACHINE}, "my.py", MACHINE + "\nx = 1\n"),
    ("memory: own.yaml", {"own.yaml": "extends: base.yaml", "base.yaml": "extends: hbm"}, "base.yaml", "extends: hbm2"),
    (
        "accelerator.energy: {table: own.yaml, array: dstripes}",
        {"own.yaml": "extends: dpred-65nm\nsource: mine"},
        "own.yaml",
        "extends: dpred-65nm\nsource: yours",
    ),
]


@pytest.mark.parametrize(("setting", "files", "changed", "text"), NAMED, ids=[f"{one[0]} {one[2]}" for one in NAMED])
def test_a_file_that_changes_makes_other_points(
    setting: str, files: dict[str, str], changed: str, text: str, folder: Path
) -> None:
    for name, said in files.items():
        (folder / name).write_text(said)
    before = keys(folder, setting)
    assert keys(folder, setting) == before
    (folder / changed).write_text(text)
    assert not {*keys(folder, setting)} & {*before}


def test_a_checkpoint_that_changes_makes_other_points(folder: Path) -> None:
    shipped = Path(__file__).parents[2] / "nets" / "checkpoints"
    own = folder / "own.pt"
    setting = 'workload: {network: "nets.lenet:build", weights: own.pt}'
    own.write_bytes((shipped / "lenet-int8.pt").read_bytes())
    before = keys(folder, setting)
    own.write_bytes((shipped / "lenet-ternary.pt").read_bytes())
    assert not {*keys(folder, setting)} & {*before}


def test_where_files_lie_does_not_matter_to_memories(folder: Path) -> None:
    setting = "memory: {standard: hbm}"
    before = keys(folder, setting)
    (folder / "unrelated.yaml").write_text("extends: hbm")
    assert keys(folder, setting) == before


def test_points_of_a_changed_file_are_run_anew_and_the_old_ones_kept(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "my.py").write_text(CODEC)
    (folder / "bits.py").write_text("NAME = 'mine'")
    small.write(folder, 'scenario: s.yaml\naxes: {compression.codec: [none, "my.py:Codec"]}')
    for text, said in (("", "2 run now, 0 had been"), ("", "0 run now, 2 had been"), ("#", "1 run now, 1 had been")):
        (folder / "my.py").write_text(CODEC + text)
        assert command.main(["sweep.yaml", "--no-live", "--json", "out.json"]) == 0
        assert said in capsys.readouterr().out
    assert [one["status"] for one in json.loads(Path("out.json").read_text())["points"]] == ["done", "done"]


def test_a_file_that_changes_while_the_sweep_runs_fails_its_points(folder: Path) -> None:
    changing = CODEC + "\n    def sizes_bits(self, values, fmt):\n"
    changing += "        open('bits.py', 'w').write('NAME = 2')\n        return super().sizes_bits(values, fmt)\n"
    (folder / "my.py").write_text(changing)
    (folder / "bits.py").write_text("NAME = 'mine'")
    small.write(folder, 'scenario: s.yaml\naxes: {compression.codec: ["my.py:Codec"], accelerator.tiles: [2, 4]}')
    assert command.main(["sweep.yaml", "--no-live", "--jobs", "1", "--json", "out.json"]) == 1
    points = json.loads(Path("out.json").read_text())["points"]
    assert [one["status"] for one in points] == ["done", "bad input"]
    assert "another here, or was changed while the sweep ran" in points[1]["message"]
