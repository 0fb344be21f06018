"""Charts of a paper's figures: curves, a block a step, and bars, all of one unit to one scale."""

from __future__ import annotations

import io

import pytest
from rich.console import Console, RenderableType

from tlm.console import BarChart, curve_chart, paper_notes
from tlm.result import Curves, Row

CURVES = Curves("error", "%", {"a": [80.0, 40.0, 0.0], "longer": [20.0, 10.0]})


def drawn(chart: RenderableType, width: int, encoding: str = "utf-8") -> list[str]:
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), width=width)
    with console.capture() as captured:
        console.print(chart, end="")
    return [line.rstrip() for line in captured.get().splitlines()]


def test_a_step_is_a_block_as_high_as_its_figure() -> None:
    assert drawn(curve_chart(CURVES), 70) == [
        "error (%): step 1, each step, the last",
        "a        80.0 █▄     0.0",
        "longer   20.0 ▂▁    10.0",
        "█ 80.0 %",
    ]


@pytest.mark.parametrize("width", [1, 10, 40, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_curves_fit_any_terminal(width: int, encoding: str) -> None:
    lines = drawn(curve_chart(CURVES), width, encoding)
    assert len(lines) == 4 and max(map(len, lines)) <= width
    assert encoding == "utf-8" or "".join(lines).isascii()


def row(network: str, unit: str, model: float, note: str = "") -> Row:
    return Row("figure 1", network, f"in {unit}", unit, None, model, "assumed", (note,) if note else ())


def test_bars_of_one_unit_have_one_scale() -> None:
    bars = [
        line.split()[-1]
        for line in drawn(BarChart([row("a", "x", 1.0), row("b", "x", 2.0), row("c", "%", 50.0)]), 60)
        if line.endswith("█")
    ]
    assert [len(bar) / len(bars[-1]) for bar in bars] == pytest.approx([0.5, 1, 1], abs=0.02)


def test_a_note_of_many_networks_names_the_quantities() -> None:
    many = [row(f"n{index}", unit, 1.0, "it is so") for unit in ("x", "%") for index in range(13)]
    assert paper_notes(many) == ["it is so"]
    assert paper_notes([*many, row("other", "mm2", 1.0)]) == ["in x, in %: it is so"]
    assert paper_notes([*many[:2], row("other", "mm2", 1.0)]) == ["n0, n1: it is so"]
