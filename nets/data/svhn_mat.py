"""SVHN, house numbers cropped to one digit: MATLAB 5 files, read with SciPy."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from nets.data.examples import Bytes, Examples, Labels, Part, Shape, from_bytes
from nets.data.places import find
from tlm.inputs.extras import needs

WHAT = "SVHN's cropped digits (train_32x32.mat and test_32x32.mat; ufldl.stanford.edu/housenumbers)"


def read(folder: Path, part: Part, images: int | None, shape: Shape | None) -> Examples:
    """The first `images` of a part, `[N, 3, H, W]` in 0..1, 32x32 pixels unless `shape` says otherwise."""
    (file,) = files(folder, part)
    content = _content(file)
    pixels, labels = _pixels(file, content.get("X")), _labels(file, content.get("y"))
    if len(pixels) != len(labels):
        raise ValueError(f"{file}: has {len(pixels)} images and {len(labels)} labels")
    return from_bytes("svhn", pixels[:images], shape), labels[:images]


def files(folder: Path, part: Part) -> tuple[Path]:
    """A part's file."""
    return (find(folder, [f"{part}_32x32.mat"], WHAT),)


def _content(file: Path) -> dict[str, Any]:
    needs("train", "scipy")
    matlab = import_module("scipy.io")
    try:
        content: dict[str, Any] = matlab.loadmat(file, variable_names=("X", "y"))
    except Exception as error:  # a damaged file fails in many ways
        raise ValueError(f"{file}: is no whole MATLAB 5 file: {str(error).partition(chr(10))[0]}") from error
    return content


def _pixels(file: Path, given: Any) -> Bytes:
    """`[N, 3, 32, 32]` of the file's `[32, 32, 3, N]`."""
    if given is None or given.dtype != np.uint8 or given.shape[:3] != (32, 32, 3) or given.ndim != 4:
        told = "there is none" if given is None else f"{given.dtype} {list(given.shape)}"
        raise ValueError(f"{file}: X must be bytes [32, 32, 3, N]; {told}")
    pixels: Bytes = given.transpose(3, 2, 0, 1)
    return pixels


def _labels(file: Path, given: Any) -> Labels:
    """Digits 0..9; the file writes 10 for 0."""
    if given is None or given.dtype.kind not in "uif" or not np.isin(given, np.arange(11)).all():
        raise ValueError(f"{file}: y must be one digit 1..10 an image" + ("; there is none" if given is None else ""))
    labels: Labels = given.reshape(-1).astype(np.int64) % 10
    return labels
