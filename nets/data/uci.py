"""Real images: scikit-learn's handwritten digits.

1,797 scans of 8x8 pixels, 0..16 ("Optical Recognition of Handwritten Digits", E. Alpaydin and C. Kaynak, UCI
Machine Learning Repository, 1998, CC BY 4.0; bundled with scikit-learn). The split is fixed: one scan in five is
for testing, stratified by digit. The test scans lie in `checkpoints/digits-test.npz`, so that only training needs
scikit-learn.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nets.data.examples import Bytes, Examples, Floats, Labels, Part, Shape, check_channels, resize
from tlm.inputs.extras import needs

TEST_SPLIT = Path(__file__).parents[1] / "checkpoints" / "digits-test.npz"
TEST_IMAGES = 360
WHITE = 16


def read(part: Part, images: int | None, shape: Shape | None) -> Examples:
    """The first `images` scans of a part, `[N, 1, H, W]`, 8x8 pixels unless `shape` says more, and their digits."""
    scans, labels = _test_split() if part == "test" else split_digits()[0]
    return enlarge(scans[:images], shape or (1, *scans.shape[1:])), labels[:images].astype(np.int64)


def _test_split() -> tuple[Bytes, Labels]:
    with np.load(TEST_SPLIT, allow_pickle=False) as split:
        return split["scans"], split["labels"]


def split_digits() -> tuple[tuple[Bytes, Labels], tuple[Bytes, Labels]]:
    """(train, test), each scans `[N, 8, 8]` and labels `[N]`, from scikit-learn's copy."""
    needs("train", "sklearn")
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    found = load_digits()
    scans, labels = found.images.astype(np.uint8), found.target.astype(np.int64)
    train, test, train_labels, test_labels = train_test_split(
        scans, labels, test_size=0.2, stratify=labels, random_state=0
    )
    return (train, train_labels), (test, test_labels)


def enlarge(scans: Bytes, shape: Shape) -> Floats:
    """Scans `[N, 8, 8]` of 0..16 as images `[N, 1, H, W]` of 0..1, bilinear, for `shape` (1, H, W)."""
    check_channels("digits", 1, shape)
    return resize((scans / WHITE)[:, np.newaxis], shape)
