"""Searches: they find what a whole grid has in a part of its points, go on where they were, and never do more."""

from __future__ import annotations

import itertools
import json
import math
import statistics
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import small_sweeps as small

from tlm import sweep as command
from tlm.sweeps.axes import Draw
from tlm.sweeps.outcome import DIED, DONE, Outcome
from tlm.sweeps.points import Point
from tlm.sweeps.search import Search
from tlm.sweeps.session import Run
from tlm.sweeps.spec import read_sweep
from tlm.sweeps.store import Store

pytest.importorskip("optuna")

TILES, CHANNELS, ENGINES = "accelerator.tiles", "memory.channels", "compression.decompressors"
LISTS = {
    TILES: [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16],
    CHANNELS: [1, 2, 4, 8, 16, 32],
    ENGINES: [1, 2, 4, 8, 16, 32, 64, 128],
}
SPACE = f"scenario: s.yaml\naxes: {json.dumps(LISTS)}\n"
GRID = math.prod(map(len, LISTS.values()))
HBM = small.SCENARIO.replace("ideal", "hbm")


def cost(settings: dict[str, Any]) -> int:
    """Least, and 0, at 6 tiles, 4 channels and 32 engines; channels stand in for engines, in part."""
    channels, engines = math.log2(settings[CHANNELS] / 4), math.log2(settings[ENGINES] / 32)
    return 3 * abs(settings[TILES] - 6) + round(10 * abs(channels + engines / 2)) + abs(round(engines))


def at_once(points: Iterable[Point], jobs: int = 1) -> Iterator[tuple[Point, Outcome]]:
    """In place of runs: so many points are asked for before the first is told."""
    waiting = iter(points)
    running: list[Point] = []
    while True:
        while len(running) < jobs and (point := next(waiting, None)) is not None:
            running.append(point)
        if not running:
            return
        point = running.pop(0)
        yield point, Outcome(DONE, cycles=cost(point.settings), energy_j=1 / (1 + point.settings[TILES]))


def searched(folder: Path, text: str, store: str = "a.sqlite", run: Run = at_once, retry: bool = False) -> Search:
    """What a start of the search in `text` leaves."""
    search = Search(read_sweep(small.write(folder, text, HBM)))
    with Store(Path(store)) as kept:
        search.ran = search.run(kept, run, retry, lambda *_: None, lambda: None)  # type: ignore[attr-defined]
    return search


def tried(search: Search) -> list[dict[str, Any]]:
    return [point.settings for point in search.points]


def by_chance(trials: int) -> float:
    """The least cost to be expected among so many points of the grid that are drawn without replacement."""
    grid = itertools.product(*LISTS.values())
    costs = sorted(cost(dict(zip(LISTS, values, strict=True))) for values in grid)
    ways = [math.comb(GRID - 1 - place, trials - 1) for place in range(GRID)]
    return sum(cost * way for cost, way in zip(costs, ways, strict=True)) / math.comb(GRID, trials)


@pytest.mark.parametrize("jobs", [1, 3])
def test_in_a_tenth_of_a_grid_it_comes_twice_as_near_its_best_as_chance(jobs: int, folder: Path) -> None:
    best = []
    for seed in range(6):
        text = f"{SPACE}search: {{best: cycles, trials: {GRID // 10}}}\nseed: {seed}"
        search = searched(folder, text, f"{seed}.sqlite", run=lambda points: at_once(points, jobs))
        assert len(tried(search)) == len({repr(settings) for settings in tried(search)}) == GRID // 10
        best.append(min(map(cost, tried(search))))
    assert 0 in best
    assert statistics.mean(best) < by_chance(GRID // 10) / 2


def test_the_same_seed_tries_the_same_points_and_another_others(folder: Path) -> None:
    first, again, other = (
        tried(searched(folder, f"{SPACE}search: {{best: cycles, trials: 25}}\nseed: {seed}", store))
        for seed, store in ((1, "a"), (1, "b"), (2, "c"))
    )
    assert first == again != other


def test_stopped_and_started_again_it_tries_what_it_would_have(folder: Path) -> None:
    text = f"{SPACE}search: {{best: [cycles, energy_j], trials: 30}}"
    whole = searched(folder, text, "whole.sqlite")

    def some(points: Iterable[Point]) -> Iterator[tuple[Point, Outcome]]:
        for number, found in enumerate(at_once(points)):
            if number == 11:
                raise KeyboardInterrupt
            yield found

    with pytest.raises(KeyboardInterrupt):
        searched(folder, text, run=some)
    rest = searched(folder, text)
    assert rest.ran == 19  # type: ignore[attr-defined]
    assert tried(rest) == tried(whole)
    assert searched(folder, text).ran == 0  # type: ignore[attr-defined]


def test_points_that_are_there_count_and_are_learnt_from(folder: Path) -> None:
    searched(folder, f"{SPACE}search: {{best: cycles, trials: 10}}")
    more = searched(folder, f"{SPACE}search: {{best: energy_j, trials: 14}}")
    assert more.ran == 4 and len(more.points) == 14  # type: ignore[attr-defined]
    less = searched(folder, f"{SPACE}search: {{best: cycles, trials: 5}}")
    assert less.ran == 0 and len(less.points) == 5  # type: ignore[attr-defined]


def test_a_space_that_is_smaller_than_the_trials_is_tried_whole_and_once(folder: Path) -> None:
    text = f"scenario: s.yaml\naxes: {{{TILES}: [1, 2, 4], {CHANNELS}: [1, 2], {ENGINES}: [4, 8]}}\n"
    text += f"exclude: [{{{TILES}: 4, {CHANNELS}: [1, 2]}}]\nsearch: {{best: cycles, trials: 40}}"
    search = searched(folder, text)
    assert len(tried(search)) == len({repr(one) for one in tried(search)}) == 8
    assert {one[TILES] for one in tried(search)} == {1, 2}
    assert search.said == " of 40"


def test_numbers_lie_between_their_ends_with_their_units(folder: Path) -> None:
    text = f"""\
scenario: s.yaml
axes:
  {TILES}: {{low: 1, high: 64, log: true}}
  accelerator.am: {{low: 1, high: 8, unit: MiB}}
  {CHANNELS}: [4]
  {ENGINES}: [32]
search: {{best: cycles, trials: 30}}
"""
    search = searched(folder, text)
    assert all(type(one[TILES]) is int and 1 <= one[TILES] <= 64 for one in tried(search))
    assert {one["accelerator.am"] for one in tried(search)} <= {f"{size} MiB" for size in range(1, 9)}
    assert searched(folder, text).ran == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("draw", "value", "number"),
    [
        (Draw(1, 8, whole=True), 3, 3),
        (Draw(1, 8, whole=True), 3.0, None),
        (Draw(1, 8, whole=True), 9, None),
        (Draw(1, 8, whole=True), True, None),
        (Draw(1, 8), 3.5, 3.5),
        (Draw(1, 8, unit="MiB", whole=True), "3 MiB", 3),
        (Draw(1, 8, unit="MiB", whole=True), "3.5 MiB", None),
        (Draw(-8, 8, unit="MHz", whole=True), "-3 MHz", -3),
        (Draw(1, 8, unit="MiB"), "3.5 MiB", 3.5),
        (Draw(1, 8, unit="MiB"), "x MiB", None),
    ],
)
def test_a_value_is_known_again_by_its_number(draw: Draw, value: object, number: float | None) -> None:
    assert draw.number(value) == number
    if number is not None:
        assert draw.written(number) == value


def test_what_fails_is_kept_and_tried_no_more_but_on_demand(folder: Path) -> None:
    text = f"{SPACE}search: {{best: cycles, trials: 12}}"

    def failing(points: Iterable[Point]) -> Iterator[tuple[Point, Outcome]]:
        for point, outcome in at_once(points):
            yield point, Outcome(DIED, "why") if point.number % 3 == 0 else outcome

    first = searched(folder, text, run=failing)
    assert len(first.points) == 12
    assert searched(folder, text).ran == 0  # type: ignore[attr-defined]
    again = searched(folder, text, retry=True)
    assert again.ran == 4 and tried(again) == tried(first)  # type: ignore[attr-defined]


def test_the_command_searches_and_shows_the_front(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = f"scenario: s.yaml\naxes: {{{TILES}: [2, 4], memory: [ideal, {{standard: hbm, request: 8 B}}]}}\n"
    small.write(folder, f"{text}search: {{best: [cycles, area_mm2], trials: 9}}")
    assert command.main(["sweep.yaml", "--no-live", "--jobs", "2", "--json", "out.json"]) == 1
    document = json.loads(Path("out.json").read_text())
    assert document["pareto"] == ["cycles", "area_mm2"]
    assert sorted(one["status"] for one in document["points"]) == ["bad input", "bad input", "done", "done"]
    out = capsys.readouterr().out
    assert "Front of cycles, area_mm2" in out and "4 points of 9: 4 run now, 0 had been" in out
    assert command.main(["sweep.yaml", "--no-live", "--pareto", "cycles"]) == 1
    assert "4 points of 9: 0 run now, 4 had been" in capsys.readouterr().out


AXES = f"axes: {{{TILES}: [2, 4]}}\n"

#: (the sweep file behind its first line, what the message says)
REFUSED = [
    (
        f"{AXES}search: {{best: cycels, trials: 3}}",
        ["sweep.yaml:3: search.best: there is nothing 'cycels'", "'cycles'?"],
    ),
    (f"{AXES}search: {{best: [cycles, cycles], trials: 3}}", ["search.best: a measure is written twice"]),
    (f"{AXES}search: {{best: [], trials: 3}}", ["search.best: the list is empty"]),
    (f"{AXES}search: {{best: 4, trials: 3}}", ["search.best: there is nothing 4 to compare (allowed: cycles"]),
    (f"{AXES}search: {{best: cycles}}", ["sweep.yaml:3: search.trials: is missing"]),
    (f"{AXES}search: {{best: cycles, trials: 0}}", ["search.trials: must be >= 1, not 0"]),
    (f"{AXES}search: {{best: cycles, trials: 3, tirals: 3}}", ["search.tirals: unknown key", "did you mean 'trials'?"]),
    (f"{AXES}search: cycles", ["sweep.yaml:3: search: expected a mapping"]),
    ("search: {best: cycles, trials: 3}", ["sweep.yaml:2: search: needs axes to search"]),
    (f"{AXES}search: {{best: cycles, trials: 3}}\nsample: 3", ["sweep.yaml:4: sample: means nothing beside search"]),
    (f"{AXES}search: {{best: cycles, trials: 3}}\nlist: [{{check: true}}]", ["list: means nothing beside search"]),
    (
        f"axes: {{{TILES}: {{low: 1, high: 4, count: 3}}}}\nsearch: {{best: cycles, trials: 3}}",
        [f"sweep.yaml:2: axes.{TILES}.count: means nothing beside search"],
    ),
    (f"axes: {{{TILES}: 4}}\nsearch: {{best: cycles, trials: 3}}", ["or a mapping with low and high, not 4"]),
    (
        f"{AXES}search: {{best: cycles, trials: 3}}\nexclude: [{{{TILES}: 3}}]",
        [f"sweep.yaml:4: exclude.{TILES}: the axis has no value 3"],
    ),
    (
        "axes:\n  memory.chanels: {low: 1, high: 2}\nsearch: {best: cycles, trials: 3}",
        ["sweep.yaml:3: memory.chanels: unknown key", "did you mean 'channels'?"],
    ),
    ("axes: {compression.codec: [drped]}\nsearch: {best: cycles, trials: 3}", ["did you mean 'dpred'?"]),
]


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[text.replace("\n", " ")[:70] for text, _ in REFUSED])
def test_a_wrong_search_is_refused_in_one_message(
    text: str, said: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write(folder, f"scenario: s.yaml\n{text}")
    assert command.main(["sweep.yaml", "--no-live"]) == 2
    told = capsys.readouterr()
    assert told.err.startswith("error: ") and told.err.count("\n") == 1 and not told.out
    assert all(part in told.err for part in said), told.err
    assert not list(folder.glob("*.sqlite*"))


def test_without_optuna_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small.write(folder, f"{SPACE}search: {{best: cycles, trials: 3}}")
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert command.main(["sweep.yaml", "--no-live"]) == 2
    said = capsys.readouterr().err
    assert "sweep.yaml:3: search: needs optuna" in said and "pip install 'tlm[search]'" in said
