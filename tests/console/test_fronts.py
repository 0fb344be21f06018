"""The drawn front: which measures lie along which axis, in which units, and which points stand out."""

from __future__ import annotations

from rich.console import Console

from tlm.console import front_chart, point_tables
from tlm.console.scatter import HEIGHT
from tlm.sweeps.outcome import MEASURES, Outcome
from tlm.sweeps.points import Point
from tlm.sweeps.told import Told, told

COSTS = {1: (100, 3e-6), 2: (1000, 1e-6), 3: (1000, 3e-6)}
OUTCOMES = {
    str(n): Outcome("done", cycles=x, energy_j=y, offchip_bytes=0, images_per_s=x) for n, (x, y) in COSTS.items()
}


def sweep(*by: str, failed: bool = False) -> Told:
    points = [Point(n, str(n), {"memory.channels": n, "check": True}) for n in (1, 2, 3, 4)]
    known = {**OUTCOMES, "4": Outcome("died", "why")} if failed else OUTCOMES
    return told(["memory.channels", "check"], points[: 4 if failed else 3], known, by)


def drawn(of: Told, width: int = 80) -> list[str]:
    console = Console(width=width)
    with console.capture() as captured:
        console.print(front_chart(of), end="")
    return captured.get().splitlines()


def test_the_first_measure_lies_along_the_second_up_and_the_front_is_numbered() -> None:
    lines = drawn(sweep("cycles", "energy_j"))
    assert lines[0] == "energy, uJ" and lines[-2].endswith("cycles") and lines[-1] == "* on the front, o not"
    top, bottom = lines[1], lines[HEIGHT]
    assert top.startswith(" 3.000 |* 1 ") and top.rstrip().endswith("o")
    assert bottom.startswith("       |") and bottom.rstrip().endswith("* 2")
    assert top.index("o") == bottom.index("*")


def test_more_is_better_is_said_and_what_failed_is_left_out() -> None:
    lines = drawn(sweep("images_per_s", "energy_j", failed=True))
    assert lines[-2].endswith("images/s (more is better)")
    assert sum(line.count("o") + line.count("*") for line in lines[1 : 1 + HEIGHT]) == len(COSTS)


def test_a_measure_that_is_nothing_has_no_logarithm_and_goes_up() -> None:
    lines = drawn(sweep("offchip_bytes", "cycles"))
    assert lines[0] == "off-chip, KiB" and lines[-2].endswith("cycles")


def test_one_measure_or_no_point_is_not_drawn() -> None:
    assert front_chart(sweep("cycles")) is None
    assert front_chart(told([], [Point(1, "1", {})], {}, ["cycles", "energy_j"])) is None


def test_every_measure_has_an_axis_and_what_all_points_share_no_column() -> None:
    from tlm.console.fronts import AXES

    assert set(AXES) == set(MEASURES)
    heads = [str(column.header).replace("\n", "") for column in point_tables(sweep())[0].columns]
    assert "memory.channels" in heads and "check" not in heads
