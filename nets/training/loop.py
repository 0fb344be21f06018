"""A training run from its first epoch, or from where it was interrupted, to its checkpoint."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nets.training.checkpoint import Checkpoint, export, load, load_network, read, write_whole
from nets.training.formats import FORMATS
from nets.training.measure import measure
from nets.training.narrow import narrow
from nets.training.session import Epoch, Session
from nets.training.settings import Settings, changed

MEASURED = 128
NARROWED_BY = 1024

Report = Callable[[Epoch], None]


def train(settings: Settings, report: Report, state: Path | None = None, resume: bool = False) -> Checkpoint:
    """Train as `settings` say and return the checkpoint; the rest is said at `begin` and `complete`."""
    return complete(begin(settings, state if resume else None), report, state)


def begin(settings: Settings, state: Path | None = None) -> Session:
    """A run that is ready; where the file `state` is there, after the epochs it was saved with.

    ValueError where it is of other settings.
    """
    session = Session(settings)
    if state is not None and state.exists():
        session.resume(_saved(state, settings))
    return session


def complete(session: Session, report: Report, state: Path | None = None) -> Checkpoint:
    """Train to the end. After every epoch `report` is called and the run saved in `state`, at last removed."""
    while not session.over:
        epoch = session.run_epoch()
        if state is not None:
            _save(session.state(), state)
        report(epoch)
    checkpoint = _checkpoint(session)
    if state is not None:
        state.unlink(missing_ok=True)
    return checkpoint


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of `images` whose largest output is at the label."""
    network.eval()
    with torch.no_grad():
        found = torch.cat([network(batch).argmax(1) for batch in torch.split(images, 256)])
    return int((found == labels).sum()) / len(labels)


def _checkpoint(session: Session) -> Checkpoint:
    settings, images = session.settings, session.images
    precisions = _narrowed(session)
    checkpoint = {
        "format": settings.format,
        "network": settings.network,
        "options": dict(settings.options),
        **export(session.network, FORMATS[settings.format]),
        "relu_threshold": session.rectifiers.threshold,
        "measured": measure(session.network, images.test[:MEASURED].to(session.device), FORMATS[settings.format].bits),
        "precisions": precisions,
        "pairs": next((epoch.pairs for epoch in reversed(session.history) if epoch.pairs), {}),
        "history": [_row(epoch) for epoch in session.history],
        "training": asdict(replace(settings, start=Path(settings.start).name if settings.start else None)),
        "began_with": _began_with(settings),
    }
    restored = load_network(checkpoint)
    checkpoint["accuracy"] = {
        "train": accuracy(restored, images.train, images.train_labels),
        "test": accuracy(restored, images.test, images.test_labels),
    }
    return checkpoint


def _narrowed(session: Session) -> dict[str, dict[str, int]]:
    """The bits that the recipe leaves each layer; empty where it takes none away."""
    allowed = session.settings.recipe.narrow
    if allowed is None:
        return {}
    images, labels = (part.to(session.device) for part in session.images.some(NARROWED_BY))
    return narrow(session.network, lambda: accuracy(session.network, images, labels), allowed)


def _began_with(settings: Settings) -> dict[str, Any] | None:
    """The name and the test accuracy of the checkpoint that the run began with."""
    if settings.start is None:
        return None
    accuracy = load(Path(settings.start)).get("accuracy", {})
    return {"name": Path(settings.start).stem, "test": accuracy.get("test")}


def _row(epoch: Epoch) -> dict[str, Any]:
    """An epoch in one line: of the pairs, those of all layers together."""
    return asdict(epoch) | {"pairs": epoch.pairs.get("all", {})}


def _save(state: dict[str, Any], file: Path) -> None:
    content = io.BytesIO()
    torch.save(state, content)
    write_whole(content.getvalue(), file)


def _saved(file: Path, settings: Settings) -> dict[str, Any]:
    state = read(file)
    if differing := changed(settings, state["settings"]):
        raise ValueError(f"{file} is of a run with other settings ({', '.join(differing)}): repeat that run's command")
    return state
