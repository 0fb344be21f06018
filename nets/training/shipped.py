"""The shipped checkpoints: trained by one command from `recipes.yaml`, and told of in `accuracy.yaml`.

Reports read `accuracy.yaml`; nothing but this command trains.
"""

from __future__ import annotations

import difflib
import io
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

from nets.training.checkpoint import SHIPPED, Checkpoint, load, save, write_whole
from nets.training.console import accuracies, watched
from nets.training.device import pick
from nets.training.networks import full_name
from nets.training.page import put
from nets.training.settings import RECIPES, Recipe, Settings, changed

RECIPE_FILE = SHIPPED / "recipes.yaml"
ACCURACY_FILE = SHIPPED / "accuracy.yaml"
ON_THE_WAY = ".training"
BAND = 0.02
#: Which radix point serves all layers best in 4 bits is a close call, and a seed may tip it.
BANDS = {"fixed4": 0.1}
RECIPE_KEYS = {item.name for item in fields(Recipe)}


@dataclass(frozen=True)
class Entry:
    """One checkpoint of `recipes.yaml`; `start` is another entry, `keep` why a file is not trained anew."""

    name: str
    settings: Settings
    start: str | None
    ship: bool
    keep: str | None

    def file(self, folder: Path) -> Path:
        """Where the checkpoint goes; those trained on the way lie apart."""
        return folder / f"{self.name}.pt" if self.ship else folder / ON_THE_WAY / f"{self.name}.pt"


def entries(only: Sequence[str] | None = None) -> dict[str, Entry]:
    """What `recipes.yaml` lists, in order; with `only`, those and what they begin with."""
    found = {name: _entry(name, dict(row)) for name, row in YAML(typ="safe").load(RECIPE_FILE).items()}
    for name in only or ():
        if name not in found:
            match = difflib.get_close_matches(name, found, n=1)
            hint = f"; did you mean {match[0]!r}?" if match else ""
            raise ValueError(f"--only: there is no checkpoint {name!r} (allowed: {', '.join(found)}){hint}")
    wanted = set(only or found)
    for entry in reversed(found.values()):  # those trained on the way only; shipped ones lie there
        if entry.name in wanted and entry.start and not found[entry.start].ship:
            wanted.add(entry.start)
    return {name: entry for name, entry in found.items() if name in wanted}


def _entry(name: str, row: dict[str, Any]) -> Entry:
    keep, ship, start = row.pop("keep", None), row.pop("ship", True), row.pop("from", None)
    changes = {key: row.pop(key) for key in RECIPE_KEYS & set(row)}
    recipe = replace(RECIPES.get(row["format"], Recipe()), **changes)
    settings = Settings(**row | {"network": full_name(row["network"]), "recipe": recipe})
    return Entry(name, settings, start, ship, keep)


def train_all(only: Sequence[str] | None, device: str, threads: int, resume: bool) -> None:
    """Train the shipped checkpoints, each as soon as what it begins with is there, and renew `accuracy.yaml`.

    With `resume`, those of the same settings that are there already are left.
    """
    everything = entries()
    (SHIPPED / ON_THE_WAY).mkdir(exist_ok=True)
    done: dict[str, Checkpoint] = {}
    for entry in entries(only).values():
        file, seconds = entry.file(SHIPPED), None
        settings = _prepared(entry, everything, SHIPPED, device, threads)
        if entry.keep is None and not (resume and _same(settings, file)):
            began = time.monotonic()
            save(watched(settings, file, resume), file)
            seconds = round(time.monotonic() - began)
        done[entry.name] = load(file)
        if entry.ship:
            _note(entry, done[entry.name], seconds, tuple(everything))
    _clear(SHIPPED / ON_THE_WAY)
    Console().print(accuracies(done))


def check_all(only: Sequence[str] | None, device: str, threads: int, seed: int | None) -> bool:
    """Train all again in a temporary folder and compare with `accuracy.yaml`; True if every one is in its band."""
    told, everything = YAML(typ="safe").load(ACCURACY_FILE), entries()
    table, good = Table("checkpoint", "shipped", "here", "points", "of at most"), True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / ON_THE_WAY).mkdir()
        for entry in _with_beginnings(only).values():
            settings = _prepared(entry, everything, folder, device, threads)
            checkpoint = watched(settings if seed is None else replace(settings, seed=seed), entry.file(folder))
            save(checkpoint, entry.file(folder))
            if entry.ship:
                then, now = told[entry.name]["accuracy"]["test"], checkpoint["accuracy"]["test"]
                band = BANDS.get(settings.format, BAND)
                good &= abs(now - then) <= band
                table.add_row(
                    entry.name, f"{then:.2%}", f"{now:.2%}", f"{100 * (now - then):+.2f}", f"{100 * band:.0f}"
                )
    Console().print(table)
    Console().print(f"{'all' if good else 'not all'} within their bands")
    return good


def _with_beginnings(only: Sequence[str] | None) -> dict[str, Entry]:
    everything = entries()
    wanted = set(entries(only))
    for entry in reversed(everything.values()):
        if entry.name in wanted and entry.start:
            wanted.add(entry.start)
    return {name: entry for name, entry in everything.items() if name in wanted}


def _prepared(entry: Entry, everything: dict[str, Entry], folder: Path, device: str, threads: int) -> Settings:
    """The entry's settings on this machine, with the file to begin with."""
    start = str(everything[entry.start].file(folder)) if entry.start else None
    return replace(entry.settings, start=start, device=pick(device), threads=threads)


def _same(settings: Settings, file: Path) -> bool:
    """The file is there and of these settings."""
    start = Path(settings.start).name if settings.start else None
    return file.is_file() and not changed(replace(settings, start=start), load(file)["training"])


def _note(entry: Entry, checkpoint: Checkpoint, seconds: int | None, order: Sequence[str]) -> None:
    """Renew the entry's row of `accuracy.yaml`; `seconds` are told where it was trained just now."""
    yaml = YAML()
    rows = (yaml.load(ACCURACY_FILE) if ACCURACY_FILE.exists() else None) or {}
    seconds = rows.get(entry.name, {}).get("seconds") if seconds is None else seconds
    rows[entry.name] = row(checkpoint) | {"bytes": entry.file(SHIPPED).stat().st_size}
    if seconds is not None:
        rows[entry.name]["seconds"] = seconds
    rows = {name: rows[name] for name in order if name in rows}
    text = io.StringIO(HEADER)
    text.seek(0, io.SEEK_END)
    yaml.dump(rows, text)
    write_whole(text.getvalue().encode(), ACCURACY_FILE)
    put("shipped", page_table(rows))


HEADER = """\
# Accuracy, sparsity and settings of the shipped checkpoints; written by `python -m nets.train --all`.
# accuracy: of all training and all test images. measured: zeros, and the size in DPRed containers, of all quantised
# layers' weights and inputs. pairs: multiplications of two non-zero operands, of a batch of the last epoch.
"""


def row(checkpoint: Checkpoint) -> dict[str, Any]:
    """What `accuracy.yaml` tells of a checkpoint."""
    training = dict(checkpoint["training"])
    return {
        "network": full_name(checkpoint["network"]),
        "format": checkpoint["format"],
        "accuracy": _rounded(checkpoint["accuracy"]),
        "began_with": _rounded(checkpoint.get("began_with") or {}),
        "measured": _rounded(checkpoint["measured"]),
        "pairs": _rounded(checkpoint.get("pairs", {}).get("all", {})),
        "training": {key: training[key] for key in training if key not in ("network", "format", "start")},
    }


def page_table(rows: dict[str, Any]) -> str:
    """`accuracy.yaml` as a table in Markdown."""
    head = (
        "| checkpoint | test accuracy | began with | weights: zeros | DPRed ratio | activations: zeros | DPRed ratio "
        "| pairs forward | backward | epochs | bytes |",
        "|---" * 11 + "|",
    )
    return "".join(f"{line}\n" for line in (*head, *(_page_row(name, told) for name, told in rows.items())))


def _page_row(name: str, told: dict[str, Any]) -> str:
    measured, pairs = told["measured"], told["pairs"]
    figures = (
        _percent(told["accuracy"]["test"], 2),
        _percent(told["began_with"].get("test"), 2),
        _percent(measured.get("weight_zeros")),
        _ratio(measured.get("weight_dpred_ratio")),
        _percent(measured.get("activation_zeros")),
        _ratio(measured.get("activation_dpred_ratio")),
        _percent(pairs.get("forward")),
        _percent(pairs.get("backward")),
        str(told["training"]["epochs"]),
        f"{told['bytes']:,}",
    )
    return f"| {name} | {' | '.join(figures)} |"


def _percent(share: float | None, places: int = 0) -> str:
    return "" if share is None else f"{share:.{places}%}".replace("%", " %")


def _ratio(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _rounded(figures: dict[str, Any]) -> dict[str, Any]:
    return {name: round(value, 5) if isinstance(value, float) else value for name, value in figures.items()}


def _clear(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()
    folder.rmdir()
