"""The five synthetic networks behind data/accelerator_reference.csv, in the Toronto lab's simulator layout.

The values are regenerated from the published seeds and distributions: every tensor is drawn by a generator of
its own, seeded with [network seed, layer number, 0 for activations or 1 for weights].
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


@attrs.frozen
class Values:
    """A distribution: at most `bits` wide, a share `zeros` of zeros, of scale 2^log_scale."""

    bits: int
    zeros: float
    log_scale: float


ACTS, WEIGHTS = Values(9, 0.4, 4), Values(11, 0, 5)
BYTE_WEIGHTS = Values(8, 0, 3)
IMAGE, IMAGE_WEIGHTS = Values(10, 0.05, 7), Values(12, 0, 7)


@attrs.frozen
class Recipe:
    """One layer; the map is square, the channels are those of the input."""

    name: str
    channels: int
    filters: int
    size: int = 0
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    groups: int = 1
    acts: Values = ACTS
    weights: Values = WEIGHTS
    signed: bool = False

    @property
    def kind(self) -> str:
        return "conv" if self.size else "fc"

    def shapes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        square, window = ((self.size,) * 2, (self.kernel,) * 2) if self.size else ((), ())
        return (1, self.channels, *square), (self.filters, self.channels // self.groups, *window)


FC_ACTS, FC_WEIGHTS = Values(9, 0.3, 4), Values(10, 0, 4)
SIGNED = Values(10, 0, 4)
SEEDS = {"small16": 11, "cnn8": 33, "fcnet16": 55, "signed16": 66, "wide16": 77}
NETWORKS = {
    "small16": (
        Recipe("conv1", 3, 24, 32, 5, 2, 2, acts=IMAGE, weights=IMAGE_WEIGHTS),
        Recipe("conv2", 24, 40, 16, 3, 1, 1),
        Recipe("conv3", 40, 72, 16, 3, 2, acts=Values(8, 0.5, 3)),
        Recipe("fc4", 3528, 300, acts=Values(8, 0.6, 3), weights=FC_WEIGHTS),
    ),
    "cnn8": (
        Recipe("conv1", 3, 32, 64, 3, 2, 1, acts=Values(8, 0.02, 5.5), weights=Values(8, 0, 4)),
        Recipe("conv2", 32, 64, 32, 3, 1, 1, acts=Values(8, 0.4, 3.5), weights=BYTE_WEIGHTS),
        Recipe("conv3", 64, 128, 32, 3, 2, 1, acts=Values(8, 0.5, 3), weights=BYTE_WEIGHTS),
        Recipe("conv4", 128, 128, 16, acts=Values(8, 0.5, 2.5), weights=BYTE_WEIGHTS),
        Recipe("fc5", 512, 100, acts=Values(8, 0.5, 2.5), weights=BYTE_WEIGHTS),
    ),
    "fcnet16": (
        Recipe("fca", 1000, 256, acts=FC_ACTS, weights=FC_WEIGHTS),
        Recipe("fcb", 1000, 512, acts=FC_ACTS, weights=FC_WEIGHTS),
        Recipe("fcc", 1024, 512, acts=FC_ACTS, weights=FC_WEIGHTS),
        Recipe("fcd", 4096, 1000, acts=Values(9, 0.5, 4), weights=FC_WEIGHTS),
    ),
    "signed16": (
        Recipe("conv1", 32, 48, 18, 3, 1, 1, acts=SIGNED, signed=True),
        Recipe("fc2", 512, 128, acts=SIGNED, signed=True),
    ),
    "wide16": (
        Recipe("fold", 3, 40, 31, 7, 3, 2, acts=IMAGE, weights=IMAGE_WEIGHTS),
        Recipe("filters", 32, 300, 20, 3, 1, 1),
        Recipe("grouped", 32, 96, 20, 3, 1, 1, groups=2, acts=Values(9, 0.5, 4)),
        Recipe("chunks", 16, 128, 64, 3, 1, 1, acts=Values(8, 0.6, 3), weights=Values(11, 0.6, 5)),
    ),
}


def one_sided(rng: np.random.Generator, shape: tuple[int, ...], values: Values) -> Floats:
    """One more than a rounded-down exponential, cut off at the largest unsigned value, or zero."""
    drawn = np.floor(rng.exponential(2.0**values.log_scale, shape)) + 1.0
    zero = rng.random(shape) < values.zeros
    return np.where(zero, 0.0, drawn.clip(max=2**values.bits - 1)).astype(np.float32)


def two_sided(rng: np.random.Generator, shape: tuple[int, ...], values: Values) -> Floats:
    """A rounded Laplace, cut off at the largest signed magnitude; zeros drawn only where there are any."""
    most = 2 ** (values.bits - 1) - 1
    drawn = np.round(rng.laplace(0.0, 2.0**values.log_scale, shape)).clip(-most, most)
    if values.zeros:
        drawn = np.where(rng.random(shape) < values.zeros, 0.0, drawn)
    return drawn.astype(np.float32)


def tensors(network: str, index: int) -> tuple[Floats, Floats]:
    """Activations and weights of one layer, in the files' axes: [1, C, X, Y] and [F, C / groups, Kx, Ky]."""
    recipe = NETWORKS[network][index]
    acts, weights = recipe.shapes()
    draw = two_sided if recipe.signed else one_sided
    return (
        draw(np.random.default_rng([SEEDS[network], index, 0]), acts, recipe.acts),
        two_sided(np.random.default_rng([SEEDS[network], index, 1]), weights, recipe.weights),
    )


def write_network(folder: Path, network: str) -> Path:
    """Write one network's traces under `folder`; returns its own folder."""
    recipes = NETWORKS[network]
    rows = [(r.name, r.kind, r.stride, r.padding) for r in recipes]
    precisions = [(r.acts.bits, 0, r.weights.bits, 0) for r in recipes]
    written = write_traces(folder / network, rows, precisions)
    for index, recipe in enumerate(recipes):
        write_tensors(written, recipe.name, *tensors(network, index))
    return written


def write_traces(folder: Path, rows: list[tuple[Any, ...]], precisions: list[tuple[int, ...]]) -> Path:
    """The text files of a traces folder: `rows` of model.csv, one tuple of precision.txt for each."""
    folder.mkdir(parents=True)
    (folder / "model.csv").write_text("".join(",".join(map(str, row)) + "\n" for row in rows))
    columns = ["".join(f"{number};" for number in row) for row in zip(*precisions, strict=True)]
    (folder / "precision.txt").write_text("\n".join(["precisions", *columns]) + "\n")
    return folder


def write_tensors(folder: Path, name: str, acts: npt.NDArray[Any], weights: npt.NDArray[Any]) -> None:
    """The tensors of layer `name`."""
    np.save(folder / f"act-{name}-0.npy", acts)
    np.save(folder / f"wgt-{name}.npy", weights)
