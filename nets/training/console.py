"""A run as it is watched: a bar that moves with every batch, the time that is left, then a table of what came of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from nets.training.checkpoint import Checkpoint, save
from nets.training.loop import begin, complete
from nets.training.networks import short_name
from nets.training.session import Epoch
from nets.training.settings import Settings

SUFFIX = ".state"
COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def run(settings: Settings, file: Path, resume: bool = False, log: Path | None = None) -> None:
    """Train, write the checkpoint to `file`, and print what came of it."""
    checkpoint = watched(settings, file, resume, log)
    save(checkpoint, file)
    console = Console()
    console.print(accuracies({file.stem: checkpoint}))
    console.print(operand_pairs(checkpoint))
    for name, value in checkpoint["measured"].items():
        told = f"{value:.1%}" if name.endswith("_zeros") else f"{value:.3f}"
        console.print(f"{name.replace('_', ' ')}: {told}")
    console.print(f"{file}: {file.stat().st_size:,} bytes", soft_wrap=True)


def watched(settings: Settings, file: Path, resume: bool = False, log: Path | None = None) -> Checkpoint:
    """Train behind a progress bar; the state to resume from lies beside `file` until training is over."""
    name = f"{short_name(settings.network)} {settings.format}"
    state = file.with_name(file.name + SUFFIX)
    if log is not None and not resume:
        log.write_text("")
    session = begin(settings, state if resume else None)
    with Progress(*COLUMNS) as progress:
        task = progress.add_task(name, total=settings.epochs, completed=session.done)
        session.advanced = lambda epochs: progress.update(task, completed=epochs)

        def report(epoch: Epoch) -> None:
            text = f"{name}  loss {epoch.loss:.4f}  wrong {epoch.error:.1%}"
            progress.update(task, description=text)
            if log is not None:
                with log.open("a") as out:
                    out.write(json.dumps(asdict(epoch)) + "\n")

        return complete(session, report, state)


def accuracies(checkpoints: dict[str, Checkpoint]) -> Table:
    """Accuracy by checkpoint, beside that of the one it began with."""
    table = Table("checkpoint", "format", "train", "test", "began with", title="accuracy", title_justify="left")
    for name, checkpoint in checkpoints.items():
        found = checkpoint["accuracy"]
        begun = checkpoint.get("began_with") or {"name": "", "test": None}
        told = f"{begun['name']}: {begun['test']:.2%}" if begun["test"] is not None else begun["name"]
        table.add_row(name, checkpoint["format"], f"{found['train']:.2%}", f"{found['test']:.2%}", told)
    return table


def operand_pairs(checkpoint: Checkpoint) -> Table:
    """The share of multiplications with two non-zero operands, by layer, of a sampled batch of the last epoch."""
    table = Table("layer", "forward", "backward", title="pairs of non-zero operands", title_justify="left")
    for name, shares in checkpoint["pairs"].items():
        table.add_row(name, f"{shares['forward']:.1%}", f"{shares['backward']:.1%}")
    return table
