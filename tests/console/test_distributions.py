"""The chart of precisions: a block an operand, a line a precision, three bars each."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from tlm.console import distribution_chart
from tlm.console.distributions import DistributionChart
from tlm.statistics import Distribution, LayerStatistics, OperandStatistics, WorkloadStatistics


def operand(*counts: list[int], profile_bits: int | None = 4) -> OperandStatistics:
    widths = tuple(Distribution(np.array(one)) for one in counts)
    return OperandStatistics(10, 1, profile_bits, widths, 20, {"none": 20}, 9.0)


ACTS = operand([0, 5, 5], [0, 1, 3], [0, 0, 4])


def drawn(chart: DistributionChart, width: int, encoding: str = "utf-8") -> list[str]:
    console = Console(file=io.TextIOWrapper(io.BytesIO(), encoding=encoding), width=width)
    with console.capture() as captured:
        console.print(chart, end="")
    return [line.rstrip() for line in captured.get().splitlines()]


def test_bars_are_cumulative_shares() -> None:
    assert drawn(DistributionChart("title", {"activations": ACTS}), 70) == [
        "title",
        "activations: 10 values, the widest 2 bits, P 4",
        "bits  each value by itsel…  groups of 16, mean …  groups of 256, mean…",
        "   1   50% ████████          25% ████               0%",
        "   2  100% ███████████████  100% ███████████████  100% ███████████████",
    ]


@pytest.mark.parametrize("width", [1, 10, 40, 70, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_fits_any_terminal(width: int, encoding: str) -> None:
    lines = drawn(DistributionChart("title", {"weights": ACTS, "activations": ACTS}), width, encoding)
    assert len(lines) == 9 and max(map(len, lines)) <= width
    assert encoding == "utf-8" or "".join(lines).isascii()


def test_it_is_of_a_layer_or_of_all() -> None:
    layer = LayerStatistics("conv\x1b", "conv", 4, 2, None, ACTS)
    whole = LayerStatistics("all", "all", 4, 2, ACTS, operand([0, 1], [0, 1], [0, 1], profile_bits=None))
    told = WorkloadStatistics("left", "net", 1, "", (layer,), whole)
    assert distribution_chart(told).title.startswith("left: net, all layers: the share")
    assert list(distribution_chart(told).operands) == ["weights", "activations"]
    of_layer = distribution_chart(told, layer)
    assert of_layer.title.startswith("left: net, layer conv?: the share")
    assert list(of_layer.operands) == ["activations"]
    assert "profile" not in drawn(distribution_chart(told), 120)[4]
