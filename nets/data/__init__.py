"""Data sets by name, and the input functions of scenarios.

Built in are `digits` (real scans, one channel) and `patterns` (drawn, three channels). `mnist`, `svhn`, `cifar10`
and `folder` (images in a folder a class) are read from `$TLM_DATA/NAME`, or `data/NAME` where that is not set.

An input function of a scenario (`input: "nets.data:digits"`) is `function(images, shape)`: how many images, and
the shape of one, `(channels, height, width)`. It returns `(inputs, labels)`: float32 `[images, *shape]` and one
label an image, or None; an attribute `files` of the function names the data files it reads. One that has fewer
images gives those it has; one that cannot serve the shape raises ValueError. Those below give test images.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from nets.data import cifar10_binary, drawing, image_folder, mnist_idx, svhn_mat, uci
from nets.data.examples import Examples, Part, Shape, Split
from nets.data.places import MissingData, place
from nets.data.uci import TEST_IMAGES, TEST_SPLIT, enlarge, split_digits

__all__ = [
    "BUILT_IN",
    "LOCAL",
    "TEST_IMAGES",
    "TEST_SPLIT",
    "MissingData",
    "Split",
    "cifar10",
    "digits",
    "enlarge",
    "folder",
    "load",
    "mnist",
    "patterns",
    "split_digits",
    "svhn",
    "training_digits",
]

Function = Callable[[int, Shape], Examples]


@dataclass(frozen=True)
class Local:
    """How a data set is read from its folder: the first images of a part, and the files they are in."""

    read: Callable[[Path, Part, int | None, Shape | None], Examples]
    files: Callable[[Path, Part], tuple[Path, ...]]


BUILT_IN = {"digits": uci.read, "patterns": drawing.read}
LOCAL = {
    "mnist": Local(mnist_idx.read, mnist_idx.files),
    "svhn": Local(svhn_mat.read, svhn_mat.files),
    "cifar10": Local(cifar10_binary.read, cifar10_binary.files),
    "folder": Local(image_folder.read, image_folder.files),
}


def load(name: str, path: str | Path | None = None, shape: Shape | None = None) -> Split:
    """The data set `name`, whole, its images in `shape` (channels, height, width) or in their own.

    `path` is its folder where it is not in the usual place. MissingData (a FileNotFoundError and a ValueError)
    says what to put where; ValueError what is wrong with a file.
    """
    train, test = _read(name, "train", None, shape, path), _read(name, "test", None, shape, path)
    return Split(*train, *test)


def _read(name: str, part: Part, images: int | None, shape: Shape | None, path: str | Path | None = None) -> Examples:
    if name in BUILT_IN:
        if path is not None:
            raise ValueError(f"{name} are built in and read from no folder: {path}")
        return BUILT_IN[name](part, images, shape)
    if name not in LOCAL:
        known = (*BUILT_IN, *LOCAL)
        match = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {match[0]!r}?" if match else ""
        raise ValueError(f"there is no data set {name!r} (allowed: {', '.join(known)}){hint}")
    return LOCAL[name].read(place(name, path), part, images, shape)


@dataclass(frozen=True)
class _TestFiles:
    """The files of a local data set's test images, looked for when they are asked for."""

    name: str

    def __iter__(self) -> Iterator[Path]:
        return iter(LOCAL[self.name].files(place(self.name), "test"))


def _reads(files: Iterable[Path]) -> Callable[[Function], Function]:
    """Give an input function its attribute `files`."""

    def give(function: Function) -> Function:
        function.files = files  # type: ignore[attr-defined]
        return function

    return give


@_reads((TEST_SPLIT,))
def digits(images: int, shape: Shape) -> Examples:
    """Handwritten digits, 8x8 enlarged: `[images, 1, H, W]` in 0..1."""
    return _read("digits", "test", images, shape)


def patterns(images: int, shape: Shape) -> Examples:
    """Drawn shapes and textures, 32x32: `[images, 3, H, W]` in 0..1."""
    return _read("patterns", "test", images, shape)


@_reads(_TestFiles("mnist"))
def mnist(images: int, shape: Shape) -> Examples:
    """MNIST's handwritten digits, 28x28: `[images, 1, H, W]` in 0..1."""
    return _read("mnist", "test", images, shape)


@_reads(_TestFiles("svhn"))
def svhn(images: int, shape: Shape) -> Examples:
    """SVHN's house numbers, 32x32: `[images, 3, H, W]` in 0..1."""
    return _read("svhn", "test", images, shape)


@_reads(_TestFiles("cifar10"))
def cifar10(images: int, shape: Shape) -> Examples:
    """CIFAR-10, 32x32: `[images, 3, H, W]` in 0..1."""
    return _read("cifar10", "test", images, shape)


@_reads(_TestFiles("folder"))
def folder(images: int, shape: Shape) -> Examples:
    """Images of one's own, a folder a class: `[images, C, H, W]` in 0..1, C being 1 or 3."""
    return _read("folder", "test", images, shape)


def training_digits(shape: Shape) -> Examples:
    """The whole training split of the digits, `[1437, 1, H, W]` in 0..1; needs scikit-learn."""
    return _read("digits", "train", None, shape)
