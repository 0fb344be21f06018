"""Folders of images, a sub-folder a class, read with Pillow.

`train` and `test` (or `val`) each hold a folder a class; where there is neither, the class folders lie at the top
and one image in five of each class is for testing, the first among them. Classes are numbered in the order of their
names, those of `train` where it is there, so that both parts have the same numbers. Images come class by class in turn,
so that the first few are of different classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from nets.data.examples import Bytes, Examples, Part, Shape, from_bytes
from nets.data.places import missing
from tlm.inputs.extras import needs

ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
WHAT = f"train/CLASS/IMAGE and test/CLASS/IMAGE, or all as CLASS/IMAGE ({', '.join(sorted(ENDINGS))})"
NAMES = {"train": ("train",), "test": ("test", "val")}
ONE_IN = 5
MODES = {1: "L", 3: "RGB"}


def read(folder: Path, part: Part, images: int | None, shape: Shape | None) -> Examples:
    """The first `images` of a part, `[N, C, H, W]` in 0..1, in `shape` or as they are, in colour."""
    listed = _listed(folder, part)[:images]
    if shape is not None and (len(shape) != 3 or shape[0] not in MODES):
        raise ValueError(f"images of a folder have 1 or 3 channels: (channels, height, width), not {tuple(shape)}")
    pixels = _pixels([file for file, _ in listed], shape)
    return from_bytes("images", pixels, None), np.array([label for _, label in listed], np.int64)


def files(folder: Path, part: Part) -> tuple[Path, ...]:
    """A part's images."""
    return tuple(file for file, _ in _listed(folder, part))


def _listed(folder: Path, part: Part) -> list[tuple[Path, int]]:
    """A part's images with their labels, class by class in turn."""
    inner = {name: _inner(folder, NAMES[name]) for name in NAMES}
    split = any(inner.values())
    own = inner[part] if split else folder
    if own is None or not own.is_dir():
        raise missing(folder, f"{part}/", WHAT)
    labels = {name: label for label, name in enumerate(_classes(inner["train"] or own))}
    found = []
    for name in _classes(own):
        if name not in labels:
            raise ValueError(f"{own / name}: train/ has no class {name!r}, but: {', '.join(labels)}")
        images = _images(own / name)
        found += [(place, labels[name], file) for place, file in enumerate(images if split else _kept(images, part))]
    if not found:
        raise missing(folder, f"{own.name}/CLASS/IMAGE" if split else "CLASS/IMAGE", WHAT)
    return [(file, label) for place, label, file in sorted(found)]


def _inner(folder: Path, names: Sequence[str]) -> Path | None:
    """The first of `names` that is a folder in `folder`."""
    return next((folder / name for name in names if (folder / name).is_dir()), None)


def _classes(folder: Path) -> list[str]:
    """The names of the classes in `folder`, in order; what is hidden is none."""
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _images(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in ENDINGS)


def _kept(images: Sequence[Path], part: Part) -> list[Path]:
    """Those of a class that are for a part; ValueError where its only image is for testing."""
    if part == "train" and len(images) == 1:
        raise ValueError(f"{images[0].parent} has one image, which is for testing: a class needs two to be trained")
    return [file for place, file in enumerate(images) if (place % ONE_IN == 0) == (part == "test")]


def _pixels(listed: Sequence[Path], shape: Shape | None) -> Bytes:
    """`[N, C, H, W]` of 0..255."""
    needs("train", "PIL")
    pillow = import_module("PIL.Image")
    channels, size = (shape[0], shape[1:]) if shape else (3, None)
    pixels = [_image(pillow, file, MODES[channels], size) for file in listed]
    for file, image in zip(listed, pixels, strict=True):
        if image.shape != pixels[0].shape:
            sizes = " and ".join(f"{other.shape[0]}x{other.shape[1]}" for other in (pixels[0], image))
            raise ValueError(f"{file}: images of one run have one size, and there are {sizes}: give a shape")
    return np.stack(pixels).reshape(len(pixels), *pixels[0].shape[:2], channels).transpose(0, 3, 1, 2)


def _image(pillow: ModuleType, file: Path, mode: str, size: tuple[int, ...] | None) -> Bytes:
    """`[H, W]` or `[H, W, 3]`; `size` is (height, width)."""
    try:
        with pillow.open(file) as opened:
            image: Any = opened.convert(mode)
    except Exception as error:  # a damaged file fails in many ways
        raise ValueError(f"{file}: is no image that Pillow reads: {str(error).partition(chr(10))[0]}") from error
    resized = image if size is None else image.resize((size[1], size[0]), pillow.Resampling.BILINEAR)
    pixels: Bytes = np.asarray(resized)
    return pixels
