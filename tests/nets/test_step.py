"""A step of training as products: what they come to is what autograd has, and a machine runs them to the bit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import small_runs
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nets import step as command
from nets.training import session as sessions
from nets.training.checkpoint import save
from nets.training.loop import train
from nets.training.pairs import PairCounter, Pairs
from nets.training.step import Product, StepRecorder, products, whole
from nets.training.traces import width
from tlm import run

CONVOLUTIONS: dict[str, dict[str, Any]] = {
    "plain": {},
    "padded": {"padding": 1},
    "strided, with values that no window has": {"stride": 2},
    "strided and padded": {"stride": 2, "padding": 1},
    "grouped": {"groups": 2, "padding": 1},
    "depthwise": {"groups": 4, "stride": 2, "padding": 2},
}


def integers(*shape: int, seed: int) -> Tensor:
    """Whole numbers, a third of them zero, the largest being 2^15 - 1 so that they stay as they are."""
    drawn = torch.Generator().manual_seed(seed)
    values = torch.randint(-9, 10, shape, generator=drawn) * (torch.rand(shape, generator=drawn) < 2 / 3)
    values.view(-1)[0] = (1 << 15) - 1
    return values.float()


def stepped(layer: nn.Module, inputs: Tensor, gradient: Tensor) -> tuple[StepRecorder, Pairs]:
    """A step of a network of one layer, which is not its first."""
    network = nn.Sequential(layer)
    with PairCounter(network) as counter, StepRecorder(network) as recorder:
        network(inputs.requires_grad_()).backward(gradient)
    return recorder, counter.layers["0"]


def value(product: Product) -> Tensor:
    inputs, weights = product.inputs.double(), product.weights.double()
    if product.kind == "fc":
        return inputs @ weights.T
    groups = product.inputs.shape[1] // product.weights.shape[1]
    return F.conv2d(inputs, weights, None, product.stride, product.padding, 1, groups)


def effectual(product: Product) -> int:
    """Pairs of two non-zero operands: what the product comes to where all others are 1."""
    masks = (product.inputs != 0).long(), (product.weights != 0).long()
    return int(value(Product(product.name, product.kind, *masks, product.stride, product.padding)).sum())


def held(layer: nn.Module, inputs: Tensor, gradient: Tensor) -> None:
    """Every product of the step equals autograd's, and has as many non-zero pairs as were counted."""
    recorder, pairs = stepped(layer, inputs, gradient)
    forward, back, weight = products("0", layer, recorder.seen["0"])  # type: ignore[arg-type]
    assert torch.equal(value(forward), layer(inputs).detach().double())
    assert inputs.grad is not None
    assert torch.equal(value(back).reshape(inputs.shape), inputs.grad.double())
    own = layer.weight.grad
    assert isinstance(own, Tensor)
    assert torch.equal(value(weight).reshape(own.shape), own.double())
    found = {"forward": effectual(forward), "input_gradient": effectual(back), "weight_gradient": effectual(weight)}
    assert found == pairs.effectual


@pytest.mark.parametrize("options", CONVOLUTIONS.values(), ids=CONVOLUTIONS)
def test_the_products_of_a_convolution_are_autograds(options: dict[str, Any]) -> None:
    layer = nn.Conv2d(4, 8, 3, bias=False, **options).double()
    with torch.no_grad():
        layer.weight.copy_(integers(*layer.weight.shape, seed=1))
    inputs = integers(1, 4, 8, 7, seed=2).double()
    held(layer, inputs, integers(*layer(inputs).shape, seed=3).double())


def test_the_products_of_a_fully_connected_layer_are_autograds() -> None:
    layer = nn.Linear(12, 5, bias=False).double()
    with torch.no_grad():
        layer.weight.copy_(integers(5, 12, seed=1))
    held(layer, integers(1, 12, seed=2).double(), integers(1, 5, seed=3).double())


def test_a_first_layer_needs_no_gradient_of_its_input() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Conv2d(2, 2, 3))
    with StepRecorder(network) as recorder:
        network(torch.rand(2, 1, 8, 8)).sum().backward()
    names = [product.name for product in recorder.products()]
    assert names == ["0-forward", "2-forward", "2-inputs", "2-weights", "0-weights"]


def test_of_a_batch_the_image_with_the_largest_gradient_is_told() -> None:
    layer = nn.Linear(3, 2, bias=False)
    recorder, _ = stepped(layer, integers(4, 3, seed=1), torch.tensor([[0.0, 0], [1, 0], [0, -3], [1, 1]]))
    gradient = recorder.products()[-2].inputs
    assert gradient.tolist() == [[0, -32767]]


def test_whole_numbers_keep_their_zeros_and_no_others() -> None:
    values = torch.tensor([0.0, 1e-9, -1e-9, 0.5, -1.0])
    assert whole(values).tolist() == [0, 1, -1, 16384, -32767]
    assert whole(torch.zeros(3)).tolist() == [0, 0, 0]
    assert [width(torch.tensor([v]), signed) for v, signed in ((0, False), (1, False), (255, False), (-1, True))] == [
        *(1, 1, 8, 2)
    ]


@pytest.mark.parametrize(
    ("layer", "told"),
    [
        (nn.Conv2d(1, 1, 3, dilation=2), "without gaps"),
        (nn.Conv2d(1, 1, 3, stride=(1, 2)), "square in stride"),
        (nn.ConvTranspose2d(1, 1, 3), "without gaps"),
        (nn.Conv2d(1, 1, (1, 3)), "square kernels"),
        (nn.Conv2d(1, 1, 1, padding=1), "larger than their padding"),
    ],
)
def test_what_is_not_recorded_is_told(layer: nn.Module, told: str) -> None:
    inputs = torch.rand(1, 1, 8, 8)
    recorder, _ = stepped(layer, inputs, torch.ones_like(layer(inputs)))
    with pytest.raises(ValueError, match=told):
        recorder.products()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("trained") / "small.pt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "load_images", lambda name, path, shape: small_runs.few())
        save(train(small_runs.settings("ternary", epochs=2, relu_threshold=0.01), lambda epoch: None), file)
    return file


@pytest.fixture
def traces(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sessions, "load_images", lambda name, path, shape: small_runs.few())
    monkeypatch.setenv("TLM_CACHE", str(tmp_path / "cache"))
    assert command.main([str(trained), "--out", str(tmp_path / "step")]) == 0
    return tmp_path / "step"


@pytest.mark.parametrize("changes", [(), ("compression=none", "memory=ddr4-3200"), ("granularity=exact",)])
def test_a_machine_runs_a_step_to_the_bit(
    traces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    workload = ("accelerator=dlac-training", f"workload={{traces: {traces}}}", *changes)
    sets = [word for one in workload for word in ("--set", one)]
    assert (
        run.main(["dlac_resnet", *sets, "--set", "compression.weights=null", "--no-live", "--json", "found.json"]) == 0
    )
    found = json.loads(Path("found.json").read_text())
    assert found["checked"]
    layers = {layer["name"]: layer for layer in found["layers"]}
    assert list(layers) == [
        *("0-forward", "3-forward", "7-forward"),
        *("7-inputs", "7-weights", "3-inputs", "3-weights", "0-weights"),
    ]
    assert all(0 < layer["multiplications"] <= layer["macs"] for layer in layers.values())
    assert layers["3-inputs"]["multiplications"] < layers["3-inputs"]["macs"]


def test_a_step_is_the_same_again(trained: Path, traces: Path, tmp_path: Path) -> None:
    assert command.main([str(trained), "--out", str(tmp_path / "again")]) == 0
    for file in traces.iterdir():
        assert file.read_bytes() == (tmp_path / "again" / file.name).read_bytes(), file.name


@pytest.mark.parametrize(
    ("checkpoint", "told"), [("lenet-int8", "does not say how it was trained"), ("nowhere.pt", "nowhere.pt")]
)
def test_bad_input_is_one_message_and_exit_2(
    checkpoint: str, told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        command.main([checkpoint, "--out", str(tmp_path)])
    assert ended.value.code == 2
    assert told in capsys.readouterr().err
