"""Real images: scikit-learn's handwritten digits, enlarged.

1,797 scans of 8x8 pixels, 0..16 ("Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI
Machine Learning Repository, 1998, CC BY 4.0; bundled with scikit-learn). The split is fixed: one scan in five is
for testing, stratified by digit. The test scans lie in `checkpoints/digits-test.npz`, so that only training needs
scikit-learn.

An input function of a scenario (`input: "nets.data:digits"`) is `function(images, shape)`: how many images, and
the shape of one, `(channels, height, width)`. It returns `(inputs, labels)`: float32 `[images, *shape]` and one
label an image, or None; an attribute `files` of the function names the data files it reads. One that has fewer
images gives those it has; one that cannot serve the shape raises ValueError.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]

TEST_SPLIT = Path(__file__).parent / "checkpoints" / "digits-test.npz"
TEST_IMAGES = 360
WHITE = 16


def digits(images: int, shape: tuple[int, ...]) -> tuple[Floats, Labels]:
    """The first `images` scans of the test split, `[images, 1, H, W]` in 0..1, and their digits."""
    with np.load(TEST_SPLIT, allow_pickle=False) as split:
        scans, labels = split["scans"][:images], split["labels"][:images]
    return enlarge(scans, shape), labels.astype(np.int64)


digits.files = (TEST_SPLIT,)  # type: ignore[attr-defined]


def training_digits(shape: tuple[int, ...]) -> tuple[Floats, Labels]:
    """The whole training split, `[1437, 1, H, W]` in 0..1, and its digits; needs scikit-learn."""
    scans, labels = split_digits()[0]
    return enlarge(scans, shape), labels


def split_digits() -> tuple[tuple[Bytes, Labels], tuple[Bytes, Labels]]:
    """(train, test), each scans `[N, 8, 8]` and labels `[N]`, from scikit-learn's copy."""
    try:
        from sklearn.datasets import load_digits
        from sklearn.model_selection import train_test_split
    except ImportError as missing:
        raise ImportError(
            "training needs scikit-learn, which bundles the digits: pip install scikit-learn"
        ) from missing
    found = load_digits()
    scans, labels = found.images.astype(np.uint8), found.target.astype(np.int64)
    train, test, train_labels, test_labels = train_test_split(
        scans, labels, test_size=0.2, stratify=labels, random_state=0
    )
    return (train, train_labels), (test, test_labels)


def enlarge(scans: Bytes, shape: tuple[int, ...]) -> Floats:
    """Scans `[N, 8, 8]` of 0..16 as images `[N, 1, H, W]` of 0..1, bilinear, for `shape` (1, H, W)."""
    if len(shape) != 3 or shape[0] != 1:
        raise ValueError(f"digits have one channel: their shape is (1, height, width), not {tuple(shape)}")
    rows, columns = (_bilinear(scans.shape[1], size) for size in shape[1:])
    images = rows @ (scans / WHITE) @ columns.T
    return images[:, np.newaxis].astype(np.float32)


def _bilinear(old: int, new: int) -> npt.NDArray[np.float64]:
    """The matrix `[new, old]` that enlarges a line of pixels, pixel centres at +0.5, edges repeated."""
    position = np.clip((np.arange(new) + 0.5) * old / new - 0.5, 0, old - 1)
    return np.maximum(0.0, 1.0 - np.abs(position[:, np.newaxis] - np.arange(old)))
