"""The study of the recipe: its rows are the recipe's parts, one at a time, and its table tells points."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

import pytest
import small_runs

from nets import study as command
from nets.training import session as sessions
from nets.training import study
from nets.training.settings import RECIPES


def test_each_row_switches_one_part_of_the_recipe_and_together_they_are_all() -> None:
    plain, parts = asdict(study.NONE), {}
    for row in study.ROWS[2:-1]:
        on = {key: value for key, value in asdict(row.recipe).items() if value != plain[key]}
        assert len(on) == 1, row.name
        parts |= on
    assert replace(study.NONE, **parts) == study.ALL == RECIPES["ternary"]


def test_the_table_tells_points_beside_no_part() -> None:
    figures = {"forward": [0.2], "backward": [0.4]}
    results = {row.name: {"accuracy": [0.8, 0.9], **figures} for row in study.ROWS}
    results["all parts"]["accuracy"] = [0.9, 0.92]
    lines = study.table(results).splitlines()
    assert len(lines) == 2 + len(study.ROWS)
    assert lines[-1].startswith("| all parts | 91.0% | 90.0% to 92.0% | +6.0 | 20% | 40% | 1.67 points below")


def test_curves_have_an_epoch_each_and_keep_the_pairs_of_an_epoch_without_a_step() -> None:
    pairs = [{"forward": 0.5, "backward": 0.25}, {}, {"forward": 0.4, "backward": 0.2}]
    history = [{"error": 0.9 - number / 4, "pairs": of} for number, of in enumerate(pairs)]
    assert study.curves({"history": history}) == {
        "error_by_epoch": [0.9, 0.65, 0.4],
        "forward_by_epoch": [0.5, 0.5, 0.4],
        "backward_by_epoch": [0.25, 0.25, 0.2],
    }


def test_the_command_writes_results_and_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: small_runs.few())
    monkeypatch.setattr(study, "RESULTS", tmp_path / "study.yaml")
    monkeypatch.setattr(study, "ROWS", (study.ROWS[0], study.ROWS[1]))
    monkeypatch.setattr("nets.training.page.put", lambda marker, table: None)
    asked = {"--network": "small_runs:build", "--width": "2", "--epochs": "1", "--seeds": "2", "--threads": "1"}
    assert command.main([word for pair in asked.items() for word in pair]) == 0
    assert "| ternary, no part |" in capsys.readouterr().out
    written = (tmp_path / "study.yaml").read_text()
    assert "seeds: 2" in written and written.count("error_by_epoch:") == 2
