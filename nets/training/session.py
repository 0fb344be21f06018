"""One training run in progress: everything an epoch changes, and how it is saved and taken up again.

An epoch is in one of three phases: full precision (so that low precision starts from a network that works), low
precision, and low precision with the ReLU threshold. The structure is the same in all three; quantisers are switched.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nets.training import prune, quantise
from nets.training.checkpoint import load, real_state
from nets.training.formats import FORMATS
from nets.training.images import Images, default_set, load_images, vary
from nets.training.initialise import fit_to
from nets.training.layers import layers
from nets.training.networks import blamed_on_network, build
from nets.training.pairs import PairCounter
from nets.training.relu import Rectifiers
from nets.training.settings import Settings

RECALIBRATE = 64
PRUNE_AGAIN = 16
LOWER_TO = 1 / 3


@dataclass
class Epoch:
    """What an epoch left: the mean `loss`, the share of training images it got wrong, and batches that made no step.

    `pairs` is {layer: {forward, backward}} of one sampled batch, with all of them under "all"; none where no batch
    made a step.
    """

    number: int
    loss: float
    error: float
    learning_rate: float
    skipped: int
    pairs: dict[str, dict[str, float]]


class Session:
    """A network, its data and its optimiser, after `done` epochs.

    `advanced` is called after every batch, with the epochs that are over and the share of the one that runs.
    """

    def __init__(self, settings: Settings) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.device = torch.device(settings.device)
        self.network = build(settings.network, settings.options)
        self.images = _images(self.network, settings)
        if settings.start:
            _start_from(self.network, Path(settings.start))
        else:
            fit_to(self.network, self.images.sample)
        self.rectifiers = Rectifiers(self.network)
        self._attach()
        self.optimiser = torch.optim.Adam(self.network.parameters(), settings.learning_rate)
        self.plateau = _plateau(self.optimiser, settings)
        self.history: list[Epoch] = []
        self.advanced: Callable[[float], None] = lambda epochs: None

    def _attach(self) -> None:
        recipe = self.settings.recipe
        if recipe.prune:
            prune.attach(self.network)
        skip = () if recipe.first_layer else (next(layers(self.network))[0],)
        quantise.attach(self.network, FORMATS[self.settings.format], skip, recipe.threshold)
        quantise.switch(self.network, on=False)
        self.network.to(self.device)

    @property
    def done(self) -> int:
        """Epochs that are over."""
        return len(self.history)

    @property
    def over(self) -> bool:
        """All epochs are over, or the loss has not fallen for `patience` of those that may end training."""
        settled = [epoch.loss for epoch in self.history[self.settings.settled_epoch :]]
        stuck = len(settled) - 1 - settled.index(min(settled)) if settled else 0
        return self.done >= self.settings.epochs or 0 < self.settings.patience <= stuck

    def run_epoch(self) -> Epoch:
        """Train over all images once."""
        learning_rate = self.optimiser.param_groups[0]["lr"]
        self._set_phase(self.done)
        self.network.train()
        seen = _Seen()
        batches = torch.split(torch.randperm(len(self.images.train)), self.settings.batch)
        for number, batch in enumerate(batches):
            if number % PRUNE_AGAIN == 0 and self.settings.recipe.prune:
                self._prune((self.done + number / len(batches)) / self.settings.epochs)
            if number % RECALIBRATE == 0 and self._in_format(self.done):
                quantise.calibrate(self.network, self.images.sample.to(self.device))
            with blamed_on_network("a step of training"):
                self._step(batch, seen)
            self.advanced(self.done + (number + 1) / len(batches))
        error = seen.wrong / len(self.images.train)
        self._lower_learning_rate(error)
        self.history.append(
            Epoch(self.done + 1, seen.loss / seen.batches, error, learning_rate, seen.skipped, seen.pairs)
        )
        return self.history[-1]

    def take_a_step(self) -> None:
        """Make one step as the next epoch would, with the first of its batches that makes one; no epoch is counted."""
        self._set_phase(self.done)
        self.network.train()
        batches = torch.split(torch.randperm(len(self.images.train)), self.settings.batch)
        with blamed_on_network("a step of training"):
            any(self._learn(batch, _Seen()) for batch in batches)

    def _in_format(self, epoch: int) -> bool:
        """The epoch, counted from 0, is in the format, not in full precision."""
        return self.settings.format != "fp32" and epoch >= self.settings.full_epochs

    def _set_phase(self, epoch: int) -> None:
        recipe, low = self.settings.recipe, self._in_format(epoch)
        quantise.switch(self.network, on=low)
        self.rectifiers.kept = recipe.l1 > 0
        last = epoch >= self.settings.epochs - recipe.relu_epochs and (low or self.settings.format == "fp32")
        self.rectifiers.threshold = recipe.relu_threshold if last else 0.0

    def _prune(self, progress: float) -> None:
        prune.prune(self.network, prune.sparsity_at(progress, self.settings.recipe.prune))

    def _step(self, batch: Tensor, seen: _Seen) -> None:
        """One step; while the epoch has no sample of operand pairs yet, with a count of them."""
        if seen.pairs:
            self._learn(batch, seen)
            return
        with PairCounter(self.network) as counter:
            stepped = self._learn(batch, seen)
        if stepped:
            seen.pairs = {name: pairs.shares() for name, pairs in counter.layers.items()}
            seen.pairs["all"] = counter.total.shares()

    def _learn(self, batch: Tensor, seen: _Seen) -> bool:
        """Move the weights by one batch; False where all of it was right and the recipe makes no step then."""
        images = vary(self.images.train[batch]).to(self.device)
        labels = self.images.train_labels[batch].to(self.device)
        losses, right = losses_of(self.network(images), labels, self.settings.recipe.skip_right)
        loss = losses.mean()
        penalty = self.settings.recipe.l1 * self.rectifiers.penalty()
        seen.add(loss, right)
        if self.settings.recipe.skip_right and right.all():
            seen.skipped += 1
            return False
        self.optimiser.zero_grad()
        torch.autograd.backward(loss + penalty)
        self.optimiser.step()
        return True

    def _lower_learning_rate(self, error: float) -> None:
        """After an epoch whose training error is `error`; a plateau counts once the format is on."""
        if self.plateau is None:
            share = (1 + math.cos(math.pi * (self.done + 1) / self.settings.epochs)) / 2
            for group in self.optimiser.param_groups:
                group["lr"] = share * self.settings.learning_rate
        elif self._in_format(self.done) or self.settings.format == "fp32":
            self.plateau.step(error)

    def state(self) -> dict[str, Any]:
        """All that changes, as tensors and plain values."""
        return {
            "settings": asdict(self.settings),
            "history": [asdict(epoch) for epoch in self.history],
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "plateau": self.plateau.state_dict() if self.plateau else None,
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state() if self.device.type == "cuda" else None,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Take up where `state` was saved."""
        self.history = [Epoch(**epoch) for epoch in state["history"]]
        self._set_phase(self.done - 1)
        self.network.load_state_dict(state["network"])
        self.optimiser.load_state_dict(state["optimiser"])
        if self.plateau:
            self.plateau.load_state_dict(state["plateau"])
        torch.set_rng_state(state["random"])
        if state["random_cuda"] is not None:
            torch.cuda.set_rng_state(state["random_cuda"])


@dataclass
class _Seen:
    """What an epoch has seen so far."""

    loss: float = 0.0
    wrong: int = 0
    batches: int = 0
    skipped: int = 0
    pairs: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, loss: Tensor, right: Tensor) -> None:
        """Count one batch."""
        self.loss += loss.item()
        self.wrong += int((~right).sum())
        self.batches += 1


def losses_of(outputs: Tensor, labels: Tensor, skip_right: bool) -> tuple[Tensor, Tensor]:
    """Each sample's loss `[N]`, zero where it is right and `skip_right`, and which are right `[N]`."""
    right = outputs.detach().argmax(1) == labels
    losses = F.cross_entropy(outputs, labels, reduction="none")
    return (losses * ~right if skip_right else losses), right


def _plateau(optimiser: torch.optim.Optimizer, settings: Settings) -> torch.optim.lr_scheduler.ReduceLROnPlateau | None:
    if settings.recipe.schedule != "plateau":
        return None
    return torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimiser, factor=LOWER_TO, patience=settings.recipe.lower_after - 1, threshold=0.0
    )


def _start_from(network: nn.Module, file: Path) -> None:
    try:
        network.load_state_dict(real_state(load(file)))
    except RuntimeError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{file} does not fit the network: {reason[:300]}") from error


def _images(network: nn.Module, settings: Settings) -> Images:
    example = cast(Tensor, network.example_input)
    shape = tuple(example.shape[1:])
    if len(shape) != 3:
        raise ValueError(f"{settings.network} takes no images but inputs of shape {list(shape)}: no data set fits")
    with torch.no_grad(), blamed_on_network("the network on its `example_input`"):
        outputs = network.eval()(example)
    if not isinstance(outputs, Tensor) or outputs.ndim != 2:
        told = list(outputs.shape) if isinstance(outputs, Tensor) else type(outputs).__name__
        raise ValueError(f"{settings.network} must put out a tensor [images, classes], not {told}")
    name, classes = settings.data or default_set(shape), outputs.shape[1]
    images = load_images(name, settings.data_path, shape)
    most = int(max(images.train_labels.max(), images.test_labels.max()))
    if most >= classes:
        raise ValueError(f"the set {name!r} has labels up to {most}, and the network tells {classes} classes apart")
    return images
