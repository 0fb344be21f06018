"""The chart of points: where they lie, which stand out, and what a narrow or a plain terminal shows."""

from __future__ import annotations

import io

from rich.console import Console

from tlm.console import ScatterChart
from tlm.console.scatter import HEIGHT, Point, frontier
from tlm.result import Row


def rows(measure: str, **figures: tuple[float | None, float | None]) -> list[Row]:
    """A row a point: its published figure and the model's."""
    return [Row("figure 4", name, measure, "u", *both, "published") for name, both in figures.items()]


CHART = ScatterChart(
    rows("energy", cheap=(10, 1), dear=(1000, 100), beaten=(100, 100)),
    rows("accuracy", cheap=(70, 60), dear=(90, 80), beaten=(None, 70)),
)


def drawn(chart: ScatterChart, width: int, encoding: str = "utf-8") -> list[str]:
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), width=width)
    with console.capture() as captured:
        console.print(chart, end="")
    return captured.get().splitlines()


def test_a_point_is_at_its_height_and_its_logarithm() -> None:
    lines = drawn(CHART, 80)
    assert lines[0] == "model: accuracy (u)"
    model = lines[1 : 1 + HEIGHT]
    assert model[0].startswith("  80.0 |") and "* dear" in model[0]
    assert model[-1].startswith("       |* cheap")
    assert "o beaten" in model[HEIGHT // 2] + model[HEIGHT // 2 - 1]
    ticks = lines[HEIGHT + 2]
    one, ten, hundred = (ticks.index(f" {value} ") for value in ("1", "10", "100"))
    assert one + 1 == model[-1].index("*")
    assert hundred + 1 == model[0].index("*")
    assert abs(ten - (one + hundred) / 2) <= 0.5
    assert lines[HEIGHT + 3].endswith("energy (u)")


def test_what_is_not_there_in_both_directions_is_not_drawn() -> None:
    text = "\n".join(drawn(CHART, 80)[HEIGHT + 4 :])
    assert "published: accuracy" in text and "dear" in text and "beaten" not in text


def test_only_points_that_no_other_beats_stand_out() -> None:
    points = [Point("a", 1, 5), Point("b", 2, 5), Point("c", 2, 6), Point("d", 2, 6), Point("e", 3, 5.5)]
    assert frontier(points) == {"a", "c", "d"}


def test_it_keeps_its_width_and_needs_no_unicode() -> None:
    for width in (24, 60, 120):
        assert max(map(len, drawn(CHART, width))) <= width
    assert all(line.isascii() for line in drawn(CHART, 80, "ascii"))


def test_points_in_one_place_hide_no_names_of_others() -> None:
    same = dict.fromkeys(("one", "two", "three"), (None, 5.0))
    text = "\n".join(drawn(ScatterChart(rows("x", **same), rows("y", **same)), 80))
    assert all(name in text for name in same)
