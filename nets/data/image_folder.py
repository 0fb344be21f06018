"""Folders of images, a sub-folder a class, read with Pillow.

`train` and `test` (or `val`) each hold a folder a class; where there is neither, the class folders lie at the top
and one image in five of each class is for testing. Classes are numbered in the order of their names. Images come
class by class in turn, so that the first few are of different classes.
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

WHAT = "a folder a class of images, in train/ and test/ or not"
ENDINGS = {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
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
    split = any((folder / name).is_dir() for names in NAMES.values() for name in names)
    inner = next((folder / name for name in NAMES[part] if (folder / name).is_dir()), None) if split else folder
    if inner is None or not inner.is_dir():
        raise missing(folder, f"{NAMES[part][0]}/" if split else "folder", WHAT)
    found = [
        (place, label, file)
        for label, name in enumerate(sorted(path for path in inner.iterdir() if path.is_dir()))
        for place, file in enumerate(_kept(name, None if split else part))
    ]
    if not found:
        raise missing(folder, "class folder with images", WHAT)
    return [(file, label) for _place, label, file in sorted(found)]


def _kept(folder: Path, part: Part | None) -> list[Path]:
    """A class's images, or those of a part."""
    images = sorted(file for file in folder.iterdir() if file.suffix.lower() in ENDINGS)
    if part is None:
        return images
    return [file for place, file in enumerate(images) if (place % ONE_IN == 0) == (part == "test")]


def _pixels(listed: Sequence[Path], shape: Shape | None) -> Bytes:
    """`[N, C, H, W]` of 0..255."""
    pillow = _pillow()
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


def _pillow() -> ModuleType:
    try:
        return import_module("PIL.Image")
    except ImportError as missing:
        raise ImportError("folders of images are read with Pillow: pip install pillow") from missing
