"""A sweep on the page: its points, its fronts, what failed."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import swept_stores
from page_parts import Page, parsed

from tlm.reports import page, read_results
from tlm.reports.measures import amount
from tlm.reports.parallel import setting_axis
from tlm.sweeps.outcome import DONE, MEASURES
from tlm.sweeps.pareto import front
from tlm.sweeps.points import Point

COUNT = 40


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return swept_stores.store(tmp_path_factory.mktemp("sweep") / "points.sqlite", COUNT)


@pytest.fixture(scope="module")
def found(store: Path) -> Page:
    return parsed(page(read_results([str(store)])))


def done() -> dict[int, Any]:
    outcomes = {number: swept_stores.outcome(number) for number in range(1, COUNT + 1)}
    return {number: one for number, one in outcomes.items() if one.status == DONE}


def cost(outcome: Any, name: str) -> float:
    value: float = outcome.measure(name)
    return -value if MEASURES[name] else value


def test_every_point_is_in_the_table_with_its_figures(found: Page) -> None:
    table = found.table("Points of points")
    assert [int(number) for number in table.column("point")] == list(range(1, COUNT + 1))
    assert table.column("accelerator.tiles") == [str(number) for number in range(1, COUNT + 1)]
    for row in table.rows:
        known = done().get(int(row[0]))
        told = dict(zip(table.heads, row, strict=True))
        assert told["status"] == (DONE if known else "bad input")
        for head, name in {"cycles": "cycles", "simulated time": "time_fs", "energy": "energy_j"}.items():
            assert (float(told[head].replace(",", "")) if known else told[head]) == (
                known.measure(name) if known else "–"  # noqa: RUF001
            )


def test_the_front_is_of_the_measures_that_are_asked_for(store: Path) -> None:
    for by in ([], ["area_mm2", "images_per_s"]):
        table = parsed(page(read_results([str(store)], by))).table("Points of points")
        wanted = front(
            {number: [cost(one, name) for name in by or ("cycles", "energy_j")] for number, one in done().items()}
        )
        marked = [int(row[0]) for row in table.rows if row[1] == "True"]
        assert marked == sorted(wanted)
        assert 0 < len(marked) < len(done())


def test_the_chart_has_all_measures_and_the_front_of_every_two(found: Page) -> None:
    axes = found.charts["front-0"]["axes"]
    points = done()
    assert axes["points"] == list(points)
    for name in MEASURES:
        scale = 1e15 if name == "time_fs" else 1
        assert axes["columns"][name] == [one.measure(name) / scale for one in points.values()]
    for one, other in combinations(MEASURES, 2):
        costs = {place: (cost(point, one), cost(point, other)) for place, point in enumerate(points.values())}
        assert axes["fronts"][f"{one} {other}"] == front(costs)
    drawn = found.charts["front-0"]["figure"]["data"]
    assert drawn[0]["x"] == axes["columns"]["cycles"] and drawn[0]["y"] == axes["columns"]["energy_j"]
    assert drawn[1]["x"] == [axes["columns"]["cycles"][place] for place in axes["fronts"]["cycles energy_j"]]


def test_a_line_a_point_passes_all_its_settings_and_measures(found: Page) -> None:
    data = found.charts["parallel-0"]["figure"]["data"]
    uprights = 2 + len(MEASURES)
    lines = [line for trace in data[:2] for line in _lines(trace)]
    assert len(lines) == len(done())
    assert all(xs == list(range(uprights)) for xs, _ in lines)
    assert all(0 <= y <= 1 for _, ys in lines for y in ys)


def _lines(trace: dict[str, Any]) -> list[tuple[list[int], list[float]]]:
    ends = [place for place, x in enumerate(trace["x"]) if x is None]
    begins = [0, *(end + 1 for end in ends)]
    return [(trace["x"][a:b], trace["y"][a:b]) for a, b in zip(begins, ends, strict=False)]


def test_points_that_failed_are_told_with_their_messages(found: Page) -> None:
    table = found.table("Failed points of points")
    assert [int(number) for number in table.column("point")] == list(range(7, COUNT + 1, 7))
    assert table.column("message")[0] == "point 7 cannot be"


def test_the_document_of_a_sweep_gives_the_page_of_its_store(store: Path, tmp_path: Path) -> None:
    (swept,) = read_results([str(store)], ["cycles", "energy_j"]).sweeps
    document = tmp_path / "points.json"
    document.write_text(json.dumps(swept.told.as_json()))
    assert page(read_results([str(document)])) == page(read_results([str(store)]))


def test_points_that_were_not_run_are_shown(store: Path, tmp_path: Path) -> None:
    (swept,) = read_results([str(store)]).sweeps
    document = swept.told.as_json()
    document["points"][0] |= dict.fromkeys(("status", "message", "wall_s", *MEASURES))
    file = tmp_path / "begun.json"
    file.write_text(json.dumps(document))
    table = parsed(page(read_results([str(file)]))).table("Points of begun")
    assert table.column("status")[0] == "not run"


def test_runs_and_sweeps_stand_on_one_page(store: Path, made: Path) -> None:
    both = parsed(page(read_results([str(store), str(made / "hbm.json"), str(store)])))
    assert {"front-0", "front-1", "stalls-0"} <= set(both.charts)
    assert both.table("Points of points") and both.table("Points of points (2)")


def test_one_point_alone_is_shown(tmp_path: Path) -> None:
    file = swept_stores.store(tmp_path / "one.sqlite", 1)
    assert len(parsed(page(read_results([str(file)]))).table("Points of one").rows) == 1


@pytest.mark.parametrize(
    ("value", "size"),
    [(4, 4.0), (0.5, 0.5), ("4 KiB", 4096.0), ("1 MHz", 1e6), ("hbm", None), ("4", None), (True, None), ([4], None)],
)
def test_settings_that_are_amounts_are_ordered_by_size(value: Any, size: float | None) -> None:
    assert amount(value) == size


def test_uprights_are_to_scale_where_there_are_many_amounts() -> None:
    for count, wanted in ((3, [0, 0.5, 1]), (20, [place / 19 for place in range(20)])):
        sizes = [f"{size} KiB" for size in range(1, count + 1)]
        done = [(Point(at, str(at), {"am": size}), swept_stores.outcome(1)) for at, size in enumerate(sizes)]
        axis = setting_axis("am", sizes, done)
        assert axis.places == pytest.approx(wanted, abs=1e-4)
        assert (axis.ticks[0], axis.ticks[-1]) == ((0.0, sizes[0]), (1.0, sizes[-1]))
