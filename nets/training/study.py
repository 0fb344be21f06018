"""What each part of the ternary recipe is worth: one network trained with no part, each part alone, and all.

Each run is trained from scratch, for the same epochs, with several seeds. Results lie in `study.yaml`, with the first
seed's curves; the table that they make stands in `docs/training.md`, between two markers.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

from ruamel.yaml import YAML

from nets.training.checkpoint import SHIPPED, Checkpoint, write_whole
from nets.training.console import watched
from nets.training.settings import RECIPES, Recipe, Settings

RESULTS = SHIPPED / "study.yaml"
ALL = RECIPES["ternary"]
NONE = Recipe(preinit=0)


@dataclass(frozen=True)
class Row:
    """One row of the study: what is on, and what the paper says of it (DLAC, sections 2.3, 4.1 and 4.2)."""

    name: str
    recipe: Recipe
    paper: str
    format: str = "ternary"


ROWS = (
    Row("full precision", NONE, "92.45 % (VGG), 73.27 % (ResNet-34)", "fp32"),
    Row("ternary, no part", NONE, "3 points below (VGG)"),
    Row("L1 on activations", replace(NONE, l1=ALL.l1), "a small gain (VGG)"),
    Row("no error where right", replace(NONE, skip_right=True), "part of 1.6 points (VGG)"),
    Row("ReLU threshold", replace(NONE, relu_threshold=ALL.relu_threshold), "part of 1.6 points (VGG)"),
    Row("first layer in full precision", replace(NONE, first_layer=False), "0.5 points (ImageNet)"),
    Row("started in full precision", replace(NONE, preinit=None), "almost 2 points (ResNet-34)"),
    Row("learning rate lowered on a plateau", replace(NONE, schedule="plateau"), "over 1 point at times (ResNet)"),
    Row("all parts", ALL, "1.67 points below (ResNet-34)"),
)
Results = dict[str, dict[str, list[float]]]


def settings_of(row: Row, base: Settings, seed: int) -> Settings:
    """The run of a row."""
    return replace(base, format=row.format, recipe=row.recipe, seed=seed)


def study(base: Settings, seeds: int, folder: Path) -> Results:
    """Train every row with seeds 1 to `seeds`: {row: {accuracy, forward, backward: one figure a seed; curves}}."""
    results: Results = {}
    for row in ROWS:
        found = [watched(settings_of(row, base, seed), folder / "run.pt") for seed in range(1, seeds + 1)]
        results[row.name] = {
            "accuracy": [round(checkpoint["accuracy"]["test"], 5) for checkpoint in found],
            "forward": [round(checkpoint["pairs"]["all"]["forward"], 5) for checkpoint in found],
            "backward": [round(checkpoint["pairs"]["all"]["backward"], 5) for checkpoint in found],
            **curves(found[0]),
        }
    return results


def curves(checkpoint: Checkpoint) -> dict[str, list[float]]:
    """Of a run, epoch by epoch: the share of training images it got wrong, and the pairs of a batch, where it has any.

    The pairs of an epoch without a step are those of the one before.
    """
    found: dict[str, list[float]] = {"error_by_epoch": [], "forward_by_epoch": [], "backward_by_epoch": []}
    for epoch in checkpoint["history"]:
        found["error_by_epoch"].append(round(epoch["error"], 5))
        for way in ("forward", "backward"):
            before = found[f"{way}_by_epoch"][-1:] or [0.0]
            found[f"{way}_by_epoch"].append(round(epoch["pairs"].get(way, before[0]), 5))
    return found


def save(results: Results, told: dict[str, Any]) -> None:
    """Write the results and the settings they came from."""
    text = io.StringIO()
    text.write("# What each part of the ternary recipe is worth; written by `python -m nets.study`.\n")
    YAML().dump({"settings": told, "rows": results}, text)
    write_whole(text.getvalue().encode(), RESULTS)


def table(results: Results) -> str:
    """The study as a table in Markdown: points of accuracy beside ternary without any part."""
    plain = mean(results["ternary, no part"]["accuracy"])
    return "".join(line + "\n" for line in (*HEAD, *_lines(results, plain)))


HEAD = (
    "| on | test accuracy | lowest to highest | beside no part | pairs forward | backward | the paper says |",
    "|---|---|---|---|---|---|---|",
)


def _lines(results: Results, plain: float) -> Iterator[str]:
    for row in ROWS:
        found = results[row.name]
        accuracy = found["accuracy"]
        yield (
            f"| {row.name} | {mean(accuracy):.1%} | {min(accuracy):.1%} to {max(accuracy):.1%} | "
            f"{100 * (mean(accuracy) - plain):+.1f} | {mean(found['forward']):.0%} | {mean(found['backward']):.0%} | "
            f"{row.paper} |"
        )
