"""The table of layers and the sentence of the run: each says what binds, what memory cost, what compression bought."""

from __future__ import annotations

import io

import attrs
import pytest
from rich.console import Console
from small_networks import scenario

from tlm.console.layers import layer_table, lines_of, reason, whole
from tlm.console.repeated import compare_table, widen_table
from tlm.console.tables import summary
from tlm.result import Comparison, Result, Widening
from tlm.system import run
from tlm.workload.layer import Workload

NARROW = "memory={standard: ddr4-3200, width: 16}"


@pytest.fixture(scope="module")
def result(small_network: Workload) -> Result:
    return run(scenario(NARROW), small_network)


@pytest.fixture(scope="module")
def compared(result: Result, small_network: Workload) -> Result:
    raw = run(scenario(NARROW, "compression=none"), small_network)
    layers = [layer.cycles for layer in raw.layers]
    return attrs.evolve(result, compare=[Comparison("none", raw.cycles, raw.time_fs, None, raw.offchip_bytes, layers)])


def rows(table: object, width: int) -> list[list[str]]:
    target = io.StringIO()
    Console(file=target, width=width).print(table)
    lines = target.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith("│")]


@pytest.mark.parametrize(("width", "columns"), [(80, 6), (100, 8), (150, 9)])
def test_a_wider_terminal_is_told_more_of_each_layer(result: Result, width: int, columns: int) -> None:
    found = rows(layer_table(result, width), width)
    assert {len(row) for row in found} == {columns}
    named = [row for row in found if row[0]]
    assert [row[0] for row in named] == [*(layer.name for layer in result.layers), "all"]


def test_every_cell_is_what_the_result_says(result: Result) -> None:
    layer, line = result.layers[3], lines_of(result, result.accelerators[0])[3]
    cells = rows(layer_table(result, 100), 100)[3]
    cost = layer.cycles - (layer.compute_cycles or 0)
    moved = sum(part.read_bytes + part.written_bytes for part in layer.traffic.values())
    raw = sum(part.uncompressed_bytes for part in layer.traffic.values())
    assert (line.memory_cost, line.moved_bytes, line.raw_bytes) == (cost, moved, raw)
    assert cells == [
        layer.name,
        f"{layer.cycles:,}",
        f"{layer.compute_cycles:,}",
        f"{cost:,} {round(100 * cost / layer.cycles):>3}%",
        layer.bound_by,
        f"{moved / 1024:,.1f}",
        f"{round(100 * (raw - moved) / raw)}%",
        f"{layer.cycles / layer.roofline_cycles:.2f}",
    ]


def test_the_last_line_adds_the_layers_up(result: Result) -> None:
    line = whole(result, result.accelerators[0])
    assert line.cycles == result.cycles == sum(layer.cycles for layer in result.layers)
    assert line.memory_cost == sum(sum(layer.stalls.values()) for layer in result.layers)
    assert line.moved_bytes == result.offchip_bytes


def test_cycles_that_compression_saved_are_told_where_a_run_without_it_is_there(
    result: Result, compared: Result
) -> None:
    assert "cycles saved" not in reason(result, result.accelerators[0])
    saved = compared.compare[0].cycles - result.cycles
    assert f"KiB and {saved:,} cycles;" in reason(compared, compared.accelerators[0])
    found = rows(layer_table(compared, 100), 100)
    place = len(found[0]) - 2
    assert [row[place] for row in found] == [
        *(f"{raw - layer.cycles:,}" for raw, layer in zip(compared.compare[0].layers, result.layers, strict=True)),
        f"{saved:,}",
    ]


def test_the_sentence_says_all_four(result: Result) -> None:
    one = result.accelerators[0]
    cost = sum(sum(layer.stalls.values()) for layer in result.layers)
    sentence = reason(result, one)
    assert sentence.startswith(f"bound by {one.bound_by}: the memory cost {cost:,} of {result.cycles:,} cycles (")
    assert sentence.endswith(f"; {result.cycles / one.roofline_cycles:.2f} times the roofline")
    assert "; compression " in sentence
    assert sentence in summary(result)


def test_a_run_without_compression_claims_none(small_network: Workload) -> None:
    raw = run(scenario(NARROW, "compression=none"), small_network)
    assert "; nothing is compressed; " in reason(raw, raw.accelerators[0])


def test_a_codec_that_made_it_more_is_told_so(small_network: Workload) -> None:
    padded = run(scenario(NARROW, "compression.align_bits=512"), small_network)
    assert "; compression ADDED " in reason(padded, padded.accelerators[0])


def test_a_layer_without_a_rule_has_no_array_and_a_run_of_nothing_no_roofline(result: Result) -> None:
    layer = attrs.evolve(result.layers[0], compute_cycles=None, roofline_cycles=0, traffic={})
    found = rows(layer_table(attrs.evolve(result, layers=[layer]), 100), 100)[0]
    assert (found[2], found[6], found[7]) == ("-", "-", "-")


def test_layers_of_several_accelerators_stand_under_their_names(small_network: Workload) -> None:
    both = run(scenario("accelerator=[{name: l, preset: base}, {name: r, preset: stripes}]", NARROW), small_network)
    names = [row[0] for row in rows(layer_table(both, 100), 100)]
    layers = [layer.name for layer in small_network.layers]
    assert names == [*(f"l: {name}" for name in layers), "l: all", *(f"r: {name}" for name in layers), "r: all"]
    told = summary(both)
    assert any(line.startswith("l: bound by ") for line in told)
    assert any(line.startswith("r: predictions ") for line in told)


def test_repeated_runs_have_their_tables(compared: Result) -> None:
    compared = attrs.evolve(compared, energy_j=0.5e-6, compare=[attrs.evolve(compared.compare[0], energy_j=None)])
    found = rows(compare_table(compared), 80)
    assert [row[0] for row in found] == ["(as it is)", "none"]
    assert found[1][5] == f"{compared.compare[0].time_fs / compared.time_fs:.2f}"
    assert [row[4] for row in found] == ["0.5", "-"]
    wider = attrs.evolve(compared, widen=[Widening("channels", "1", "2", compared.cycles - 500, 500)])
    assert rows(widen_table(wider), 80) == [
        ["channels", "1", "2", f"{compared.cycles - 500:,}", "500", f"{500 / compared.cycles:.1%}"]
    ]


def test_an_interrupted_run_says_so_at_its_end_too(result: Result) -> None:
    assert not any("interrupted" in line for line in summary(result))
    assert any(line.startswith("interrupted: ") for line in summary(attrs.evolve(result, partial=True)))
