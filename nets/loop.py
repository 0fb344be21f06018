"""The training loop: Adam, a cosine learning rate, small random turns and shifts, pruning and L1 as asked."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nets import prune
from nets.checkpoint import Checkpoint, export
from nets.data import TEST_IMAGES, digits, training_digits
from nets.measure import measure
from nets.quantise import FORMATS, attach

BATCH = 32
TURN_RAD, SHIFT, ZOOM = math.radians(10), 0.08, 0.1


@dataclass(frozen=True)
class Settings:
    """All that decides a training run; `prune` is the final share of zero weights, `l1` weighs activations."""

    network: str
    format: str
    epochs: int
    seed: int
    learning_rate: float
    prune: float
    l1: float
    threads: int


Report = Callable[[int, float], None]


def train(settings: Settings, report: Report) -> Checkpoint:
    """Train as `settings` say and return the checkpoint; `report(epoch, loss)` is called after every epoch."""
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    number_format = FORMATS[settings.format]
    network: nn.Module = importlib.import_module(f"nets.{settings.network}").build()
    shape = cast(Tensor, network.example_input).shape[1:]
    images, labels = (torch.from_numpy(array) for array in training_digits(shape))
    if settings.prune:
        prune.attach(network)
    attach(network, number_format)
    _fit(network, images, labels, settings, report)
    test_images, test_labels = (torch.from_numpy(array) for array in digits(TEST_IMAGES, shape))
    return {
        "format": settings.format,
        "network": settings.network,
        **export(network, number_format),
        "accuracy": {
            "train": accuracy(network, images, labels),
            "test": accuracy(network, test_images, test_labels),
        },
        "measured": measure(network, number_format, test_images),
        "training": asdict(settings),
    }


def accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    """The share of `images` whose largest output is at the label."""
    network.eval()
    with torch.no_grad():
        found = torch.cat([network(batch).argmax(1) for batch in torch.split(images, 256)])
    return int((found == labels).sum()) / len(labels)


def _fit(network: nn.Module, images: Tensor, labels: Tensor, settings: Settings, report: Report) -> None:
    optimiser = torch.optim.Adam(network.parameters(), settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, settings.epochs)
    taps = _tap_activations(network) if settings.l1 else []
    for epoch in range(settings.epochs):
        if settings.prune:
            prune.prune(network, prune.sparsity_at(epoch / settings.epochs, settings.prune))
        losses = []
        network.train()
        for batch in torch.split(torch.randperm(len(images)), BATCH):
            loss = F.cross_entropy(network(vary(images[batch])), labels[batch])
            penalty = settings.l1 * sum((tap.pop().mean() for tap in taps), torch.tensor(0.0))
            optimiser.zero_grad()
            torch.autograd.backward(loss + penalty)
            optimiser.step()
            losses.append(loss.item())
        schedule.step()
        report(epoch + 1, float(np.mean(losses)))


def _tap_activations(network: nn.Module) -> list[list[Tensor]]:
    """One list a ReLU, which each forward pass appends that ReLU's output to."""
    taps: list[list[Tensor]] = []
    for module in network.modules():
        if isinstance(module, nn.ReLU):
            tap: list[Tensor] = []
            module.register_forward_hook(partial(_keep, tap))
            taps.append(tap)
    return taps


def _keep(tap: list[Tensor], _module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
    tap.append(output)


def vary(images: Tensor) -> Tensor:
    """Images `[N, C, H, W]`, each turned by up to 10 degrees, shifted and zoomed by up to a tenth."""
    turn, zoom, *shift = (torch.rand(4, len(images)) * 2 - 1) * torch.tensor([TURN_RAD, ZOOM, 2 * SHIFT, 2 * SHIFT])[
        :, None
    ]
    cosine, sine = torch.cos(turn) * (1 + zoom), torch.sin(turn) * (1 + zoom)
    rows = (torch.stack([cosine, -sine, shift[0]]), torch.stack([sine, cosine, shift[1]]))
    grid = F.affine_grid(torch.stack(rows).permute(2, 0, 1), list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)
