"""What every data set is read into: images with labels, in 0..1, at the size a network takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Shape = tuple[int, ...]
Part = Literal["train", "test"]
Examples = tuple[Floats, Labels]


@dataclass(frozen=True, eq=False)
class Split:
    """Images float32 `[N, channels, height, width]` in 0..1 and labels int64 `[N]`, for training and for testing."""

    train_images: Floats
    train_labels: Labels
    test_images: Floats
    test_labels: Labels


def from_bytes(name: str, pixels: Bytes, shape: Shape | None) -> Floats:
    """Pixels `[N, C, H, W]` of 0..255 as images in 0..1, of `shape` (C, height, width) or as they are."""
    check_channels(name, pixels.shape[1], shape)
    images = pixels.astype(np.float32) / np.float32(255)
    return images if shape is None else resize(images, shape)


def check_channels(name: str, channels: int, shape: Shape | None) -> None:
    """ValueError unless images of so many channels can be had in `shape`."""
    if shape is not None and (len(shape) != 3 or shape[0] != channels):
        have = "one channel" if channels == 1 else f"{channels} channels"
        raise ValueError(f"{name} have {have}: their shape is ({channels}, height, width), not {tuple(shape)}")


def resize(images: npt.NDArray[Any], shape: Shape) -> Floats:
    """Images `[N, C, H, W]` at the height and width of `shape`, bilinear."""
    if images.shape[2:] == tuple(shape[1:]):
        return images.astype(np.float32)
    rows, columns = (
        _bilinear(old, new).astype(images.dtype) for old, new in zip(images.shape[2:], shape[1:], strict=True)
    )
    resized: Floats = (rows @ images @ columns.T).astype(np.float32)
    return resized


def _bilinear(old: int, new: int) -> npt.NDArray[np.float64]:
    """The matrix `[new, old]` that resizes a line of pixels, pixel centres at +0.5, edges repeated."""
    position = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0.0, 1.0 - np.abs(position[:, np.newaxis] - np.arange(old)))
