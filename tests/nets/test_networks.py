"""Every network against the published shapes: layers, kernels, MACs and weights, counted on torch's meta device."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from ruamel.yaml import YAML
from torch import Tensor, fx, nn

from nets import resnet18_cifar, vgg_cifar
from nets.catalogue import networks

FACTS = Path(__file__).parents[2] / "tlm" / "workload" / "published" / "networks.yaml"
POOLS = nn.MaxPool2d | nn.AvgPool2d | nn.AdaptiveAvgPool2d

PUBLISHED = {
    "AlexNet": "alexnet",
    "NiN": "nin",
    "GoogLeNet": "googlenet",
    "VGG_S": "vgg_s",
    "VGG_M": "vgg_m",
    "VGG_M_2048": "vgg_m_2048",
    "VGG_19": "vgg19",
    "ResNet-18": "resnet18",
    "ResNet-34": "resnet34",
    "ResNet-50": "resnet50",
    "ResNet-152": "resnet152",
    "ResNet-50-caffe": "resnet50_caffe",
    "MobileNet": "mobilenet",
    "SegNet": "segnet",
    "LeNet": "lenet",
    "ConvNet": "convnet",
    "ALEX": "alex",
    "ALEX+": "alex_plus",
    "ALEX++": "alex_plus_plus",
    "NeuralTalk_h256": "neuraltalk_h256",
    "NeuralTalk_h512": "neuraltalk_h512",
    "Denoise": "denoise",
    "Denoise_17": "denoise_17",
    "BiLSTM": "bilstm",
}
RECURRENT = ("NeuralTalk_h256", "NeuralTalk_h512", "BiLSTM")
FEEDFORWARD = [name for name in PUBLISHED if name not in RECURRENT]

Row = dict[str, Any]


@cache
def facts() -> dict[str, Any]:
    return cast(dict[str, Any], YAML(typ="safe").load(FACTS))


@cache
def built(name: str) -> nn.Module:
    """The network, without memory for its weights."""
    with torch.device("meta"):
        network = cast(nn.Module, importlib.import_module(f"nets.{name}").build())
    return network.eval()


def run(network: nn.Module) -> Tensor:
    with torch.no_grad():
        return cast(Tensor, network(cast(Tensor, network.example_input).to("meta")))


@cache
def rows(name: str) -> dict[str, Row]:
    """What each layer of the network does to its example input, by module name, as networks.yaml writes it."""
    network, found = built(name), {}

    def note(key: str, module: nn.Module, inputs: Any, output: Any) -> None:
        given = output[0] if isinstance(output, tuple) else output
        found[key] = _row(module, inputs[0], given)

    hooks = [
        module.register_forward_hook(lambda module, inputs, output, key=key: note(key, module, inputs, output))
        for key, module in network.named_modules()
        if isinstance(module, nn.Conv2d | nn.Linear | nn.LSTM | nn.MaxUnpool2d | POOLS)
    ]
    run(network)
    for hook in hooks:
        hook.remove()
    return found


def _row(module: nn.Module, given: Tensor, made: Tensor) -> Row:
    row: Row = {"inp": _extent(given), "out": _extent(made), "macs": 0, "weights": 0}
    if isinstance(module, nn.MaxUnpool2d):
        return {"type": "unpool", **row}
    if isinstance(module, POOLS):
        return {"type": "pool", **row, **_window(module, given)}
    row["weights"] = sum(values.numel() for name, values in module.named_parameters() if "weight" in name)
    if isinstance(module, nn.Conv2d):
        row["macs"] = row["weights"] * made.shape[2] * made.shape[3]
        geometry = {"kernel": list(module.kernel_size), "stride": module.stride[0], "pad": module.padding[0]}
        return {"type": "conv", **row, **geometry, "groups": module.groups}
    steps = given.shape[1] if isinstance(module, nn.LSTM) else 1
    return {"type": "fc", **row, "macs": row["weights"] * steps}


def _extent(values: Tensor) -> list[int]:
    """[height, width, channels] of a map; a vector is one pixel."""
    channels, *size = values.shape[1:] if values.ndim == 4 else values.shape[-1:]
    return [*(size or (1, 1)), channels]


def _window(pool: nn.Module, given: Tensor) -> Row:
    if isinstance(pool, nn.AdaptiveAvgPool2d):
        return {"op": "ave", "kernel": list(given.shape[2:]), "stride": 1, "pad": 0}
    op = "max" if isinstance(pool, nn.MaxPool2d) else "ave"
    kernel = pool.kernel_size
    return {"op": op, "kernel": [kernel, kernel], "stride": pool.stride, "pad": pool.padding}


def total(found: dict[str, Row], kind: str, key: str) -> int:
    return sum(row[key] for row in found.values() if row["type"] == kind)


def expected_rows(name: str) -> list[Row]:
    """A network's published layers, without their names and remarks."""
    kept = ("type", "op", "inp", "out", "kernel", "stride", "pad", "groups", "macs", "weights")
    return [{key: layer[key] for key in kept if key in layer} for layer in facts()[name]["layers"]]


def in_order(listed: list[Row]) -> list[Row]:
    """Sorted: a shortcut or a branch stands where its author put it, before or after the others."""
    return sorted(listed, key=lambda row: sorted((key, str(value)) for key, value in row.items()))


def _does_nothing(row: Row) -> bool:
    """Whether it is an adaptive pooling that finds the size it makes."""
    return bool(row.get("op") == "ave" and row["inp"] == row["out"])


def test_every_published_network_is_there() -> None:
    assert set(PUBLISHED) == set(facts())
    assert set(PUBLISHED.values()) <= set(networks())


@pytest.mark.parametrize("name", PUBLISHED)
def test_macs_weights_and_layers_are_the_published_totals(name: str) -> None:
    found, published = rows(PUBLISHED[name]), facts()[name]["totals"]
    for kind in ("conv", "fc"):
        assert total(found, kind, "macs") == published[f"{kind}_macs"]
        assert total(found, kind, "weights") == published[f"{kind}_weights"]
        if name not in RECURRENT:
            assert sum(row["type"] == kind for row in found.values()) == published[f"{kind}_layers"]


@pytest.mark.parametrize("name", FEEDFORWARD)
def test_every_layer_has_its_published_shape(name: str) -> None:
    found = [row for row in rows(PUBLISHED[name]).values() if not _does_nothing(row)]
    published = expected_rows(name)
    assert in_order(found) == in_order(published)


@pytest.mark.parametrize(
    "name", ["AlexNet", "NiN", "VGG_S", "VGG_M", "VGG_M_2048", "MobileNet", "SegNet", "Denoise", "Denoise_17"]
)
def test_layers_run_in_the_published_order_under_their_published_names(name: str) -> None:
    found = [key.rpartition(".")[2] for key, row in rows(PUBLISHED[name]).items() if row["type"] in ("conv", "fc")]
    published = [
        layer["name"].replace("/", "_") for layer in facts()[name]["layers"] if layer["type"] in ("conv", "fc")
    ]
    assert found == published


def test_googlenets_modules_are_named_as_caffes_layers() -> None:
    found = {key.replace(".", "/"): row for key, row in rows("googlenet").items() if row["type"] in ("conv", "fc")}
    published = {layer["name"]: layer for layer in facts()["GoogLeNet"]["layers"] if layer["type"] in ("conv", "fc")}
    assert found.keys() == published.keys()
    assert all(row["macs"] == published[name]["macs"] for name, row in found.items())


@pytest.mark.parametrize("hidden", [256, 512])
def test_neuraltalks_step_is_encoder_gates_and_decoder(hidden: int) -> None:
    found = rows(f"neuraltalk_h{hidden}")
    published = facts()[f"NeuralTalk_h{hidden}"]["layers"]
    assert [row["macs"] for row in found.values()] == [layer["macs"] for layer in published]


def test_the_bilstms_gates_are_the_published_products() -> None:
    published = {layer["name"]: layer["weights"] for layer in facts()["BiLSTM"]["layers"]}
    for module, way in (("forwards", "fw"), ("backwards", "bw")):
        direction = cast(nn.Module, built("bilstm").get_submodule(module))
        weights = {name: values.numel() for name, values in direction.named_parameters() if "bias" not in name}
        assert weights["embed.weight"] == published[f"embed_{way}"]
        assert weights["lstm1.weight_ih_l0"] == published[f"lstm1_{way}_Wx"]
        assert weights["lstm1.weight_hh_l0"] == published[f"lstm1_{way}_Wh"]
        assert weights["lstm2.weight_ih_l0"] == published[f"lstm2_{way}_Wx"] + published[f"lstm2_{way}_Wstatic"]
        assert weights["lstm2.weight_hh_l0"] == published[f"lstm2_{way}_Wh"]
        assert weights["predict.weight"] == published[f"predict_{way}"]


# --- every network of the folder


@pytest.mark.parametrize("name", networks())
def test_every_network_can_be_traced_and_has_an_example_input(name: str) -> None:
    network = built(name)
    example = cast(Tensor, network.example_input)
    assert len(example) == 1
    assert example.device.type == "cpu"
    assert 0 <= example.min() < example.max() < 1
    traced = fx.symbolic_trace(network)
    with torch.no_grad():
        assert traced(example.to("meta")).shape == run(network).shape


@pytest.mark.parametrize("name", networks())
def test_every_network_says_how_many_weights_it_has(name: str) -> None:
    told = re.search(r"([\d.]+) (thousand|million) weights", networks()[name])
    assert told is not None
    digits = len(told[1].partition(".")[2])
    weights = sum(row["weights"] for row in rows(name).values()) / {"thousand": 1e3, "million": 1e6}[told[2]]
    assert f"{weights:.{digits}f}" == told[1]


def test_small_networks_learn_something_from_one_batch() -> None:
    torch.manual_seed(0)
    for name in ("mobilenet_cifar", "lstm", "mlp"):
        network = importlib.import_module(f"nets.{name}").build()
        images = torch.rand(8, *network.example_input.shape[1:])
        labels = torch.arange(8)
        optimiser = torch.optim.Adam(network.parameters(), 1e-2)
        losses = []
        for _ in range(8):
            loss = nn.functional.cross_entropy(network(images), labels)
            optimiser.zero_grad()
            torch.autograd.backward(loss)
            optimiser.step()
            losses.append(loss.item())
        assert losses[-1] < 0.9 * losses[0], name


def test_widths_are_selectable() -> None:
    def filters(network: nn.Module) -> int:
        return max(module.out_channels for module in network.modules() if isinstance(module, nn.Conv2d))

    assert filters(resnet18_cifar.build(width=4)) == 32
    assert filters(vgg_cifar.build(width=2)) == 32


def test_the_example_input_is_the_same_every_time() -> None:
    first, second = (importlib.import_module("nets.convnet").build().example_input for _ in range(2))
    assert torch.equal(first, second)


def test_the_catalogue_imports_no_torch() -> None:
    code = "import sys; from nets.catalogue import networks; networks(); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


# --- state dicts


def shapes(name: str) -> dict[str, list[int]]:
    return {key: list(values.shape) for key, values in built(name).state_dict().items()}


def test_vgg19_has_torchvisions_names() -> None:
    found = shapes("vgg19")
    convs = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
    layers = [*(f"features.{place}" for place in convs), *(f"classifier.{place}" for place in (0, 3, 6))]
    assert list(found) == [f"{layer}.{part}" for layer in layers for part in ("weight", "bias")]
    assert found["features.0.weight"] == [64, 3, 3, 3]
    assert found["features.34.weight"] == [512, 512, 3, 3]
    assert found["classifier.0.weight"] == [4096, 25088]
    assert found["classifier.6.bias"] == [1000]


@pytest.mark.parametrize(
    ("name", "entries", "some"),
    [
        (
            "resnet18",
            122,
            {
                "layer1.0.conv1.weight": [64, 64, 3, 3],
                "layer2.0.downsample.0.weight": [128, 64, 1, 1],
                "layer4.1.bn2.running_var": [512],
                "fc.weight": [1000, 512],
            },
        ),
        ("resnet34", 218, {"layer3.5.conv2.weight": [256, 256, 3, 3], "layer2.0.downsample.1.num_batches_tracked": []}),
        (
            "resnet50",
            320,
            {
                "conv1.weight": [64, 3, 7, 7],
                "layer1.0.downsample.0.weight": [256, 64, 1, 1],
                "layer1.0.conv3.weight": [256, 64, 1, 1],
                "layer4.2.bn3.bias": [2048],
                "fc.weight": [1000, 2048],
            },
        ),
        ("resnet152", 932, {"layer3.35.conv1.weight": [256, 1024, 1, 1]}),
    ],
)
def test_resnets_have_torchvisions_names(name: str, entries: int, some: dict[str, list[int]]) -> None:
    found = shapes(name)
    assert len(found) == entries
    assert list(found)[:6] == [
        "conv1.weight",
        *(f"bn1.{part}" for part in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")),
    ]
    assert {key: found.get(key) for key in some} == some


@pytest.mark.parametrize("name", ["alexnet", "vgg_m", "vgg_s", "googlenet"])
def test_local_response_normalisation_has_no_weights_and_changes_no_shape(name: str) -> None:
    with torch.device("meta"):
        network = importlib.import_module(f"nets.{name}").build(lrn=True).eval()
    assert any(isinstance(module, nn.LocalResponseNorm) for module in network.modules())
    assert {key: list(values.shape) for key, values in network.state_dict().items()} == shapes(name)
    assert run(network).shape == (1, 1000)


# --- the page


def test_the_page_lists_every_network_with_its_macs() -> None:
    page = (Path(__file__).parents[2] / "docs" / "networks.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| `(\w+)` \| .* \| ([\d x]+) \| ([\d,]+) \| ([^|]*?) *\|$", page, re.MULTILINE)
    published = {module: name for name, module in PUBLISHED.items()}
    for name, shape, macs, published_as in lines:
        assert shape == " x ".join(map(str, cast(Tensor, built(name).example_input).shape[1:]))
        assert macs == f"{sum(row['macs'] for row in rows(name).values()):,}"
        assert published_as == published.get(name, "")
    assert {name for name, *_ in lines} == set(networks())
