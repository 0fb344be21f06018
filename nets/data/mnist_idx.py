"""MNIST: IDX files, gzipped or not (a magic number, the sizes, bytes; big-endian)."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path

import numpy as np

from nets.data.examples import Bytes, Examples, Part, Shape, from_bytes
from nets.data.places import find

WHAT = "MNIST's four IDX files (train-images-idx3-ubyte and so on, .gz or not; yann.lecun.com/exdb/mnist)"
STEMS = {"train": "train", "test": "t10k"}


def read(folder: Path, part: Part, images: int | None, shape: Shape | None) -> Examples:
    """The first `images` of a part, `[N, 1, H, W]` in 0..1, 28x28 pixels unless `shape` says otherwise."""
    scans_file, labels_file = files(folder, part)
    scans, labels = read_idx(scans_file, 3), read_idx(labels_file, 1)
    if len(scans) != len(labels):
        raise ValueError(f"{labels_file}: has {len(labels)} labels, {scans_file.name} has {len(scans)} images")
    if labels.size and labels.max() > 9:
        raise ValueError(f"{labels_file}: has a label {labels.max()}; digits are 0..9")
    return from_bytes("mnist", scans[:images, np.newaxis], shape), labels[:images].astype(np.int64)


def files(folder: Path, part: Part) -> tuple[Path, Path]:
    """A part's files of images and of labels."""
    images, labels = (
        find(folder, [f"{STEMS[part]}-{kind}{ending}" for ending in ("", ".gz")], WHAT)
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte")
    )
    return images, labels


def read_idx(file: Path, dimensions: int) -> Bytes:
    """The array of bytes in an IDX file of so many dimensions."""
    content = _content(file)
    magic = bytes((0, 0, 8, dimensions))
    if content[:4] != magic:
        kind = f"IDX file of bytes in {dimensions} dimension{'s'[: dimensions - 1]}"
        raise ValueError(f"{file}: is no {kind}: it begins with {content[:4].hex()}, not {magic.hex()}")
    start = 4 + 4 * dimensions
    if len(content) < start:
        raise ValueError(f"{file}: is cut off in its header, which has {start} bytes")
    sizes = np.frombuffer(content[4:start], ">u4").tolist()
    expected, there = math.prod(sizes), len(content) - start
    if there != expected:
        raise ValueError(f"{file}: its header says {sizes}, {expected} bytes; {there} follow")
    return np.frombuffer(content, np.uint8, offset=start).reshape(sizes)


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    if file.suffix != ".gz":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{file}: is no whole gzip file: {error}") from error
