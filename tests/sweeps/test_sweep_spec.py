"""Sweep files: the points they mean, and, as a table, what is refused with which message."""

from __future__ import annotations

from pathlib import Path

import pytest
import small_sweeps as small

from tlm import sweep as command
from tlm.inputs.errors import BadInput
from tlm.sweeps.points import points_of
from tlm.sweeps.spec import Settings, read_sweep

TILES, CODEC = "accelerator.tiles", "compression.codec"


def points(folder: Path, text: str) -> list[Settings]:
    return list(read_sweep(small.write(folder, f"scenario: s.yaml\n{text}")).points)


def drawn(folder: Path, draw: str, seed: int = 0) -> list[object]:
    return [next(iter(one.values())) for one in points(folder, f"axes: {{{TILES}: {{{draw}}}}}\nseed: {seed}")]


def test_a_grid_is_the_product_with_the_last_axis_fastest(folder: Path) -> None:
    found = points(folder, f"axes: {{{TILES}: [2, 4], {CODEC}: [none, dpred]}}")
    assert [tuple(one.values()) for one in found] == [(2, "none"), (2, "dpred"), (4, "none"), (4, "dpred")]
    assert {tuple(one) for one in found} == {(TILES, CODEC)}


def test_a_partial_point_excludes_all_that_match_it(folder: Path) -> None:
    axes = f"axes: {{{TILES}: [1, 2, 4], {CODEC}: [none, dpred]}}"
    found = points(folder, f"{axes}\nexclude: [{{{TILES}: [1, 4], {CODEC}: none}}, {{{TILES}: 2}}]")
    assert [tuple(one.values()) for one in found] == [(1, "dpred"), (4, "dpred")]


def test_listed_points_come_behind_the_grid_and_equal_ones_once(folder: Path) -> None:
    sweep = read_sweep(small.write(folder, f"{small.SWEEP}list: [{{check: true}}, {{{TILES}: 2, {CODEC}: none}}]"))
    assert sweep.points[4:] == ({"check": True},)
    assert (sweep.repeated, sweep.keys) == (1, (TILES, CODEC, "check"))


def test_points_that_come_to_the_same_scenario_are_one(folder: Path) -> None:
    sweep = read_sweep(small.write(folder, f"{small.SWEEP}list: [{{accelerator: {{preset: dstripes, tiles: 2}}}}]"))
    found = points_of(sweep)
    assert (len(found.all), found.repeated) == (4, 1)
    assert [point.number for point in found.all] == [1, 2, 3, 4]


def test_a_sample_is_of_the_grid_and_the_same_for_its_seed(folder: Path) -> None:
    axes = f"axes: {{{TILES}: [{', '.join(map(str, range(1, 30)))}]}}\nsample: 5\nseed:"
    first, again, other = (points(folder, f"{axes} {seed}") for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == len({one[TILES] for one in first}) == 5


def test_numbers_are_drawn_between_their_ends_and_the_same_for_a_seed(folder: Path) -> None:
    whole = drawn(folder, "low: 1, high: 3, count: 50")
    assert set(whole) == {1, 2, 3} and all(type(value) is int for value in whole)
    assert drawn(folder, "low: 0.5, high: 2, count: 9") == drawn(folder, "low: 0.5, high: 2, count: 9")
    assert drawn(folder, "low: 0.5, high: 2, count: 9") != drawn(folder, "low: 0.5, high: 2, count: 9", seed=1)
    assert all(0.5 <= float(str(value)) <= 2 for value in drawn(folder, "low: 0.5, high: 2, count: 9"))
    assert drawn(folder, "low: 2, high: 2, count: 3, unit: MiB") == ["2 MiB"]


def test_with_log_half_of_what_is_drawn_is_below_the_geometric_mean(folder: Path) -> None:
    values = [float(str(value)) for value in drawn(folder, "low: 1.0, high: 10000.0, count: 400, log: true")]
    assert 160 < sum(value < 100 for value in values) < 240


def test_an_axis_draws_the_same_beside_another(folder: Path) -> None:
    draw = "{low: 1, high: 1000, count: 4}"
    alone = {one[TILES] for one in points(folder, f"axes: {{{TILES}: {draw}}}")}
    assert {one[TILES] for one in points(folder, f"axes: {{memory.channels: {draw}, {TILES}: {draw}}}")} == alone


#: (the sweep file behind its first line, `scenario: s.yaml`; what the message says)
REFUSED = [
    ("axis: {}", ["sweep.yaml:2: axis: unknown key", "did you mean 'axes'?"]),
    ("", ["sweep.yaml:1: has no points"]),
    ("axes: {}", ["sweep.yaml:2: axes: is empty"]),
    ("axes: [1]", ["sweep.yaml:2: axes: expected a mapping", "not a list"]),
    ("axes:\n  memory.channels: 4", ["sweep.yaml:3: axes.memory.channels: expected a list of values", "not 4"]),
    ("axes: {memory.channels: []}", ["the list is empty"]),
    ("axes: {memory.channels: [1, 1]}", ["sweep.yaml:2: axes.memory.channels: 1 is written twice"]),
    (
        "axes:\n  memory.channels: {low: 1, high: 2, count: 3, loog: true}",
        ["memory.channels.loog: unknown key", "'log'?"],
    ),
    ("axes: {memory.channels: {low: 1, high: 2}}", ["axes.memory.channels.count: is missing"]),
    ("axes: {memory.channels: {low: 1, high: 2, count: 0}}", ["count: must be >= 1, not 0"]),
    ("axes: {memory.channels: {low: 3, high: 2, count: 1}}", ["low: must be <= high, 2, not 3"]),
    ("axes: {memory.channels: {low: 0, high: 2, count: 1, log: true}}", ["low: must be > 0 with log, not 0"]),
    ("axes: {memory.channels: {low: 1, high: .inf, count: 1}}", ["low and high must be finite"]),
    ("axes: {memory.channels: {low: 1, high: 2, count: 1, unit: MIB}}", ["not 'MIB'", "did you mean"]),
    ("list: {check: true}", ["sweep.yaml:2: list: expected a list of mappings", "not a mapping"]),
    ("list: []", ["sweep.yaml:2: list: expected a list of mappings"]),
    ("list: [{check: true}, 4]", ["sweep.yaml:2: list: ", "not one with 4"]),
    ("list: [{}]", ["not one with an empty mapping"]),
    (
        "axes: {check: [true]}\nexclude: [{chekc: true}]",
        ["sweep.yaml:3: exclude.chekc: there is no such axis", "'check'?"],
    ),
    ("axes: {check: [true]}\nexclude: [{check: false}]", ["sweep.yaml:3: exclude.check: the axis has no value false"]),
    ("axes: {check: [true]}\nexclude: [{check: true}]", ["has no points"]),
    ("axes: {check: [true]}\nsample: 0", ["sweep.yaml:3: sample: must be >= 1, not 0"]),
    ("axes: {check: [true]}\nseed: x", ["sweep.yaml:3: seed: expected a whole number, not 'x'"]),
    ("axes:\n  a: {low: 1, high: 9000, count: 9000}\n  b: {low: 1, high: 9000, count: 9000}", ["points is too large"]),
    # the scenario's own keys
    ("axes:\n  memory.chanels: [1, 2]", ["sweep.yaml:3: memory.chanels: unknown key", "did you mean 'channels'?"]),
    ("axes:\n  check: [true]\n  accelerator.tiles: [0, 4]", ["sweep.yaml:4: accelerator.tiles: must be > 0, not 0"]),
    ("axes:\n  compression.codec: [dpred, drped]", ["sweep.yaml:3: compression.codec", "did you mean 'dpred'?"]),
    ("list:\n  - check: true\n  - memory: hmb", ["sweep.yaml:4: memory.standard", "did you mean 'hbm'?"]),
    ("axes: {extends: [lenet]}", ["sweep.yaml:2: extends: cannot be set"]),
    ("axes: {check.x: [1]}", ["sweep.yaml:2: check: expected true or false, not a mapping"]),
]


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[text.replace("\n", " ")[:60] for text, _ in REFUSED])
def test_a_wrong_sweep_is_refused_in_one_message(
    text: str, said: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = small.write(folder, f"scenario: s.yaml\n{text}")
    assert command.main([str(file.name), "--no-live"]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ") and told.err.count("\n") == 1 and not told.out
    assert all(part in told.err for part in said), told.err
    assert not list(folder.glob("*.sqlite*"))


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ("", "sweep.yaml:1: scenario: expected text, not nothing"),
        ("lenett", "sweep.yaml:1: scenario: there is no 'lenett'"),
        ("t.yaml", "did you mean 's.yaml'?"),
    ],
)
def test_a_scenario_that_is_not_there_is_told(scenario: str, said: str, folder: Path) -> None:
    file = small.write(folder, f"scenario: {scenario}\naxes: {{check: [true]}}")
    with pytest.raises(BadInput) as told:
        points_of(read_sweep(file))
    assert said in str(told.value)


def test_what_only_a_combination_makes_impossible_is_the_points_own_fault(folder: Path) -> None:
    found = points_of(read_sweep(small.write(folder, small.CLASHING))).all
    assert [point.fault is None for point in found] == [True, True, False, True]
    assert "sweep.yaml:2: memory.request: must be at least one burst" in str(found[2].fault)
