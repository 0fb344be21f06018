"""The precision study again: how near cycles, energies and memories come, accuracies, traffic and figure 4."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tlm import reproduce as command
from tlm.papers import Paper, evaluate, paper, rows, tasks
from tlm.papers import precision as study
from tlm.result import Row

ROOT = Path(__file__).parents[1]
PLUS = ["fixed16", "fixed8", "pow2", "binary"]  # the formats of ALEX+ and ALEX++


@pytest.fixture(scope="module")
def precision() -> Paper:
    return paper("precision")


@pytest.fixture(scope="module")
def told(precision: Paper, tmp_path_factory: pytest.TempPathFactory) -> list[Row]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TLM_CACHE", str(tmp_path_factory.mktemp("cache")))
        return rows(precision.entries, dict(evaluate(tasks(precision.entries), precision.models)))


def ratios(told: list[Row], where: str, measure: str) -> dict[str, float]:
    """{format or network: the model's figure over the published one}."""
    found = {row.network: row.ratio for row in told if (row.where, row.measure) == (where, measure)}
    assert found
    return {name: ratio for name, ratio in found.items() if ratio is not None}


def test_area_and_power_are_table_iiis(told: list[Row]) -> None:
    for measure in ("design area", "power"):
        assert list(ratios(told, "table III", measure).values()) == pytest.approx([1] * 7, abs=1e-9)
    savings = [row for row in told if row.where == "table III" and "saving" in row.measure]
    assert len(savings) == 14
    assert all(row.model == pytest.approx(row.published, abs=0.05) for row in savings)


def test_convnets_cycles_are_within_a_percent(told: list[Row]) -> None:
    found = ratios(told, "table IV", "cycles of ConvNet")
    assert set(found) == {"fp32", "fixed32", "fixed16", "fixed8", "pow2", "binary"}
    assert all(ratio == pytest.approx(1, abs=0.002) for ratio in found.values())
    assert study.cycles("ConvNet", "fixed16") == 136_802
    assert study.cycles("ConvNet", "fp32") - study.cycles("ConvNet", "fixed32") == 64


def test_time_over_alexs_is_within_a_percent(told: list[Row]) -> None:
    found = ratios(told, "table V", "time over ALEX's")
    assert found == {name: pytest.approx(1, abs=0.001) for name in ("LeNet", "ALEX+", "ALEX++")}


def test_convnets_energies_are_a_permille_above(told: list[Row]) -> None:
    found = ratios(told, "table IV", "energy of ConvNet an image")
    assert all(1.0005 < ratio < 1.002 for ratio in found.values())


def test_other_energies_are_above_the_more_the_less_power_there_is(told: list[Row]) -> None:
    lenet = ratios(told, "table IV", "energy of LeNet an image")
    points = ratios(told, "table V", "energy an image")
    assert len(lenet) == 7 and len(points) == 14
    assert all(1.01 < ratio < 1.19 for ratio in (*lenet.values(), *points.values()))
    for form, ratio in lenet.items():
        for other, larger in lenet.items():
            if study.power(other) < 0.8 * study.power(form) and (form, other) != ("fixed4", "binary"):
                assert larger > ratio
    for form in PLUS:
        assert points[f"{form}+"] == pytest.approx(points[form], abs=0.002)
        assert points[f"{form}++"] == pytest.approx(points[form], abs=0.002)


def test_with_less_power_they_are_within_2_percent_but_of_the_least(told: list[Row]) -> None:
    lenet = ratios(told, "table IV", "energy of LeNet an image, 19.8 mW less")
    points = ratios(told, "table V", "energy an image, 19.8 mW less")
    for name, ratio in (*lenet.items(), *points.items()):
        least = name.rstrip("+") in ("fixed4", "binary")
        assert ratio == pytest.approx(0.94 if least else 0.995, abs=0.01 if least else 0.011), name


def test_parameters_are_within_3_percent(told: list[Row]) -> None:
    found = ratios(told, "section V-B", "memory of all parameters in full precision")
    assert set(found) == set(study.NETWORKS)
    assert all(ratio == pytest.approx(1, abs=0.03) for ratio in found.values())
    assert study.parameters("fp32", "LeNet") == pytest.approx(431_080 * 4 / 1048.576)


def test_accuracies_are_of_checkpoints_and_of_networks_too_large_to_ship(told: list[Row]) -> None:
    assert study.accuracy("LeNet", "binary") == pytest.approx(98.889)
    assert study.accuracy("ALEX", "fixed4") == pytest.approx(84.375)
    found = [row for row in told if "accuracy" in row.measure]
    assert len(found) == 7 + 6 + 14 + 14
    assert all(row.model is not None and 10 <= row.model <= 100 and row.inputs == "trained here" for row in found)
    assert all("here patterns that are drawn" in row.note or "handwritten digits" in row.note for row in found)


def test_traffic_is_of_the_values_moved_in_the_widths_of_the_format() -> None:
    """Of LeNet and ConvNet all is moved once; ALEX++ moves maps out and in again, and conv2's weights in twice."""
    weights, pixels, classes = 430_500, 784, 10
    assert study.traffic("LeNet", "fp32") == pytest.approx(4 * (weights + pixels + classes) / 1000, abs=0.01)
    assert study.traffic("LeNet", "pow2") == pytest.approx((6 * weights + 16 * 794) / 8000, abs=0.01)
    assert study.traffic("LeNet", "binary") == pytest.approx((weights + 16 * 794) / 8000, abs=0.01)
    convnet = 1200 + 401_408 + 163_840 + 200 + 3072 + 10
    assert study.traffic("ConvNet", "fixed8") == pytest.approx(convnet / 1000, abs=0.01)
    weights = 1728 + 2 * 73_728 + 294_912 + 2_097_152 + 5120
    maps = 3072 + 2 * (16_384 + 8192 + 4096 + 512) + 10
    assert study.traffic("ALEX++", "fixed8") == pytest.approx((weights + maps) / 1000, abs=0.01)


def test_what_the_study_leaves_out_has_a_figure_of_the_model_alone(told: list[Row]) -> None:
    traffic = [row for row in told if "traffic" in row.measure]
    assert len(traffic) == 7 + 6 + 14
    assert all(row.published is None and row.model for row in traffic)


def test_figure_4_has_every_point_of_table_v(precision: Paper, told: list[Row]) -> None:
    for measure in precision.scatters["figure 4"]:
        table, figure = (
            {row.network: (row.published, row.model) for row in told if (row.where, row.measure) == (where, measure)}
            for where in ("table V", "figure 4")
        )
        assert len(figure) == 14 and figure == table


@pytest.mark.parametrize("number", ["3", "III"])
def test_a_table_goes_by_either_number(number: str, precision: Paper) -> None:
    assert {entry.where for entry in precision.chosen(table=number)} == {"table III"}
    assert len(precision.chosen(table=number)) == 4


def test_figure_4s_picture_has_points(tmp_path: Path) -> None:
    assert command.main(["precision", "--figure", "4", "--out", str(tmp_path), "--no-live"]) == 0
    picture = (tmp_path / "precision-figure-4.svg").read_text()
    assert "fixed16++" in picture and "published" in picture
    assert "![figure 4](precision-figure-4.svg)" in (tmp_path / "precision.md").read_text()


def test_what_was_written_is_of_these_figures(told: list[Row]) -> None:
    document = json.loads((ROOT / "docs" / "reproduced" / "precision.json").read_text(encoding="utf-8"))
    assert document["rows"] == [row.as_json() for row in told], "`make reproduce` writes it anew"
