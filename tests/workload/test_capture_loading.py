"""Networks, checkpoints and images by name: found, refused with file and key, and never executed."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tlm.inputs.errors import BadInput
from tlm.workload.capture import load_network
from tlm.workload.layer import Workload
from tlm.workload.spec import WorkloadSpec

NETWORK = """\
import torch
from torch import nn
from sizes import FILTERS

def build():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, FILTERS, 3), nn.ReLU(), nn.Flatten(), nn.Linear(FILTERS * 4, 10))
    network.example_input = torch.rand(1, 1, 4, 4)
    return network

def with_argument(size):
    return build()

def no_module():
    return 3

def no_example():
    return nn.Sequential(nn.Conv2d(1, 1, 1))

def broken():
    return [][1]

def two_lines():
    raise RuntimeError("boom\\nand more")

def silent():
    raise AssertionError

def leaves():
    raise SystemExit(0)

def listed():
    network = build()
    network.example_input = [[1.0]]
    return network

class Leaving(nn.Module):
    def forward(self, x):
        raise SystemExit(0)

def leaving():
    network = Leaving()
    network.example_input = torch.ones(1, 1)
    return network

def odd_files():
    return build()

odd_files.files = 3

def huge():
    network = nn.Sequential(nn.Conv2d(1, 1000000, 1, padding=1000))
    network.example_input = torch.ones(1, 1, 1, 1)
    return network

def picky(images, shape):
    raise ValueError("only on Sundays")

def numbers(images, shape):
    return torch.ones(images, *shape), range(images)

def labels_short(images, shape):
    return torch.ones(images, *shape), [1]

def bare(images, shape):
    return torch.ones(images, *shape)

def ends(images, shape):
    raise SystemExit("bye")

def ragged(images, shape):
    return [[1], [1, 2]], None

def learnt(images, shape):
    return torch.ones(images, *shape, requires_grad=True), None

def words(images, shape):
    return torch.ones(images, *shape), ["cat"] * images

def halves(images, shape):
    return torch.ones(images, *shape), [0.5] * images

def one_label(images, shape):
    return torch.ones(images, *shape), 3
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A user's folder with a network, what it imports, and its state dict; the working directory is another."""
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "sizes.py").write_text("FILTERS = 2\n")
    monkeypatch.delitem(__import__("sys").modules, "sizes", raising=False)
    state = load(tmp_path, network="net.py:build")
    assert state.layers
    yield tmp_path
    monkeypatch.delitem(__import__("sys").modules, "sizes", raising=False)


def search_in(folder: Path) -> Any:
    def search(name: str) -> Path:
        if not (folder / name).exists():
            raise BadInput(f"there is no file {name!r}")
        return folder / name

    return search


def load(folder: Path, **spec: Any) -> Workload:
    return load_network(WorkloadSpec(**{"network": "net.py:build", **spec}), search_in(folder))[0]


def refusal(folder: Path, **spec: Any) -> str:
    """The one message; below it there may stand a traceback, of lines of the user's folder only."""
    with pytest.raises(BadInput) as refused:
        load(folder, **spec)
    message, *below = str(refused.value).split("\n")
    if below:
        assert below[0] == "Traceback (most recent call last):"
        assert all(f'File "{folder}/' in line for line in below if line.startswith("  File "))
    return "\n".join([message, *below])


def state_of(folder: Path) -> dict[str, torch.Tensor]:
    layers = load(folder).layers
    shapes = {"0.weight": (2, 1, 3, 3), "0.bias": (2,), "3.weight": (10, 8), "3.bias": (10,)}
    assert len(layers) == 2
    return {name: torch.ones(shape) for name, shape in shapes.items()}


def test_a_network_by_file_depends_on_what_it_imports(folder: Path) -> None:
    torch.save(state_of(folder), folder / "w.pt")
    np.save(folder / "in.npy", np.ones((2, 1, 4, 4)))
    spec = WorkloadSpec(network="net.py:build", weights="w.pt", input="in.npy", images=2)
    for _ in range(2):
        workload, depends = load_network(spec, search_in(folder))
        assert [path.name for path in depends] == ["in.npy", "net.py", "sizes.py", "w.pt"]
        assert all(path.is_absolute() for path in depends)
    assert workload.layers[0].images == 2


def test_weights_and_images_that_are_drawn_are_the_same_every_time(folder: Path) -> None:
    (folder / "drawn.py").write_text(NETWORK.replace("torch.manual_seed(0)", "pass"))
    before = torch.random.get_rng_state()
    first, second = (load(folder, network="drawn.py:build").layers[0] for _ in range(2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert np.array_equal(first.weights, second.weights)
    assert np.array_equal(first.inputs, second.inputs)


def test_a_network_by_module_and_its_input_function() -> None:
    spec = WorkloadSpec(network="nets.lenet:build", input="nets.data:digits", images=2)
    workload, depends = load_network(spec, Path)
    assert {path.name for path in depends} >= {"lenet.py", "digits-test.npz"}
    assert workload.labels == (7, 6)
    assert workload.chained
    assert [layer.name for layer in workload.layers] == ["conv1", "conv2", "fc1", "fc2"]


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("net.py:biuld", ["'net.py' has no function 'biuld'", "did you mean 'build'?"]),
        ("nets.lenet:buildd", ["did you mean 'build'?"]),
        ("nets.lennet:build", ["no module 'nets.lennet'", "did you mean 'nets.lenet'?"]),
        ("no_such_package:build", ["no module 'no_such_package'"]),
        ("no_such_package.deep:build", ["no module 'no_such_package.deep'"]),
        ("other.py:build", ["no file 'other.py'"]),
        ("net.py:with_argument", ["with_argument() must take 0 arguments", "'size'"]),
        ("net.py:no_module", ["must give an nn.Module, not int"]),
        ("net.py:no_example", ["no `example_input`"]),
        ("syntax.py:build", ["syntax.py:2", "is not Python"]),
        ("imports.py:build", ["'imports.py' cannot be imported", "imports.py:1: ", "no_such_thing", "Traceback"]),
        ("exits.py:build", ["workload.network: ", "exits.py:2: SystemExit: 0\nTraceback", "    sys.exit(0)\n"]),
        ("booms.py:build", ["workload.network: ", "booms.py:1: RuntimeError: boom"]),
        ("net.py:broken", ["workload.network: ", "net.py:21: IndexError: list index out of range"]),
        ("net.py:two_lines", ["net.py:24: RuntimeError: boom\nTraceback", "RuntimeError: boom\nand more"]),
        ("net.py:silent", ["net.py:27: AssertionError"]),
        ("net.py:leaves", ["net.py:30: SystemExit: 0"]),
        (
            "net.py:leaving",
            ["shape (1,): ", "net.py:39: SystemExit: 0\nTraceback", "in forward\n    raise SystemExit(0)\n"],
        ),
        ("net.py:listed", ["`example_input` must be a tensor [N, ...], not list"]),
        ("net.py:huge", ["workload.images: the network on 1 image(s) does not fit in memory"]),
        ("net.py:odd_files", ["workload.network: TypeError: 'int' object is not iterable"]),
        ("math:sqrt", ["sqrt() must take 0 arguments"]),
    ],
)
def test_names_that_cannot_be_used(folder: Path, network: str, words: list[str]) -> None:
    (folder / "syntax.py").write_text("a = 1\nb = (\n")
    (folder / "imports.py").write_text("import no_such_thing\n")
    (folder / "exits.py").write_text("import sys\nsys.exit(0)\n")
    (folder / "booms.py").write_text("raise RuntimeError('boom')\n")
    message = refusal(folder, network=network)
    assert all(word in message for word in words), message


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"input": "net.py:picky"}, ["workload.input: picky(): ", "net.py:57: ValueError: only on Sundays\nTraceback"]),
        ({"input": "nets.data:training_digits"}, ["training_digits() must take 2 arguments: too many positional"]),
        ({"input": "net.py:bare"}, ["workload.input", "must give (inputs, labels or None)"]),
        ({"input": "net.py:labels_short", "images": 2}, ["has 2 images and 1 labels"]),
        ({"input": "net.py:build"}, ["build() must take 2 arguments"]),
        ({"images": 2}, ["workload.images: 2 images are asked for, the input has 1"]),
        ({"input": {"shape": [3, 4, 4]}}, ["has shape [1, 3, 4, 4], the network needs [N, 1, 4, 4]"]),
        ({"input": "net.py:ends"}, ["workload.input: ", "net.py:69: SystemExit: bye"]),
        ({"input": "net.py:ragged"}, ["workload.input: 'net.py:ragged' gives inputs that are no array"]),
        ({"input": "net.py:words", "images": 2}, ["workload.input: 'net.py:words' must give labels that are whole"]),
        ({"input": "net.py:halves"}, ["must give labels that are whole numbers"]),
        ({"input": "net.py:one_label"}, ["must give labels that are whole numbers", "not iterable"]),
        ({"input": {"shape": [1000000, 1000000, 1000]}}, ["workload.input: 1 image(s) of shape", "do not fit in mem"]),
        ({"input": {"shape": [10**10, 10**10]}}, ["workload.input: 1 image(s) of shape", "do not fit in memory"]),
        ({"input": {"shape": [1000, 1000]}, "images": 1000000}, ["1000000 image(s) of shape [1000, 1000] do not fit"]),
        ({"input": "claims.npy"}, ["claims.npy: workload.input: is not a .npy file of numbers"]),
        ({"input": "large.npy"}, ["workload.input: holds values that are not finite numbers, or too large"]),
        ({"input": "short.npy", "images": 4}, ["4 images are asked for, the input has 3"]),
        ({"input": "flat.npy"}, ["has shape [4]"]),
        ({"input": "nan.npy"}, ["not finite"]),
        ({"input": "text.npy"}, ["must hold numbers"]),
        ({"input": "pickled.npy"}, ["pickled.npy: workload.input: is not a .npy file of numbers"]),
        ({"input": "empty.npy"}, ["empty.npy: workload.input: is not a .npy file of numbers"]),
        ({"input": "zipped.npy"}, ["zipped.npy: workload.input: is not a .npy file of numbers"]),
    ],
)
def test_inputs_that_cannot_be_used(folder: Path, spec: dict[str, Any], words: list[str]) -> None:
    np.save(folder / "short.npy", np.ones((3, 1, 4, 4)))
    np.save(folder / "flat.npy", np.ones(4))
    np.save(folder / "nan.npy", np.full((1, 1, 4, 4), np.nan))
    np.save(folder / "text.npy", np.full((1, 1, 4, 4), "a"))
    np.save(folder / "pickled.npy", np.array([{}]), allow_pickle=True)
    (folder / "empty.npy").write_bytes(b"")
    np.save(folder / "large.npy", np.full((1, 1, 4, 4), 1e300))
    with (folder / "claims.npy").open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (10**6, 10**6, 10**3)}
        np.lib.format.write_array_header_1_0(file, header)
    with (folder / "zipped.npy").open("wb") as file:
        np.savez(file, a=np.ones(1))
    message = refusal(folder, **spec)
    assert all(word in message for word in words), message


def test_an_input_function_of_ours_says_what_is_wrong_without_a_traceback(folder: Path) -> None:
    (folder / "wide.py").write_text(
        "import torch\nfrom torch import nn\n\ndef build():\n    network = nn.Sequential(nn.Conv2d(2, 1, 1))\n"
        "    network.example_input = torch.ones(1, 2, 9, 9)\n    return network\n"
    )
    message = refusal(folder, network="wide.py:build", input="nets.data:digits")
    assert message.startswith("workload.input: digits(): digits have one channel: their shape is (1, height, width)")
    assert "\n" not in message


def test_random_images_are_the_seeds() -> None:
    spec = WorkloadSpec(network="nets.lenet:build", input={"shape": [1, 28, 28], "seed": 4}, images=2)
    one, two = (load_network(spec, Path)[0].layers[0].inputs for _ in range(2))
    assert np.array_equal(one, two)
    other = WorkloadSpec(network="nets.lenet:build", input={"shape": [1, 28, 28]}, images=2)
    assert not np.array_equal(one, load_network(other, Path)[0].layers[0].inputs)


def test_labels_come_with_the_images(folder: Path) -> None:
    assert load(folder, input="net.py:numbers", images=3).labels == (0, 1, 2)
    assert load(folder).labels is None
    assert load(folder, input="net.py:learnt").labels is None


class Bomb:
    """A pickle that makes a folder when it is loaded."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.target),)


@pytest.mark.parametrize("whole", [False, True])
def test_a_checkpoint_that_would_execute_code_is_refused(folder: Path, whole: bool) -> None:
    bomb = Bomb(folder / "executed")
    content = io.BytesIO()
    if whole:
        torch.save({"state_dict": state_of(folder), "training": bomb}, content)
    else:
        pickle.dump(bomb, content)
    (folder / "w.pt").write_bytes(content.getvalue())
    message = refusal(folder, weights="w.pt")
    assert "w.pt: is no checkpoint: it is damaged, or holds more than tensors" in message
    assert not (folder / "executed").exists()


def write(folder: Path, **content: Any) -> None:
    torch.save({"state_dict": state_of(folder), **content}, folder / "w.pt")


def test_bytes_that_are_no_checkpoint(folder: Path) -> None:
    for content in (b"", b"hello", b"PK\3\4" + bytes(100)):
        (folder / "w.pt").write_bytes(content)
        assert "w.pt: is no checkpoint" in refusal(folder, weights="w.pt")
    assert "no file 'v.pt'" in refusal(folder, weights="v.pt")
    (folder / "dir").mkdir()
    assert "dir: cannot be read: Is a directory" in refusal(folder, weights="dir")


def test_a_checkpoint_cut_short(folder: Path) -> None:
    write(folder)
    content = (folder / "w.pt").read_bytes()
    for length in range(1, len(content), 97):
        (folder / "w.pt").write_bytes(content[:length])
        assert "w.pt: is no checkpoint" in refusal(folder, weights="w.pt")


def test_one_flipped_bit_in_a_weight(folder: Path) -> None:
    write(folder)
    with zipfile.ZipFile(folder / "w.pt") as archive:
        entry = next(info for info in archive.infolist() if info.filename.endswith("data/2"))
        stored = archive.read(entry)
    content = bytearray((folder / "w.pt").read_bytes())
    content[content.index(stored) + 5] ^= 16
    (folder / "w.pt").write_bytes(content)
    assert "data/2: is corrupt: its checksum does not fit" in refusal(folder, weights="w.pt")


def codes(values: torch.Tensor) -> dict[str, Any]:
    """A whole checkpoint whose first layer holds `values` for codes."""
    shapes = {"0.bias": (2,), "3.weight": (10, 8), "3.bias": (10,)}
    state = {name: torch.ones(shape) for name, shape in shapes.items()}
    return {"state_dict": {"0.weight": values, **state}, "weight_scales": {"0": 0.5}}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"state_dict": [1]}, ["w.pt: state_dict: is not a dictionary of tensors"]),
        ({"state_dict": {"0.weight": 3}}, ["w.pt: 0.weight: is not a tensor"]),
        ({"bits": "8"}, ["w.pt: bits: must be 2..32 or none, not '8'"]),
        ({"bits": 33}, ["w.pt: bits:"]),
        ({"weight_scales": [1.0]}, ["w.pt: weight_scales: is not a dictionary"]),
        ({"weight_scales": {"0": -1.0}}, ["w.pt: weight_scales.0: must be a positive number, not -1.0"]),
        ({"weight_scales": {"0": float("nan")}}, ["w.pt: weight_scales.0: must be a positive number"]),
        ({"weight_scales": {"7": 1.0}}, ["w.pt: weight_scales.7: has a scale but no '7.weight'"]),
        ({"weight_scales": {"0": 1.0}}, ["w.pt: 0.weight: has a scale but does not hold integers"]),
        ({"state_dict": {"0.weight": torch.ones(1, device="meta")}}, ["w.pt: 0.weight: must be a plain dense"]),
        ({"state_dict": {"0.weight": torch.eye(2).to_sparse()}}, ["w.pt: 0.weight: must be a plain dense tensor"]),
        (codes(torch.full((2, 1, 3, 3), 2**32 + 1)), ["w.pt: 0.weight: holds a code of more than 32 bits"]),
        (codes(torch.ones(2, 1, 3, 3, dtype=torch.complex64)), ["0.weight: has a scale but does not hold integers"]),
        (codes(torch.ones(2, 1, 3, 3, dtype=torch.bool)), ["w.pt: 0.weight: has a scale but does not hold integers"]),
        (codes(torch.ones(2, 1, 3, 3)), ["w.pt: 0.weight: has a scale but does not hold integers: torch.float32"]),
        (
            {**codes(torch.ones(2, 1, 3, 3, dtype=torch.int8)), "weight_scales": {}},
            ["w.pt: 0.weight: is of torch.int8"],
        ),
        ({"weight_zeros": [1]}, ["w.pt: weight_zeros: is not a dictionary of zeros"]),
        ({"activation_zeros": {"0": 0.5}}, ["w.pt: activation_zeros.0: must be a whole number, not 0.5"]),
        ({"activation_signed": {"0": 1}}, ["w.pt: activation_signed.0: must be true or false, not 1"]),
        ({"activation_signed": {"9": True}}, ["w.pt: 9: there is no such layer in activation_signed"]),
        ({"relu_threshold": "x"}, ["w.pt: relu_threshold: must be a number from 0 on, not 'x'"]),
        ({"options": [1]}, ["w.pt: options: is not a dictionary of options"]),
        (
            {"network": "net.py:build", "options": {"width": 2}},
            ["build() with the checkpoint's options width: TypeError: build() got an"],
        ),
        ({"activation_scales": {"0": 0.0}}, ["w.pt: activation_scales.0: must be a positive number"]),
        ({"activation_scales": {"9": 1.0}}, ["w.pt: 9: there is no such layer in activation_scales"]),
    ],
)
def test_checkpoints_whose_contents_do_not_fit(folder: Path, content: dict[str, Any], words: list[str]) -> None:
    write(folder, **content)
    message = refusal(folder, weights="w.pt")
    assert all(word in message for word in words), message


def test_a_state_dict_of_another_network(folder: Path) -> None:
    state = state_of(folder)
    torch.save({**state, "0.wieght": torch.ones(1)}, folder / "w.pt")
    assert "0.wieght: is no weight of this network" in refusal(folder, weights="w.pt")
    assert "did you mean '0.weight'?" in refusal(folder, weights="w.pt")
    torch.save({name: state[name] for name in state if name != "3.bias"}, folder / "w.pt")
    assert "w.pt: 3.bias: is missing" in refusal(folder, weights="w.pt")
    torch.save({**state, "3.weight": torch.ones(10, 9)}, folder / "w.pt")
    assert "w.pt: 3.weight: has shape [10, 9], the network's is [10, 8]" in refusal(folder, weights="w.pt")
    torch.save(3, folder / "w.pt")
    assert "w.pt: is not a checkpoint: no dictionary" in refusal(folder, weights="w.pt")


def test_what_is_saved_otherwise_says_how_to_save_it(folder: Path) -> None:
    how = "write one with torch.save(network.state_dict(), FILE)"
    torch.save({"epoch": 3, "model": state_of(folder)}, folder / "w.pt")
    expected = f"w.pt: epoch: is not a tensor; {how}, or name the dictionary of tensors 'state_dict'"
    assert expected in refusal(folder, weights="w.pt")
    torch.save(torch.nn.Linear(2, 2), folder / "w.pt")
    assert f"plain Python values (a module); {how}" in refusal(folder, weights="w.pt")


def test_a_plain_state_dict_is_a_checkpoint(folder: Path) -> None:
    torch.save(state_of(folder), folder / "w.pt")
    assert (load(folder, weights="w.pt").layers[0].weights == 127).all()


def test_a_deflated_checkpoint(folder: Path) -> None:
    write(folder)
    content = zipfile.ZipFile(io.BytesIO((folder / "w.pt").read_bytes()))
    with zipfile.ZipFile(folder / "v.pt", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in content.namelist():
            packed.writestr(name, content.read(name))
    assert (load(folder, weights="v.pt").layers[0].weights == 127).all()


def test_what_a_checkpoints_network_was_built_with(folder: Path) -> None:
    source = "from net import *\n\ndef wide(filters=2):\n    return nn.Sequential(nn.Conv2d(1, filters, 3))\n"
    (folder / "wide.py").write_text(source.replace("from net import *", "from torch import nn"))
    state = {"0.weight": torch.ones(5, 1, 3, 3), "0.bias": torch.zeros(5)}
    torch.save({"state_dict": state, "network": "wide.py:wide", "options": {"filters": 5}}, folder / "w.pt")
    workload = load(folder, network="wide.py:wide", weights="w.pt", input={"shape": [1, 4, 4]})
    assert workload.layers[0].weights.shape == (5, 1, 3, 3)
