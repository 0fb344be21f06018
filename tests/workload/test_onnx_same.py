"""A network of torch and the ONNX file exported from it give the same workload, to the last bit."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from float_networks import Net
from torch import Tensor, nn

from tlm.workload.capture import capture, load_network
from tlm.workload.layer import Workload
from tlm.workload.onnx.conversion import converted
from tlm.workload.onnx.file import read_model
from tlm.workload.spec import WorkloadSpec

#: How torch exports a network so that it keeps its layers, by its newer and by its older exporter.
WAYS: dict[str, dict[str, Any]] = {
    "new": {"dynamo": True, "verbose": False, "optimize": False, "external_data": False},
    "old": {"dynamo": False, "do_constant_folding": False, "training": torch.onnx.TrainingMode.PRESERVE},
}
#: The same as torch does by itself: normalisation is multiplied into weights.
USUAL: dict[str, Any] = {"dynamo": True, "verbose": False}


def export(network: nn.Module, shape: tuple[int, ...], file: Path, options: dict[str, Any]) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what exporters say of themselves
        torch.onnx.export(network.eval(), (torch.rand(1, *shape),), str(file), **options)
    return file


def differences(one: Workload, other: Workload) -> list[str]:
    """Where two workloads differ, but for their names."""
    found = [
        f.name for f in attrs.fields(Workload) if f.name not in ("name", "layers") and not same(one, other, f.name)
    ]
    assert [layer.name for layer in one.layers] == [layer.name for layer in other.layers]
    for mine, others in zip(one.layers, other.layers, strict=True):
        found += [f"{mine.name}.{f.name}" for f in attrs.fields(type(mine)) if not same(mine, others, f.name)]
    return found


def same(one: Any, other: Any, name: str) -> bool:
    mine, others = getattr(one, name), getattr(other, name)
    if isinstance(mine, np.ndarray) and isinstance(others, np.ndarray):
        return mine.dtype == others.dtype and np.array_equal(mine, others)
    return repr(mine) == repr(others)


def from_file(network: nn.Module, shape: tuple[int, ...], file: Path, **spec: Any) -> list[str]:
    """Where the captured file differs from the captured network."""
    inputs = np.random.default_rng(1).random((2, *shape), dtype=np.float32)
    read, _codes = converted(read_model(file), shape)
    pair = [capture(WorkloadSpec(onnx="m.onnx", images=2, **spec), one, inputs) for one in (network, read)]
    return differences(*pair)


SHIPPED = {"lenet": (1, 28, 28), "resnet18_cifar": (3, 32, 32), "mobilenet_cifar": (3, 32, 32), "lstm": (1, 28, 28)}


#: The newer exporter takes seconds, so it has only those that differ most.
EXPORTED = [*((name, "old") for name in SHIPPED), ("resnet18_cifar", "new"), ("lstm", "new")]


@pytest.mark.parametrize("name, way", EXPORTED)
def test_a_shipped_network_is_the_same_from_a_file(name: str, way: str, tmp_path: Path) -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # as load_network draws untrained weights
        network = importlib.import_module(f"nets.{name}").build()
    file = export(network, SHIPPED[name], tmp_path / "model.onnx", WAYS[way])
    source: Any = {"shape": list(SHIPPED[name]), "seed": 0}
    given, _ = load_network(WorkloadSpec(network=f"nets.{name}:build", input=source), Path)
    made, files = load_network(WorkloadSpec(onnx=str(file), input=source), Path)
    assert differences(given, made) == []
    assert files == [file]


@pytest.mark.parametrize(
    "name, checkpoint", [("lenet", "lenet-int8"), ("resnet18_cifar", "resnet18_cifar-ternary")], ids=["int8", "ternary"]
)
def test_a_checkpoint_of_the_network_fits_its_file(name: str, checkpoint: str, tmp_path: Path) -> None:
    network = importlib.import_module(f"nets.{name}").build()
    file = export(network, SHIPPED[name], tmp_path / "model.onnx", WAYS["old"])
    weights = str(Path(__file__).parents[2] / f"nets/checkpoints/{checkpoint}.pt")
    given, _ = load_network(WorkloadSpec(network=f"nets.{name}:build", weights=weights), Path)
    source: Any = str(tmp_path / "x.npy")
    np.save(source, network.example_input.numpy())
    made, _ = load_network(WorkloadSpec(onnx=str(file), weights=weights, input=source), Path)
    assert differences(given, made) == []


def act(function: Callable[[Tensor], Tensor]) -> Net:
    return Net(lambda n, x: n.last(function(n.first(x))), first=nn.Conv2d(3, 4, 3), last=nn.Conv2d(4, 2, 1))


def block(n: Any, x: Tensor) -> Tensor:
    x = n.norm(n.conv(x))
    return torch.cat([x + n.act(x), n.pool(x) * 0.1], 1)


def attention(n: Any, x: Tensor) -> Tensor:
    y = n.norm(x)
    scores = n.query(y) @ n.key(y).transpose(1, 2) * 0.25
    return x + n.out(scores.softmax(-1) @ n.value(y))


def linears(*names: str) -> dict[str, nn.Module]:
    return {name: nn.Linear(8, 8) for name in names}


NETWORKS: dict[str, tuple[nn.Module, tuple[int, ...]]] = {
    "silu": (act(F.silu), (3, 6, 6)),
    "gelu by tanh": (act(nn.GELU("tanh")), (3, 6, 6)),
    "relu6": (act(F.relu6), (3, 6, 6)),
    "hardswish, twice the same layer": (
        Net(lambda n, x: n.conv(F.hardswish(n.conv(x))), conv=nn.Conv2d(3, 3, 3, padding=1)),
        (3, 6, 6),
    ),
    "modules without weights": (
        Net(
            block,
            conv=nn.Conv2d(3, 4, 3, padding=1, bias=False),
            norm=nn.BatchNorm2d(4),
            act=nn.Sequential(nn.Mish(), nn.LeakyReLU(0.1)),
            pool=nn.AvgPool2d(3, 1, 1),
        ),
        (3, 6, 6),
    ),
    "padding of its own on each side": (
        nn.Sequential(
            nn.ZeroPad2d((0, 1, 2, 1)), nn.Conv2d(3, 4, 3, stride=2), nn.PReLU(4), nn.MaxPool2d(2, ceil_mode=True)
        ),
        (3, 9, 8),
    ),
    "tokens": (
        Net(lambda n, x: n.two(F.gelu(n.one(x))) + x, one=nn.Linear(8, 16), two=nn.Linear(16, 8)),
        (5, 8),
    ),
    "attention": (Net(attention, norm=nn.LayerNorm(8), **linears("query", "key", "value", "out")), (5, 8)),
    "one direction": (
        nn.Sequential(
            nn.Conv1d(2, 4, 3, padding=1, dilation=1), nn.ELU(), nn.MaxPool1d(2), nn.Flatten(), nn.Linear(16, 3)
        ),
        (2, 8),
    ),
    "two levels of a GRU": (nn.Sequential(nn.Flatten(2), nn.GRU(4, 3, 2, batch_first=True)), (3, 2, 2)),
    "pixels shuffled": (
        Net(
            lambda n, x: n.two(F.pixel_shuffle(n.one(x), 2)[:, 1:, ::2].flip(3)),
            one=nn.Conv2d(3, 12, 1),
            two=nn.Conv2d(2, 2, 1),
        ),
        (3, 4, 4),
    ),
    "upsampled": (
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.Upsample(scale_factor=2), nn.Conv2d(4, 2, 3), nn.AdaptiveAvgPool2d(1)),
        (3, 6, 6),
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_small_network_is_the_same_from_a_file(name: str, tmp_path: Path) -> None:
    network, shape = NETWORKS[name]
    assert from_file(network, shape, export(network, shape, tmp_path / "model.onnx", WAYS["old"])) == []


def test_a_file_of_the_newer_exporter_is_the_same_for_all_at_once(tmp_path: Path) -> None:
    """In one network, for an export takes seconds."""

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.silu, self.modules_without = NETWORKS["silu"][0], NETWORKS["modules without weights"][0]
            self.shuffled, self.upsampled = NETWORKS["pixels shuffled"][0], NETWORKS["upsampled"][0]

        def forward(self, x: Tensor) -> Any:
            return self.silu(x), self.modules_without(x), self.shuffled(x), self.upsampled(x)

    network = Both()
    assert from_file(network, (3, 6, 6), export(network, (3, 6, 6), tmp_path / "model.onnx", WAYS["new"])) == []
