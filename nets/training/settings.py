"""All that decides a training run, in plain values: this module imports nothing heavy.

`Recipe` is what makes a low-precision network accurate and sparse, each part a switch. `RECIPES` holds what a format
uses unless told otherwise: the ternary one is DLAC's (Venkatesh, Nurvitadhi and Marr, "Accelerating deep
convolutional networks using low-precision and sparsity", ICASSP 2017, section 2.3 and 4.1).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

FORMATS = (
    "fp32", "int8", "int8-oblivious", "ternary", "fixed32", "fixed16", "fixed8", "fixed4", "pow2", "binary"
)  # fmt: skip
SCHEDULES = ("cosine", "plateau")


@dataclass(frozen=True)
class Recipe:
    """How a network is brought to its format.

    `prune`: the final share of zero weights in every layer. `l1`: the weight of the mean activation in the loss.
    `relu_threshold`: what a ReLU puts out is zero up to it, in the last `relu_epochs` epochs.
    `skip_right`: samples that are already right have no error, and a batch that is all right makes no step.
    `preinit`: epochs in full precision before the format is switched on; None is a fourth of them, or none where
    the run starts from a checkpoint. `first_layer`: the format holds for the first layer too.
    `schedule`: the learning rate falls along a cosine, or, `plateau`, to a third whenever the training error has not
    fallen for `lower_after` epochs. `threshold`: what a ternary weight must exceed, over the layer's mean |weight|.
    `narrow`: after training, the share of training images that int8 may lose to codes of fewer bits; None for none.
    """

    prune: float = 0.0
    l1: float = 0.0
    relu_threshold: float = 0.0
    relu_epochs: int = 2
    skip_right: bool = False
    preinit: int | None = None
    first_layer: bool = True
    schedule: str = "cosine"
    lower_after: int = 1
    threshold: float = 0.7
    narrow: float | None = None


RECIPES = {
    "ternary": Recipe(l1=0.01, relu_threshold=0.01, skip_right=True, first_layer=False, schedule="plateau"),
}


@dataclass(frozen=True)
class Settings:
    """One training run.

    `network` is `module:function`, called with `options`; `data` a data set of `nets.data` or None for the one that
    fits the network's `example_input`; `start` the checkpoint to begin with; `patience` the epochs without a lower
    training loss after which training stops, 0 for never.
    """

    network: str
    format: str = "int8"
    options: dict[str, int] = field(default_factory=dict)
    data: str | None = None
    data_path: str | None = None
    start: str | None = None
    epochs: int = 30
    seed: int = 1
    learning_rate: float = 1e-3
    batch: int = 32
    patience: int = 10
    recipe: Recipe = Recipe()
    device: str = "cpu"
    threads: int = 1

    def __post_init__(self) -> None:
        if self.recipe.prune and self.format == "binary":
            raise ValueError("binary weights have no zero, so they cannot be pruned: leave --prune out")

    @property
    def full_epochs(self) -> int:
        """Epochs in full precision before the format is switched on."""
        if self.format == "fp32":
            return self.epochs
        if self.recipe.preinit is not None:
            return min(self.recipe.preinit, self.epochs - 1)
        return 0 if self.start else self.epochs // 4

    @property
    def settled_epoch(self) -> int:
        """The epoch from which on nothing but the learning rate changes, so that training may stop early."""
        last_phase = self.epochs - self.recipe.relu_epochs if self.recipe.relu_threshold else 0
        low = 0 if self.format == "fp32" else self.full_epochs
        return max(low, last_phase, int(PRUNE_END * self.epochs) if self.recipe.prune else 0)


PRUNE_START, PRUNE_END = 0.2, 0.7


def settings_from(saved: dict[str, Any]) -> Settings:
    """The settings that `dataclasses.asdict` made a dictionary of; what was not there yet is as by default."""
    return Settings(**saved | {"recipe": Recipe(**saved["recipe"])})


def changed(settings: Settings, saved: dict[str, Any]) -> list[str]:
    """The names of the settings that differ from those saved."""
    other = settings_from(saved)
    return [item.name for item in fields(settings) if getattr(settings, item.name) != getattr(other, item.name)]
