"""What a person sees at the end of a run, in a wide and in a narrow terminal."""

from __future__ import annotations

import io

import attrs
import pytest
from rich.console import Console
from small_networks import scenario

from tlm.console import component_table, show
from tlm.console.cells import UNICODE
from tlm.console.tables import compression_line, energy_lines
from tlm.result import Compression, Result
from tlm.system import run
from tlm.workload.layer import Workload


@pytest.fixture(scope="module")
def result(small_network: Workload) -> Result:
    return run(scenario("memory={standard: ddr4-3200, width: 16}"), small_network)


def printed(result: Result, width: int) -> str:
    target = io.StringIO()
    show(result, Console(file=target, width=width))
    return target.getvalue()


@pytest.mark.parametrize("width", [80, 110, 160])
def test_a_table_fits_its_terminal_and_names_the_largest_stall_whole(result: Result, width: int) -> None:
    lines = printed(result, width).splitlines()
    table = [line for line in lines if line and line[0] in "┏┃┡│├└"]
    assert max(map(len, table)) <= width
    assert any("offchip_bandwidth" in line for line in table)
    assert all(any(line.startswith(f"│ {layer.name} ") for line in table) for layer in result.layers)


def test_a_wide_table_tells_more_reasons_than_a_narrow_one(result: Result) -> None:
    wide, narrow = (printed(result, width).count("decompression") for width in (160, 80))
    assert wide > narrow


def test_what_grows_is_called_so_and_what_shrinks_is_not() -> None:
    assert "LARGER" in compression_line("weights", Compression("dpred", 11, 10, 5.0))
    line = compression_line("weights", Compression("dpred", 9, 10, 5.0))
    assert "LARGER" not in line
    assert "ratio 0.900 (entropy 0.500)" in line


def test_energy_and_area_are_a_line_each_where_they_are_known(result: Result) -> None:
    energy, area = energy_lines(result)
    assert energy.startswith(f"energy: {(result.energy_j or 0) * 1e6:,.1f} uJ, {result.tops_per_w:.3g} TOPS/W (array ")
    assert area.startswith(f"area: {result.area_mm2:.1f} mm2 (array ")
    assert energy_lines(attrs.evolve(result, energy_j=None, tops_per_w=None)) == [area]
    assert energy_lines(attrs.evolve(result, area_mm2=None)) == [energy]


@pytest.mark.parametrize("width", [60, 80, 110, 160])
def test_components_are_told_folded_and_fit(result: Result, width: int) -> None:
    target = io.StringIO()
    Console(file=target, width=width).print(component_table(result.components, width))
    lines = target.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    rows = [line.split("│") for line in lines if line.startswith("│")]
    assert [row[1].strip() for row in rows][:3] == ["channel0", "dma", "decompressor"]
    assert next(row[2].strip() for row in rows if row[1].strip() == "tile") == f"{UNICODE.times}16"


def test_everything_is_shown_in_ascii_where_the_terminal_knows_no_more(result: Result) -> None:
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding="ascii")  # what it cannot encode raises
    show(result, Console(file=stream, width=100))
    stream.flush()
    assert b"bound by offchip_bandwidth" in written.getvalue()


def test_a_layer_is_called_what_it_is_called(result: Result) -> None:
    odd = attrs.evolve(result.layers[0], name="[red]a\x1b[2J")
    assert "[red]a?[2J" in printed(attrs.evolve(result, layers=[odd]), 160)
