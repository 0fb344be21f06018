"""What is built in: the digits, whose test split is scikit-learn's and enlarged as torch does it, and the patterns."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import numpy.typing as npt
import pytest
import torch

from nets import data
from nets.data import TEST_SPLIT, digits, enlarge, patterns, split_digits, training_digits
from nets.data.drawing import draw
from nets.data.examples import resize
from tlm.inputs.errors import BadInput


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
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(BadInput, match=r"needs sklearn: .*tlm\[train\]"):
        training_digits((1, 8, 8))


def test_digits_need_no_scikit_learn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    assert len(digits(2, (1, 8, 8))[0]) == 2


def test_digits_name_the_file_they_read() -> None:
    assert vars(digits)["files"] == (TEST_SPLIT,)


def test_digits_whole() -> None:
    split = data.load("digits", shape=(1, 28, 28))
    assert split.train_images.shape == (1437, 1, 28, 28)
    assert split.test_images.shape == (360, 1, 28, 28)
    assert np.array_equal(split.train_images, training_digits((1, 28, 28))[0])
    assert np.array_equal(split.test_labels, digits(360, (1, 28, 28))[1])
    assert data.load("digits").train_images.shape == (1437, 1, 8, 8)


@pytest.mark.parametrize("size", [(16, 16), (48, 20)])
def test_resizing_is_bilinear(size: tuple[int, int]) -> None:
    images = np.random.default_rng(0).random((2, 3, 32, 32), np.float32)
    expected = torch.nn.functional.interpolate(torch.from_numpy(images), size, mode="bilinear", align_corners=False)
    assert np.allclose(resize(images, (3, *size)), expected.numpy(), atol=1e-6)


# --- patterns


def test_patterns_are_few_balanced_and_in_colour() -> None:
    split = data.load("patterns")
    assert split.train_images.shape == (3200, 3, 32, 32)
    assert split.test_images.shape == (800, 3, 32, 32)
    assert split.train_images.dtype == np.float32
    assert 0 <= split.train_images.min() < split.train_images.max() <= 1
    assert np.bincount(split.train_labels).tolist() == [320] * 10
    assert np.bincount(split.test_labels).tolist() == [80] * 10


def test_patterns_are_the_same_every_time_and_no_two_alike() -> None:
    first = draw("test")[0]
    draw.cache_clear()
    second = draw("test")[0]
    assert np.array_equal(first, second)
    both = [image.tobytes() for part in (draw("train"), draw("test")) for image in part[0]]
    assert len(set(both)) == len(both)


def test_patterns_for_a_scenario() -> None:
    images, labels = patterns(12, (3, 32, 32))
    assert images.shape == (12, 3, 32, 32)
    assert labels.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1]
    assert patterns(2, (3, 227, 227))[0].shape == (2, 3, 227, 227)
    assert len(patterns(10_000, (3, 32, 32))[0]) == 800
    with pytest.raises(ValueError, match=r"patterns have 3 channels.*not \(1, 32, 32\)"):
        patterns(1, (1, 32, 32))


def test_the_class_of_a_pattern_is_not_in_its_colours() -> None:
    """A linear reading of each image's mean and spread of colour finds the class little better than chance."""
    split = data.load("patterns")

    def colours(images: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        parts = [images.mean(axis=(2, 3)), images.std(axis=(2, 3)), np.ones((len(images), 1))]
        return np.concatenate(parts, axis=1).astype(np.float64)

    wanted = np.eye(10)[split.train_labels]
    weights = np.linalg.lstsq(colours(split.train_images), wanted, rcond=None)[0]
    found = (colours(split.test_images) @ weights).argmax(axis=1)
    assert (found == split.test_labels).mean() < 0.3


def test_what_is_built_in_needs_neither_torch_nor_scikit_learn_for_testing() -> None:
    code = "import sys, nets.data as d; d.patterns(1, (3, 32, 32)); d.digits(1, (1, 8, 8))"
    code += "; print({'torch', 'sklearn', 'scipy', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"
