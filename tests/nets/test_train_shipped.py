"""The shipped checkpoints: all listed, all told of, all as accurate as they say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import small_runs
import torch
from ruamel.yaml import YAML

from nets.training import checkpoint as ck
from nets.training import session as sessions
from nets.training import shipped, study
from nets.training.formats import FORMATS
from nets.training.images import default_set, load_images
from nets.training.loop import accuracy
from nets.training.page import PAGE, between, put

FILES = sorted(ck.SHIPPED.glob("*.pt"))
ENTRIES = shipped.entries()
TOLD: dict[str, Any] = YAML(typ="safe").load(shipped.ACCURACY_FILE)


def test_every_file_is_listed_and_told_of() -> None:
    files = {file.stem for file in FILES}
    assert files == {name for name, entry in ENTRIES.items() if entry.ship} == set(TOLD)


def test_the_files_are_a_few_megabytes_in_all() -> None:
    assert sum(file.stat().st_size for file in FILES) < 10_000_000


def test_lenet_is_there_in_every_format_and_alex_in_the_studys() -> None:
    names = {file.stem for file in FILES}
    assert {f"lenet-{name}" for name in FORMATS} <= names
    assert {f"alex-{name}" for name in FORMATS if name.startswith(("f", "p", "b"))} <= names


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_of_the_settings_that_are_listed(file: Path) -> None:
    entry, found = ENTRIES[file.stem], ck.load(file)
    assert TOLD[file.stem] == shipped.row(found) | {
        key: TOLD[file.stem][key] for key in ("bytes", "seconds") if key in TOLD[file.stem]
    }
    assert TOLD[file.stem]["bytes"] == file.stat().st_size
    assert found["format"] == entry.settings.format
    for key in ("epochs", "seed", "learning_rate"):
        assert found["training"][key] == getattr(entry.settings, key)
    if entry.keep is None:  # what is kept is older than these
        assert found["network"] == entry.settings.network
        assert found["training"]["batch"] == entry.settings.batch
        assert found["training"]["start"] == (entry.start and f"{entry.start}.pt")


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_file_is_about_as_accurate_as_it_says(file: Path) -> None:
    found = ck.load(file)
    network = ck.load_network(found)
    shape = tuple(network.example_input.shape[1:])  # type: ignore[union-attr,arg-type]
    images = load_images(default_set(shape), None, shape)
    some = slice(0, 100)
    assert accuracy(network, images.test[some], images.test_labels[some]) == pytest.approx(
        found["accuracy"]["test"], abs=0.06
    )


@pytest.mark.parametrize("name", [name for name in ENTRIES if name.endswith("-ternary")])
def test_ternary_is_within_two_points_of_full_precision(name: str) -> None:
    assert TOLD[name]["accuracy"]["test"] >= TOLD[name]["began_with"]["test"] - 0.02


@pytest.mark.parametrize("name", [name for name in TOLD if TOLD[name]["measured"].get("weight_zeros", 0) > 0.5])
def test_the_pruned_ones_compress(name: str) -> None:
    assert TOLD[name]["measured"]["weight_dpred_ratio"] < 0.6


def test_the_pruned_ones_are_as_sparse_as_was_asked() -> None:
    pruned = {name: entry.settings.recipe.prune for name, entry in ENTRIES.items() if entry.settings}
    pruned = {name: share for name, share in pruned.items() if share}
    assert len(pruned) >= 2
    for name, share in pruned.items():
        assert 0.6 <= share <= 0.9
        assert TOLD[name]["measured"]["weight_zeros"] == pytest.approx(share, abs=0.02)


def test_the_main_scenarios_network_compresses() -> None:
    measured = TOLD["vgg-int8"]["measured"]
    assert measured["activation_dpred_ratio"] < 0.6


def test_the_page_shows_what_is_told() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert between("shipped").search(page)[0] == f"\n{shipped.page_table(TOLD)}\n"  # type: ignore[index]
    results = YAML(typ="safe").load(study.RESULTS)["rows"]
    assert between("study").search(page)[0] == f"\n{study.table(results)}\n"  # type: ignore[index]


def test_a_table_is_put_between_its_markers(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- one -->\nold\n<!-- end of one -->\nb\n<!-- two -->\n<!-- end of two -->\n")
    put("one", "| new |\n", page)
    assert page.read_text() == (
        "a\n<!-- one -->\n\n| new |\n\n<!-- end of one -->\nb\n<!-- two -->\n<!-- end of two -->\n"
    )


# --- training them all, with a small plan


@pytest.fixture
def small_plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three small checkpoints in an empty folder, one of them on the way."""
    (tmp_path / "recipes.yaml").write_text(
        "a-fp32: {network: 'small_runs:build', format: fp32, epochs: 3, ship: false}\n"
        "a-int8: {network: 'small_runs:build', format: int8, epochs: 1, from: a-fp32}\n"
        "b-binary: {network: 'small_runs:build', format: binary, epochs: 2, seed: 4}\n"
    )
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path)
    monkeypatch.setattr(shipped, "RECIPE_FILE", tmp_path / "recipes.yaml")
    monkeypatch.setattr(shipped, "ACCURACY_FILE", tmp_path / "accuracy.yaml")
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: small_runs.few())
    monkeypatch.setattr(shipped, "put", lambda marker, table: None)
    return tmp_path


def test_all_trains_what_is_listed_and_tells_of_it(small_plan: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shipped.train_all(None, "cpu", 1, resume=False)
    assert {path.name for path in small_plan.iterdir()} == {
        "recipes.yaml", "accuracy.yaml", "a-int8.pt", "b-binary.pt",
    }  # fmt: skip
    told = YAML(typ="safe").load(small_plan / "accuracy.yaml")
    assert list(told) == ["a-int8", "b-binary"]
    assert told["a-int8"]["began_with"]["name"] == "a-fp32"
    assert told["b-binary"]["training"]["seed"] == 4
    assert str(small_plan) not in (small_plan / "accuracy.yaml").read_text()
    printed = capsys.readouterr().out
    assert all(name in printed for name in ("a-fp32", "a-int8", "b-binary"))


def test_only_trains_one_and_leaves_the_others(small_plan: Path) -> None:
    shipped.train_all(None, "cpu", 1, resume=False)
    before = (small_plan / "a-int8.pt").read_bytes()
    (small_plan / "b-binary.pt").unlink()
    shipped.train_all(["b-binary"], "cpu", 1, resume=False)
    assert (small_plan / "a-int8.pt").read_bytes() == before
    assert list(YAML(typ="safe").load(small_plan / "accuracy.yaml")) == ["a-int8", "b-binary"]


def test_what_is_kept_stays_and_is_checked_all_the_same(small_plan: Path) -> None:
    shipped.train_all(None, "cpu", 1, resume=False)
    plan, file = small_plan / "recipes.yaml", small_plan / "b-binary.pt"
    before = file.read_bytes()
    plan.write_text(plan.read_text().replace("epochs: 2, seed: 4", "epochs: 1, seed: 5, keep: for a reason"))
    shipped.train_all(None, "cpu", 1, resume=False)
    assert file.read_bytes() == before
    told = YAML(typ="safe").load(small_plan / "accuracy.yaml")
    told["b-binary"]["accuracy"]["test"] += 0.5
    with (small_plan / "accuracy.yaml").open("w") as out:
        YAML().dump(told, out)
    assert not shipped.check_all(["b-binary"], "cpu", 1, None)


def test_resume_leaves_what_is_there(small_plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    watched, trained = shipped.watched, []

    def interrupted(settings: Any, file: Path, resume: bool = False) -> ck.Checkpoint:
        if file.stem == "b-binary" and not resume:
            raise KeyboardInterrupt
        trained.append(file.stem)
        return watched(settings, file, resume)

    monkeypatch.setattr(shipped, "watched", interrupted)
    with pytest.raises(KeyboardInterrupt):
        shipped.train_all(None, "cpu", 1, resume=False)
    shipped.train_all(None, "cpu", 1, resume=True)
    assert trained == ["a-fp32", "a-int8", "b-binary"]


def test_a_check_trains_from_scratch_and_compares(small_plan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped.train_all(None, "cpu", 1, resume=False)
    before = {path.name: path.read_bytes() for path in small_plan.iterdir()}
    assert shipped.check_all(None, "cpu", 1, None)
    assert {path.name: path.read_bytes() for path in small_plan.iterdir()} == before
    told = YAML(typ="safe").load(small_plan / "accuracy.yaml")
    told["b-binary"]["accuracy"]["test"] += 0.03
    with (small_plan / "accuracy.yaml").open("w") as out:
        YAML().dump(told, out)
    assert not shipped.check_all(["b-binary"], "cpu", 1, None)
    assert shipped.check_all(["a-int8"], "cpu", 1, None)


def test_nothing_is_trained_by_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.optim.Adam, "step", lambda *_: pytest.fail("trained"))
    ck.load_network(ck.load(FILES[0]))
