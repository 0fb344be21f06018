"""Profiles: synthesised tensors have the published statistics, are the same every time, and no wider than allowed."""

from __future__ import annotations

from pathlib import Path

import attrs
import numpy as np
import pytest

from tlm.accelerators.rules.geometry import Geometry, Grid
from tlm.accelerators.rules.widths import set_widths
from tlm.console.tables import summary
from tlm.inputs.errors import BadInput
from tlm.scenario import load
from tlm.system import run
from tlm.workload import profiles
from tlm.workload.layer import Ints, Layer, Workload
from tlm.workload.profile_activations import ZEROS, activations
from tlm.workload.profile_draws import Draws
from tlm.workload.profile_steps import brick_maxima, mean_step_width
from tlm.workload.profile_sums import accumulators
from tlm.workload.profile_tables import ProfileLayer, profile_layers, profile_names
from tlm.workload.profile_weights import weights
from tlm.workload.profiles import load_profile
from tlm.workload.reference import accumulate
from tlm.workload.source import load_workload
from tlm.workload.spec import WorkloadSpec

GRID = Grid(tiles=16, rows=16, columns=16, lanes=16)
MOST_FILTERS = 128  # of a fully connected layer, in tests: its weights are all alike, and there are very many

#: Padding alone keeps the mean of its steps below Table 1's entry, whatever the values: P is 8, one step in nine empty.
OUT_OF_REACH = {("NiN", "conv4-1024"): 7.21}

SMALL = ProfileLayer(
    "small", "conv", 40, (9, 11), 6, (3, 2), (2, 1), (1, 1), 2, act_bits=7, weight_bits=9, act_mean=4.5, weight_mean=6.5
)
IMAGE = attrs.evolve(SMALL, name="image", channels=3, size=(21, 17), kernel=(5, 4), stride=(3, 2), groups=1)


def published(name: str) -> list[ProfileLayer]:
    """The layers of a network, fully connected ones with few filters."""
    return [
        attrs.evolve(layer, filters=min(layer.filters, MOST_FILTERS)) if layer.kind == "fc" else layer
        for layer in profile_layers(name)
    ]


def as_layer(layer: ProfileLayer, inputs: Ints) -> Layer:
    """A Layer of which only the input matters."""
    none = np.broadcast_to(np.int64(0), ())
    shape = (layer.filters, layer.group_channels, *layer.kernel)
    return Layer(
        layer.name, "conv", inputs[None], np.broadcast_to(none, shape), None,
        np.broadcast_to(none, (1, layer.filters, *layer.out_size)), inputs,
        layer.stride, layer.padding, layer.groups, 16, layer.act_bits, 16,
    )  # fmt: skip


def width(value: int) -> int:
    return max(1, int(value).bit_length())


def group_width(values: Ints) -> float:
    """The mean width of groups of 16 weights, channel fastest, sign included."""
    flat = values.transpose(0, 2, 3, 1).reshape(-1) if values.ndim == 4 else values.reshape(-1)
    largest = np.pad(np.abs(flat.astype(np.int64)), (0, -flat.size % 16)).reshape(-1, 16).max(axis=1)
    return float((np.maximum(np.frexp(largest)[1], 1) + 1).mean())


@pytest.mark.parametrize("name", profile_names())
def test_every_layers_activations_have_the_published_mean(name: str) -> None:
    for index, layer in enumerate(published(name)):
        values = activations(layer, 1, index, 0, 0)
        if layer.kind == "fc":
            bricks = np.pad(values, (0, -values.size % 16)).reshape(-1, 16).max(axis=1)
            found = float(np.mean([width(value) for value in bricks]))
        else:
            one = as_layer(layer, values)
            found = float(set_widths(one, 0, Geometry.of(one, GRID)).mean())
        expected = OUT_OF_REACH.get((name, layer.name), layer.act_mean)
        assert found == pytest.approx(expected, rel=0.01), layer.name
        assert values.min() >= 0 and width(values.max()) == layer.act_bits, layer.name


@pytest.mark.parametrize("name", profile_names())
def test_every_layers_weights_have_the_published_mean(name: str) -> None:
    for index, layer in enumerate(published(name)):
        values = weights(layer, Draws(1, index, 1))
        assert group_width(values) == pytest.approx(layer.weight_mean, rel=0.01), layer.name
        if layer.weight_bits is not None:
            assert width(int(np.abs(values).max())) + 1 == layer.weight_bits, layer.name


def test_the_mean_of_steps_by_plain_loops() -> None:
    for layer in (SMALL, IMAGE, attrs.evolve(SMALL, channels=32, groups=1, kernel=(1, 1), padding=(0, 0))):
        values = activations(layer, 3, 0, 0, 0)
        one = as_layer(layer, values)
        bricks = np.maximum(np.frexp(brick_maxima(values, layer).astype(np.float64))[1], 1).astype(np.uint8)
        found = mean_step_width(bricks, layer)
        assert found == pytest.approx(float(set_widths(one, 0, Geometry.of(one, GRID)).mean()))
    assert mean_by_loops(SMALL, activations(SMALL, 3, 0, 0, 0)) == pytest.approx(SMALL.act_mean, rel=0.01)


def mean_by_loops(layer: ProfileLayer, values: Ints) -> float:
    """The mean width of the steps of a layer that is not folded."""
    (out_y, out_x), (step_y, step_x), (pad_y, pad_x) = layer.out_size, layer.stride, layer.padding
    padded = np.pad(values, ((0, 0), (pad_y, pad_y), (pad_x, pad_x)))
    windows = [(y * step_y, x * step_x) for y in range(out_y) for x in range(out_x)]
    steps = []
    for group in np.split(padded, layer.groups):
        for first in range(0, len(windows), 16):
            for y, x in np.ndindex(*layer.kernel):
                for lane in range(0, len(group), 16):
                    seen = [group[lane : lane + 16, top + y, left + x].max() for top, left in windows[first:][:16]]
                    steps.append(width(max(seen)))
    return float(np.mean(steps))


def test_the_scale_varies_smoothly_over_the_map() -> None:
    layer = next(layer for layer in profile_layers("VGG_S") if layer.name == "conv2")
    bricks = brick_maxima(activations(layer, 1, 1, 0, 0), layer).astype(np.float64)
    logs = np.log2(1 + bricks)
    near = np.corrcoef(logs[:, 1:].reshape(-1), logs[:, :-1].reshape(-1))[0, 1]
    assert 0.2 < near < 0.95
    assert len(np.unique(np.frexp(bricks)[1])) >= 4, "groups have many widths"


@pytest.mark.parametrize("name", ["AlexNet", "VGG_M"])
def test_zeros_are_as_assumed(name: str) -> None:
    image, *others = [activations(layer, 1, index, 0, 0) for index, layer in enumerate(published(name))]
    assert (image > 0).all()
    assert all((values == 0).mean() == pytest.approx(ZEROS, abs=0.03) for values in others)


def test_a_network_is_whole() -> None:
    workload = load_profile("NeuralTalk_h256", 7, 2, None)
    rows = profile_layers("NeuralTalk_h256")
    assert (workload.name, workload.chained, workload.predictions) == ("NeuralTalk_h256", False, None)
    assert workload.note == (
        "NeuralTalk_h256: tensors synthesised from published statistics (DPRed, Tables 1-3), seed 7"
    )
    for layer, row, following in zip(workload.layers, rows, [*workload.layers[1:], None], strict=True):
        assert layer.inputs.shape == (2, row.channels) and layer.weights.shape == (row.filters, row.channels)
        assert (layer.bits, layer.act_bits, layer.weight_bits) == (16, 11, 11)
        assert layer.inputs.dtype == layer.weights.dtype == np.int16
        assert (layer.accumulators == layer.inputs.astype(np.int64) @ layer.weights.astype(np.int64).T).all()
        if following is not None:
            assert layer.outputs is following.inputs
    last = workload.layers[-1]
    assert (last.outputs == last.accumulators.clip(-(2**15), 2**15 - 1)).all()


def test_convolutions_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    unpublished = attrs.evolve(IMAGE, weight_bits=None)
    monkeypatch.setattr(profiles, "profile_layers", lambda _name: [unpublished, SMALL])
    first, second = load_profile("any", 1, 2, 12).layers
    assert first.weight_bits == width(int(np.abs(first.weights).max())) + 1
    assert (second.weight_bits, second.bits) == (9, 12)
    assert (first.stride, first.padding, second.groups) == ((3, 2), (1, 1), 2)
    assert first.out_size == IMAGE.out_size and second.accumulators.shape == (2, 6, *SMALL.out_size)


@pytest.mark.parametrize("layer", [SMALL, IMAGE], ids=lambda layer: layer.name)
def test_accumulators_equal_the_reference(layer: ProfileLayer) -> None:
    inputs = np.stack([activations(layer, 1, 0, 0, image) for image in range(2)])
    kernels = weights(layer, Draws(1, 0, 1))
    expected = accumulate("conv", inputs, kernels, stride=layer.stride, padding=layer.padding, groups=layer.groups)
    found = accumulators(layer, inputs, kernels)
    assert found.dtype == np.int64 and np.array_equal(found, expected)


def test_accumulators_of_a_published_layer_equal_the_reference() -> None:
    layer = profile_layers("AlexNet")[3]
    inputs, kernels = activations(layer, 1, 3, 0, 0)[None], weights(layer, Draws(1, 3, 1))
    expected = accumulate("conv", inputs, kernels, stride=(1, 1), padding=(1, 1), groups=2)
    assert np.array_equal(accumulators(layer, inputs, kernels), expected)


def same(one: Workload, other: Workload, images: int) -> bool:
    return all(
        np.array_equal(a.inputs[:images], b.inputs[:images]) and np.array_equal(a.weights, b.weights)
        for a, b in zip(one.layers, other.layers, strict=True)
    )


def test_a_seed_gives_the_same_tensors_and_another_others() -> None:
    one = load_profile("NeuralTalk_h256", 1, 1, None)
    assert same(one, load_profile("NeuralTalk_h256", 1, 1, 12), 1)
    assert same(one, load_profile("NeuralTalk_h256", 1, 3, None), 1)
    other = load_profile("NeuralTalk_h256", 2, 1, None)
    assert not any(np.array_equal(a.inputs, b.inputs) for a, b in zip(one.layers, other.layers, strict=True))
    assert not any(np.array_equal(a.weights, b.weights) for a, b in zip(one.layers, other.layers, strict=True))


def test_the_bits_drawn_are_the_same_everywhere() -> None:
    assert Draws(1, 2, 3).uint16(6).tolist() == DRAWN


DRAWN = [38305, 64359, 57332, 2268, 44383, 7515]


# --- the tables


def test_table_one_says_what_googlenets_modules_share() -> None:
    layers = {layer.name: layer for layer in profile_layers("GoogLeNet")}
    modules = {name.partition("/")[0] for name in layers if name.startswith("inception")}
    assert len(modules) == 9
    for module in modules:
        readers = [layers[f"{module}/{name}"] for name in ("1x1", "3x3_reduce", "5x5_reduce")]
        assert len({(one.act_mean, one.act_bits, one.channels) for one in readers}) == 1
    assert (layers["conv2/3x3"].act_mean, layers["conv2/3x3_reduce"].act_mean) == (5.94, 5.74)
    assert layers["inception_5b/5x5"].act_mean == 3.61
    assert layers["inception_5b/5x5"].weight_mean == 8.81


@pytest.mark.parametrize("name", profile_names())
def test_precisions_are_there_for_every_layer_and_can_be(name: str) -> None:
    for layer in profile_layers(name):
        assert 1 < layer.act_mean <= layer.act_bits <= 16, layer.name
        assert 2 < layer.weight_mean <= (layer.weight_bits or 16), layer.name


def test_shapes_come_to_the_published_work() -> None:
    macs = {
        name: sum(
            layer.filters * layer.group_channels * int(np.prod(layer.kernel)) * int(np.prod(layer.out_size))
            for layer in profile_layers(name)
        )
        for name in ("AlexNet", "NiN", "GoogLeNet", "VGG_19")
    }
    assert macs == {
        "AlexNet": 665784864 + 58621952,
        "NiN": 1100188800,
        "GoogLeNet": 1581647872 + 1024000,
        "VGG_19": 19508428800 + 123633664,
    }


# --- as a workload


def test_it_is_synthesised_once_and_then_opened(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TLM_CACHE", str(tmp_path))
    calls: list[tuple[str, int, int, int | None]] = []
    made = profiles.load_profile
    monkeypatch.setattr(profiles, "load_profile", lambda *args: calls.append(args) or made(*args))
    for seed in (1, 1, 2):
        workload = load_workload(WorkloadSpec(profile="NeuralTalk_h256", seed=seed), Path)
        assert workload.note.endswith(f"seed {seed}")
    assert [seed for _, seed, *_ in calls] == [1, 2]


def test_every_result_says_that_it_is_synthesised(monkeypatch: pytest.MonkeyPatch) -> None:
    second = attrs.evolve(SMALL, name="second", channels=12, groups=1)
    monkeypatch.setattr(profiles, "profile_layers", lambda _name: [IMAGE, second])
    workload = load_profile("any", 1, 2, None)
    result = run(load("lenet", ["workload.profile=NiN", "check=true"]), workload)
    assert result.checked and result.images == 2
    assert result.notes == [workload.note] == result.as_json()["notes"]
    assert workload.note in summary(result)


REFUSED = [
    ("profile=AlexNut", "there is no profile 'AlexNut'", "did you mean 'AlexNet'?"),
    ("profile=resnet-18", "there is no profile 'resnet-18'", "(allowed: AlexNet, NiN"),
    ("profile=ResNet-18", "no precisions of 'ResNet-18' are published", "(allowed: AlexNet, NiN"),
    ("profile=3", "expected text, not 3", ""),
    ("seed=-1", "workload.seed: must be >= 0, not -1", ""),
    ("seed=x", "workload.seed: expected a whole number", ""),
    ("weights=x.pt", "workload.weights: means nothing beside 'profile'", "(allowed: profile, seed, images, bits)"),
    ("bits=17", "workload.bits: must be <= 16, not 17", ""),
]


@pytest.mark.parametrize(("change", "message", "more"), REFUSED, ids=[change for change, *_ in REFUSED])
def test_what_is_refused(change: str, message: str, more: str) -> None:
    with pytest.raises(BadInput) as refused:
        load("lenet", ["workload={profile: AlexNet}", f"workload.{change}"])
    assert message in str(refused.value) and more in str(refused.value)


def test_too_few_bits_are_refused_by_the_layer_that_needs_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadInput, match="8 bits do not hold the activations of layer conv1, which are up to 9 bits"):
        load_profile("AlexNet", 1, 1, 8)
    monkeypatch.setattr(
        profiles, "profile_layers", lambda _name: [attrs.evolve(SMALL, weight_mean=10, weight_bits=None)]
    )
    with pytest.raises(BadInput, match=r"8 bits do not hold the weights of layer small, which are up to 1\d bits"):
        load_profile("any", 1, 1, 8)


def test_a_profile_drops_what_belongs_to_a_network() -> None:
    workload = load("lenet", ["workload.profile=NiN"]).workload
    assert (workload.profile, workload.network, workload.weights, workload.input) == ("NiN", None, None, None)
    back = load("lenet", ["workload.profile=NiN", "workload.network=nets.lenet:build"]).workload
    assert (back.profile, back.network, back.weights) == (None, "nets.lenet:build", None)
    with pytest.raises(BadInput, match="seed: means nothing beside 'network'"):
        load("lenet", ["workload.profile=NiN", "workload.seed=4", "workload.network=nets.lenet:build"])


def test_every_profile_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scenario.md").read_text(encoding="utf-8")
    row = next(line for line in page.splitlines() if line.startswith("| `workload.profile` |"))
    assert all(f"`{name}`" in row for name in profile_names())
