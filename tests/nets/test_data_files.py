"""Data sets from a local path: tiny files in every format, what they are read as, and what is said of bad ones."""

from __future__ import annotations

import gzip
import re
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from nets import data
from nets.data import image_folder
from nets.data.places import VARIABLE
from tlm.inputs.errors import BadInput

Bytes = npt.NDArray[np.uint8]


def noise(*shape: int) -> Bytes:
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that TLM_DATA names."""
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


# --- MNIST


def idx(values: Bytes) -> bytes:
    return bytes((0, 0, 8, values.ndim)) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()


def write_mnist(folder: Path, pack: Callable[[bytes], bytes] = bytes, ending: str = "") -> dict[str, Bytes]:
    folder.mkdir(exist_ok=True)
    scans = {"train": noise(7, 28, 28), "t10k": noise(5, 28, 28)}
    for part, images in scans.items():
        labels = (np.arange(len(images)) % 10).astype(np.uint8)
        (folder / f"{part}-images-idx3-ubyte{ending}").write_bytes(pack(idx(images)))
        (folder / f"{part}-labels-idx1-ubyte{ending}").write_bytes(pack(idx(labels)))
    return scans


@pytest.mark.parametrize(("pack", "ending"), [(bytes, ""), (gzip.compress, ".gz")])
def test_mnist_plain_and_gzipped(place: Path, pack: Callable[[bytes], bytes], ending: str) -> None:
    scans = write_mnist(place / "mnist", pack, ending)
    split = data.load("mnist")
    assert split.train_images.dtype == np.float32
    assert split.train_labels.dtype == np.int64
    assert np.array_equal(split.train_images, scans["train"][:, None] / np.float32(255))
    assert np.array_equal(split.test_images, scans["t10k"][:, None] / np.float32(255))
    assert split.test_labels.tolist() == [0, 1, 2, 3, 4]


def test_mnist_for_a_scenario(place: Path) -> None:
    write_mnist(place / "mnist")
    images, labels = data.mnist(3, (1, 32, 32))
    assert images.shape == (3, 1, 32, 32)
    assert labels.tolist() == [0, 1, 2]
    assert [Path(file).name for file in vars(data.mnist)["files"]] == [
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("train-images-idx3-ubyte", b"", ["no IDX file of bytes in 3 dimensions", "not 00000803"]),
        ("train-images-idx3-ubyte", b"\x00\x00\x08\x03\x00", ["is cut off in its header, which has 16 bytes"]),
        ("train-labels-idx1-ubyte", b"\x00\x00\x0d\x01" + bytes(9), ["in 1 dimension:", "begins with 00000d01"]),
        ("train-images-idx3-ubyte", idx(noise(7, 28, 28))[:-1], ["says [7, 28, 28], 5488 bytes; 5487 follow"]),
        ("train-labels-idx1-ubyte", idx(np.zeros(6, np.uint8)), ["has 6 labels", "has 7 images"]),
        ("train-labels-idx1-ubyte", idx(np.full(7, 10, np.uint8)), ["has a label 10"]),
    ],
)
def test_bad_mnist_files_are_refused_by_name(place: Path, file: str, content: bytes, words: list[str]) -> None:
    write_mnist(place / "mnist")
    (place / "mnist" / file).write_bytes(content)
    refused("mnist", [file, *words])


def test_a_cut_gzip_file_is_refused(place: Path) -> None:
    write_mnist(place / "mnist", gzip.compress, ".gz")
    file = place / "mnist" / "train-images-idx3-ubyte.gz"
    file.write_bytes(file.read_bytes()[:-20])
    refused("mnist", [file.name, "no whole gzip file"])


# --- SVHN


def write_svhn(folder: Path, **replaced: Any) -> Bytes:
    io = pytest.importorskip("scipy.io")
    folder.mkdir(exist_ok=True)
    images = noise(32, 32, 3, 4)
    for part in ("train", "test"):
        io.savemat(
            folder / f"{part}_32x32.mat", {"X": images, "y": np.array([[1], [10], [9], [10]], np.uint8), **replaced}
        )
    return images


def test_svhn_has_the_digit_0_as_10(place: Path) -> None:
    images = write_svhn(place / "svhn")
    split = data.load("svhn")
    assert split.train_images.shape == (4, 3, 32, 32)
    assert np.array_equal(split.test_images[1, 2] * np.float32(255), images[:, :, 2, 1])
    assert split.test_labels.tolist() == [1, 0, 9, 0]
    assert [Path(file).name for file in vars(data.svhn)["files"]] == ["test_32x32.mat"]
    assert data.svhn(2, (3, 16, 16))[0].shape == (2, 3, 16, 16)


@pytest.mark.parametrize(
    ("replaced", "words"),
    [
        ({"X": noise(32, 32, 4)}, ["X must be bytes [32, 32, 3, N]", "uint8 [32, 32, 4]"]),
        ({"X": np.zeros((32, 32, 3, 4))}, ["X must be bytes", "float64"]),
        ({"y": np.array([1, 2, 11, 3])}, ["y must be one digit 1..10 an image"]),
        ({"y": np.array([1, 2])}, ["4 images and 2 labels"]),
    ],
)
def test_bad_svhn_files_are_refused_by_name(place: Path, replaced: dict[str, Any], words: list[str]) -> None:
    write_svhn(place / "svhn", **replaced)
    refused("svhn", ["train_32x32.mat", *words])


def test_what_is_no_matlab_file_is_refused(place: Path) -> None:
    write_svhn(place / "svhn")
    (place / "svhn" / "train_32x32.mat").write_bytes(b"nothing of the kind" * 20)
    refused("svhn", ["train_32x32.mat", "no whole MATLAB 5 file"])


def test_svhn_without_scipy_says_what_to_install(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_svhn(place / "svhn")
    monkeypatch.setitem(sys.modules, "scipy", None)
    with pytest.raises(BadInput, match=r"needs scipy: .*tlm\[train\]"):
        data.load("svhn")


# --- CIFAR-10


def write_cifar10(folder: Path) -> dict[str, Bytes]:
    folder.mkdir(parents=True)
    records = {}
    for place, name in enumerate([*(f"data_batch_{batch}" for batch in range(1, 6)), "test_batch"]):
        batch = noise(2, 3073)
        batch[:, 0] = (place, 9)
        (folder / f"{name}.bin").write_bytes(batch.tobytes())
        records[name] = batch
    return records


@pytest.mark.parametrize("inner", ["", "cifar-10-batches-bin"])
def test_cifar10_from_its_own_folder_or_the_one_around(place: Path, inner: str) -> None:
    records = write_cifar10(place / "cifar10" / inner)
    split = data.load("cifar10")
    assert split.train_images.shape == (10, 3, 32, 32)
    assert split.train_labels.tolist() == [0, 9, 1, 9, 2, 9, 3, 9, 4, 9]
    last = records["test_batch"][1, 1:].reshape(3, 32, 32)
    assert np.array_equal(split.test_images[1], last / np.float32(255))
    assert [Path(file).name for file in vars(data.cifar10)["files"]] == ["test_batch.bin"]
    assert data.cifar10(1, (3, 32, 32))[1].tolist() == [5]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["has 0 bytes", "records of 3073"]),
        (bytes(3072), ["has 3072 bytes", "records of 3073"]),
        (b"\x0a" + bytes(3072), ["has a label 10"]),
    ],
)
def test_bad_cifar10_files_are_refused_by_name(place: Path, content: bytes, words: list[str]) -> None:
    write_cifar10(place / "cifar10")
    (place / "cifar10" / "data_batch_3.bin").write_bytes(content)
    refused("cifar10", ["data_batch_3.bin", *words])


@pytest.mark.parametrize("there", ["cifar-10-batches-py", "test_batch", "cifar-10-python.tar.gz"])
def test_cifar10_as_pickles_is_never_opened(place: Path, there: str) -> None:
    (place / "cifar10").mkdir()
    (place / "cifar10" / there).write_bytes(b"cos\nsystem\n(S'echo no'\ntR.")
    refused("cifar10", [there, "pickle, which is never executed", "put the binary version there"])


# --- folders of images


def write_images(folder: Path, per_class: int, classes: tuple[str, ...] = ("ant", "bee"), ending: str = "png") -> None:
    image = pytest.importorskip("PIL.Image")
    for label, name in enumerate(classes):
        (folder / name).mkdir(parents=True)
        for number in range(per_class):
            pixels = np.full((6, 8, 3), (100 * label, number, 0), np.uint8)
            image.fromarray(pixels).save(folder / name / f"{number}.{ending}")


def test_a_folder_of_images_in_parts(place: Path) -> None:
    write_images(place / "folder" / "train", 3)
    write_images(place / "folder" / "val", 2, ending="ppm")
    split = data.load("folder")
    assert split.train_images.shape == (6, 3, 6, 8)
    assert split.train_labels.tolist() == [0, 1, 0, 1, 0, 1]
    assert split.test_labels.tolist() == [0, 1, 0, 1]
    assert split.test_images[3, :, 5, 7] * 255 == pytest.approx([100, 1, 0])


def test_a_folder_of_classes_gives_one_image_in_five_for_testing(tmp_path: Path) -> None:
    write_images(tmp_path, 10)
    split = data.load("folder", tmp_path, (1, 4, 4))
    assert split.train_images.shape == (16, 1, 4, 4)
    assert split.test_images.shape == (4, 1, 4, 4)
    seen = {image.tobytes() for image in data.load("folder", tmp_path).train_images}
    assert not seen & {image.tobytes() for image in data.load("folder", tmp_path).test_images}


def test_a_scenario_reads_the_images_it_asks_for_and_no_more(place: Path) -> None:
    write_images(place / "folder" / "test", 2)
    (place / "folder" / "test" / "bee" / "1.png").write_bytes(b"no image")
    images, labels = data.folder(3, (3, 8, 8))
    assert images.shape == (3, 3, 8, 8)
    assert labels.tolist() == [0, 1, 0]
    assert len(list(vars(data.folder)["files"])) == 4
    with pytest.raises(ValueError, match=r"1\.png: is no image that Pillow reads"):
        data.folder(4, (3, 8, 8))


def test_images_of_several_sizes_need_a_shape(place: Path) -> None:
    write_images(place / "folder", 2)
    image = pytest.importorskip("PIL.Image")
    image.new("RGB", (5, 5)).save(place / "folder" / "bee" / "1.png")
    refused("folder", ["1.png", "6x8 and 5x5", "give a shape"])
    with pytest.raises(ValueError, match=r"1 or 3 channels.*not \(2, 4, 4\)"):
        data.load("folder", shape=(2, 4, 4))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        ([], ["there is no folder /"]),
        (["."], ["there is no CLASS/IMAGE in"]),
        (["ant"], ["there is no CLASS/IMAGE in"]),
        (["train/ant"], ["there is no train/CLASS/IMAGE in"]),
        (["test/ant"], ["there is no train/ in"]),
    ],
)
def test_a_folder_without_images_says_what_belongs_there(place: Path, make: list[str], words: list[str]) -> None:
    for name in make:
        (place / "folder" / name).mkdir(parents=True)
    refused("folder", [*words, "put train/CLASS/IMAGE and test/CLASS/IMAGE, or all as CLASS/IMAGE (.bmp, ", VARIABLE])


def test_both_parts_number_the_classes_of_train(place: Path) -> None:
    write_images(place / "folder" / "train", 1, ("ant", "bee", "cat"))
    write_images(place / "folder" / "test", 1, ("bee", "cat"))
    (place / "folder" / "test" / ".hidden").mkdir()
    assert data.load("folder").test_labels.tolist() == [1, 2]
    assert data.folder(2, (3, 6, 8))[1].tolist() == [1, 2]
    write_images(place / "folder" / "test", 1, ("dog",))
    refused("folder", [str(Path("test", "dog")), "train/ has no class 'dog', but: ant, bee, cat"])


def test_a_class_of_one_image_is_for_testing_only(tmp_path: Path) -> None:
    write_images(tmp_path, 1, ("ant",))
    write_images(tmp_path, 2, ("bee",))
    image = data.LOCAL["folder"].read(tmp_path, "test", None, None)[1]
    assert image.tolist() == [0, 1]
    with pytest.raises(ValueError, match="ant has one image, which is for testing: a class needs two"):
        data.load("folder", tmp_path)


def test_images_without_pillow_say_what_to_install(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "folder" / "ant").mkdir(parents=True)
    for number in range(5):
        (place / "folder" / "ant" / f"{number}.png").touch()
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(BadInput, match=r"needs PIL: .*tlm\[train\]"):
        data.load("folder")


def test_the_page_lists_the_endings_that_are_read() -> None:
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    assert ", ".join(f"`{ending}`" for ending in sorted(image_folder.ENDINGS)) in page


# --- what is not there


def refused(name: str, words: list[str]) -> None:
    with pytest.raises(ValueError, match=re.escape(words[0])) as raised:
        data.load(name)
    message = str(raised.value)
    assert "\n" not in message
    assert all(word in message for word in words), message


@pytest.mark.parametrize("name", data.LOCAL)
def test_a_missing_data_set_says_where_to_put_what(name: str, place: Path) -> None:
    refused(name, [str(place / name), "put ", VARIABLE])
    with pytest.raises(FileNotFoundError):
        data.load(name)


def test_the_usual_place_is_beside_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    refused("mnist", ["there is no folder data/mnist: put MNIST's four IDX files", VARIABLE])
    (tmp_path / "data" / "mnist").mkdir(parents=True)
    refused("mnist", ["there is no train-images-idx3-ubyte in data/mnist: put MNIST's four IDX files"])
    write_mnist(tmp_path / "data" / "mnist")
    assert len(data.load("mnist").train_images) == 7
    assert len(data.load("mnist", tmp_path / "data" / "mnist").train_images) == 7


def test_where_a_path_was_given_the_variable_is_no_advice(tmp_path: Path) -> None:
    for name in data.LOCAL:
        with pytest.raises(FileNotFoundError, match=r"^there is no folder .*there$"):
            data.load(name, tmp_path / "none")


def test_an_unknown_data_set_is_refused_with_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"no data set 'mnits' .*did you mean 'mnist'\?"):
        data.load("mnits")


def test_what_is_built_in_has_no_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="built in"):
        data.load("digits", tmp_path)
