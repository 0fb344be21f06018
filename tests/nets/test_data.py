"""The digits: the committed test split is scikit-learn's, and enlarging it is torch's bilinear interpolation."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from nets.data import TEST_SPLIT, digits, enlarge, split_digits, training_digits


def test_committed_test_split_is_scikit_learns() -> None:
    _, (scans, labels) = split_digits()
    with np.load(TEST_SPLIT) as committed:
        assert np.array_equal(committed["scans"], scans)
        assert np.array_equal(committed["labels"], labels)
    assert len(scans) == 360
    assert np.bincount(labels).min() >= 34


def test_no_scan_is_in_both_splits() -> None:
    (train, _), (test, _) = split_digits()
    assert not {scan.tobytes() for scan in train} & {scan.tobytes() for scan in test}


@pytest.mark.parametrize("size", [8, 28, 32])
def test_enlarging_is_bilinear(size: int) -> None:
    scans = np.random.default_rng(0).integers(0, 17, (3, 8, 8)).astype(np.uint8)
    expected = torch.nn.functional.interpolate(
        torch.from_numpy(scans[:, None] / 16), (size, size), mode="bilinear", align_corners=False
    )
    assert np.allclose(enlarge(scans, (1, size, size)), expected.numpy(), atol=1e-6)


def test_digits_gives_the_first_images_and_no_more_than_there_are() -> None:
    images, labels = digits(4, (1, 28, 32))
    assert images.shape == (4, 1, 28, 32)
    assert images.dtype == np.float32
    assert 0 <= images.min() < images.max() <= 1
    every, every_label = digits(1000, (1, 28, 32))
    assert len(every) == len(every_label) == 360
    assert np.array_equal(every[:4], images)
    assert np.array_equal(every_label[:4], labels)


def test_digits_refuse_a_shape_of_three_channels() -> None:
    with pytest.raises(ValueError, match=r"one channel.*not \(3, 32, 32\)"):
        digits(1, (3, 32, 32))


def test_training_without_scikit_learn_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match="pip install scikit-learn"):
        training_digits((1, 8, 8))


def test_digits_need_no_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    assert len(digits(2, (1, 8, 8))[0]) == 2
