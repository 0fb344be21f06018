"""CIFAR-10: the binary version (a label and 3,072 pixels a record). The Python version is pickles: never opened."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nets.data.examples import Examples, Part, Shape, from_bytes
from nets.data.places import MissingData, find

WHAT = "CIFAR-10's binary version (cifar-10-batches-bin/ or its files; cs.toronto.edu/~kriz/cifar.html)"
NAMES = {"train": [f"data_batch_{batch}.bin" for batch in range(1, 6)], "test": ["test_batch.bin"]}
FOLDERS = ("", "cifar-10-batches-bin")
PICKLES = ("test_batch", "cifar-10-batches-py", "cifar-10-python.tar.gz")
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32


def read(folder: Path, part: Part, images: int | None, shape: Shape | None) -> Examples:
    """The first `images` of a part, `[N, 3, H, W]` in 0..1, 32x32 pixels unless `shape` says otherwise."""
    records = np.concatenate([_records(file) for file in files(folder, part)])[:images]
    return from_bytes("cifar10", records[:, 1:].reshape(-1, *SHAPE), shape), records[:, 0].astype(np.int64)


def files(folder: Path, part: Part) -> tuple[Path, ...]:
    """A part's files."""
    names = NAMES[part]
    try:
        return tuple(find(folder, [str(Path(inner, name)) for inner in FOLDERS], WHAT) for name in names)
    except MissingData as error:
        pickles = [name for name in PICKLES if (folder / name).exists()]
        if not pickles:
            raise
        what = "CIFAR-10's Python version, a pickle, which is never executed"
        raise MissingData(f"{folder / pickles[0]} is {what}: put the binary version there instead") from error


def _records(file: Path) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """A file's records `[N, 3073]`."""
    content = np.frombuffer(file.read_bytes(), np.uint8)
    if not content.size or content.size % RECORD:
        raise ValueError(f"{file}: has {content.size} bytes, which is not records of {RECORD}")
    records = content.reshape(-1, RECORD)
    if records[:, 0].max() > 9:
        raise ValueError(f"{file}: has a label {records[:, 0].max()}; classes are 0..9")
    return records
