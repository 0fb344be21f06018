"""The tables of on-chip memories: their figures, what lies between them, and files that are refused."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import BadInput
from tlm.memory import macro
from tlm.memory.onchip_macros import FOLDER, USUAL, interpolated, load_macro

SHIPPED = sorted(file.stem for file in FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_macro_cites_its_source_and_states_its_node(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert "Assumed" in text
    assert f"{load_macro(name).node_nm:g} nm" in text
    assert name == f"{load_macro(name).technology}-{load_macro(name).node_nm:g}nm"


def test_published_points_are_met() -> None:
    horowitz = {capacity: macro("sram-45nm", capacity << 10, 64).read_pJ for capacity in (8, 32, 1024)}
    assert horowitz == pytest.approx({8: 10, 32: 20, 1024: 100})
    kelle = macro("edram", 4 << 20, 8)
    assert (kelle.read_pJ, kelle.area_mm2, kelle.leakage_mW) == pytest.approx((84.8, 3.2, 154))
    assert macro("edram", 32 << 10, 4096).refresh_pJ * 64 == pytest.approx(48.1e3, rel=2e-3)  # 64 rows are 32 KiB


def test_edram_is_smaller_and_leaks_less_and_only_it_is_refreshed() -> None:
    sram, edram = (macro(kind, 256 << 10, 256) for kind in ("sram", "edram"))
    assert sram.name, edram.name == (USUAL["sram"], USUAL["edram"])
    assert edram.area_mm2 < sram.area_mm2 / 2
    assert edram.leakage_mW < sram.leakage_mW
    assert (sram.rows, sram.retention_fs, sram.refresh_pJ) == (0, 0, 0)
    assert (edram.rows, edram.retention_fs) == (512, 45 * 10**9)


@given(st.floats(1, 1e12))
def test_between_two_points_lies_a_power_law_which_goes_on_beyond(capacity: float) -> None:
    assert interpolated({"1 KiB": 3, "64 KiB": 24}, capacity) == pytest.approx(3 * (capacity / 1024) ** 0.5)


def test_a_point_s_neighbours_count() -> None:
    table = {"1 KiB": 1.0, "4 KiB": 2.0, "16 KiB": 32.0}
    got = [interpolated(table, kib << 10) for kib in (1, 2, 4, 8, 16, 32)]
    assert got == pytest.approx([1, 2**0.5, 2, 8, 32, 128])


@pytest.mark.parametrize("name", SHIPPED)
def test_all_grows_with_capacity(name: str) -> None:
    banks = [macro(name, capacity, 64) for capacity in (1, 10**3, 10**5, 10**7, 10**9)]
    for less, more in pairwise(banks):
        assert less.read_pJ < more.read_pJ
        assert less.area_mm2 < more.area_mm2
        assert less.leakage_mW < more.leakage_mW


def test_energy_is_in_proportion_to_the_width_but_beyond_a_word_of_edram_what_a_refresh_takes() -> None:
    assert macro("sram", 10**5, 128).write_pJ == pytest.approx(2 * macro("sram", 10**5, 64).write_pJ)
    eight, word, wide = (macro("edram", 32 << 10, bits).read_pJ for bits in (8, 16, 256))
    assert (eight, word) == pytest.approx((5.3, 10.6))
    assert wide == pytest.approx(10.6 + 30 * 1.47)
    tiny = [macro("edram", 64, bits).read_pJ for bits in (16, 160)]
    assert tiny[1] == pytest.approx(10 * tiny[0])  # its own figure is the smaller one


def test_an_unknown_technology_is_refused_with_the_nearest() -> None:
    with pytest.raises(BadInput, match="there is no on-chip memory technology 'edramm'") as refused:
        macro("edramm", 1024, 64)
    assert refused.value.key == "technology"
    assert "edram" in str(refused.value)


GOOD = """technology: sram
node_nm: 7
read_pJ_per_byte: {1 KiB: 1, 2 KiB: 2}
write_pJ_per_byte: {1 KiB: 1, 2 KiB: 2}
leakage_mW: {1 KiB: 1, 2 KiB: 2}
area_mm2: {1 KiB: 1, 2 KiB: 2}
"""


def test_a_user_s_own_file_is_a_technology(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD, encoding="utf-8")
    assert macro(str(file), 1024, 16).read_pJ == pytest.approx(2)
    assert macro(str(file), 1024, 16).node_nm == 7


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("node_nm: 7", "node_nm: 0", "node_nm: must be > 0"),
        ("area_mm2: {1 KiB: 1, 2 KiB: 2}", "area_mm2: {1 KiB: 1}", "area_mm2: needs figures above 0 for two"),
        ("leakage_mW: {1 KiB: 1,", "leakage_mW: {1 KiB: 0,", "leakage_mW: needs figures above 0 for two"),
        ("read_pJ_per_byte: {1 KiB", "read_pJ_per_byte: {1 kB", "read_pJ_per_byte: .*1 kB"),
        ("technology: sram", "technology: edram", "refresh: belongs to edram"),
        ("technology: sram", "technology: mram", "technology: "),
        ("node_nm: 7", "node_nm: 7\nword_bits: 16", "word_bits: belongs to edram"),
        ("node_nm: 7", "node: 7", "node: unknown key"),
    ],
)
def test_a_file_that_cannot_be_is_told_with_its_place(tmp_path: Path, old: str, new: str, message: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(BadInput, match=message) as refused:
        macro(str(file), 1024, 16)
    assert str(file) in str(refused.value)
