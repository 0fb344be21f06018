"""Networks that cannot be captured: each refused in one message that names the layer."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tlm.inputs.errors import BadInput
from tlm.workload.capture import capture
from tlm.workload.checkpoint import Checkpoint
from tlm.workload.spec import WorkloadSpec

IMAGE = (1, 2, 6, 6)


def refusal(network: nn.Module, shape: tuple[int, ...] = IMAGE, **given: Any) -> str:
    checkpoint = given.pop("checkpoint", None)
    inputs = np.random.default_rng(0).random(shape, dtype=np.float32)
    with pytest.raises(BadInput) as refused:
        capture(WorkloadSpec(network="tests:net", **given), network, inputs, None, checkpoint)
    return str(refused.value)


class Apply(nn.Module):
    """Any function as a module that is traced through."""

    def __init__(self, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


class Counts(nn.Module):
    """Gives something else every time."""

    calls: ClassVar[list[int]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.calls.append(1)
        return x * len(self.calls)


CONV = nn.Conv2d(2, 2, 3)

SEQUENCES = {
    "empty": ([nn.Identity()], ["the network has no layers"]),
    "wrong_shape": ([nn.Conv2d(3, 2, 3)], ["cannot take an image of shape (2, 6, 6)"]),
    "nothing_but_zeros": ([nn.ZeroPad2d(-3), CONV], ["cannot take an image of shape (2, 6, 6)"]),
    "whole_numbers": ([CONV, nn.Flatten(), Apply(lambda x: x.argmax(1))], ["gives nothing that is computed", "input"]),
    "decided": ([Apply(lambda x: x * x.sum().item())], ["'item' (item) makes a decision of the image's values"]),
    "not_finite": ([Apply(torch.log), Apply(lambda x: x - 2), Apply(torch.log)], ["(log) gives values that are not"]),
    "counts": ([Counts(), CONV], ["the network gives something else than the layers", "from one call to the next"]),
}


@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_that_cannot_be_captured(name: str) -> None:
    modules, words = SEQUENCES[name]
    message = refusal(nn.Sequential(*modules))
    assert message.startswith("workload.network: ")
    for word in words:
        assert word in message


#: Sequences with one operation that is left to torch: its layer, and why.
UNMODELLED = {
    "transposed": ([nn.ConvTranspose2d(2, 2, 3)], "ConvTranspose2d", 6 * 6 * 2 * 2 * 9),
    "three_directions": ([nn.Unflatten(1, (1, 2)), nn.Conv3d(1, 1, 1)], "Conv3d", 2 * 6 * 6),
    "own_statistics": ([nn.BatchNorm2d(2, track_running_stats=False)], "BatchNorm2d (keeps no running statistics", 0),
    "dilated_pool": ([nn.MaxPool2d(2, dilation=2)], "MaxPool2d (has dilation 2", 0),
    "average_divisor": (
        [nn.AvgPool2d(2, divisor_override=3)],
        "AvgPool2d (divides by 3, not by the number of its values)",
        0,
    ),
    "adaptive_uneven": ([nn.AdaptiveAvgPool2d(4)], "AdaptiveAvgPool2d (does not divide a map of [6, 6]", 0),
    "bilinear": ([nn.Upsample(scale_factor=2, mode="bilinear")], "Upsample (interpolates (bilinear)", 0),
    "response": ([nn.LocalResponseNorm(2)], "LocalResponseNorm", 0),
}


@pytest.mark.parametrize("name", UNMODELLED)
def test_an_operation_that_nobody_models_is_a_layer_that_says_so(name: str) -> None:
    modules, operation, macs = UNMODELLED[name]
    inputs = np.random.default_rng(0).random((2, *IMAGE[1:]), dtype=np.float32)
    layers = capture(WorkloadSpec(network="tests:net", images=2), nn.Sequential(*modules), inputs).layers
    assert [layer.kind for layer in layers] == ["other"]
    assert layers[0].operation.startswith(operation)
    assert layers[0].macs == macs


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.other = nn.Conv2d(2, 2, 3, padding=1)


class TwoInputs(Network):
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.conv(x)


class NoTensor(Network):
    def forward(self, x: Tensor) -> Any:
        return self.conv(x).shape


class Decides(Network):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) if x.sum() > 0 else self.other(x)


class AlwaysDrops(Network):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(self.conv(x))


class Overflows(Network):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)

    def __init__(self) -> None:
        super().__init__()
        with torch.no_grad():
            self.conv.weight[0, 0, 1, 1] = float("nan")


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (NoTensor, "the network gives nothing that is computed from its input"),
        (Decides, "the network cannot be followed: symbolically traced"),
        (AlwaysDrops, "operation 'dropout' (dropout) stays on in evaluation"),
        (Overflows, "layer 'conv' (Conv2d) gives values that are not finite"),
    ],
)
def test_a_module_that_cannot_be_captured(network: type[nn.Module], words: str) -> None:
    message, *below = refusal(network()).split("\n")
    assert words in message
    assert bool(below) == (network is Decides)


def test_an_operation_that_is_refused_is_shown_its_line() -> None:
    assert re.match(rf"workload.network: .*{Path(__file__).name}:\d+: operation 'dropout'", refusal(AlwaysDrops()))


def test_a_network_that_torch_cannot_trace_is_shown_its_own_line(capfd: pytest.CaptureFixture[str]) -> None:
    _, first, place, line, *_ = refusal(Decides()).split("\n")
    assert capfd.readouterr() == ("", "")
    assert first == "Traceback (most recent call last):"
    assert place.startswith(f'  File "{__file__}", line ') and place.endswith(", in forward")
    assert line == "    return self.conv(x) if x.sum() > 0 else self.other(x)"


def test_a_second_input_that_is_not_used_does_no_harm() -> None:
    inputs = np.ones(IMAGE, np.float32)
    assert len(capture(WorkloadSpec(network="tests:net"), TwoInputs(), inputs).layers) == 1


def test_a_shape_that_depends_on_values() -> None:
    def positive(x: Tensor) -> Tensor:
        return x[x > 0.5].mean(0, keepdim=True)

    message = refusal(nn.Sequential(Apply(positive)), (3, *IMAGE[1:]), images=3)
    assert "operation 'getitem' (getitem) gives a shape that depends on the values: [" in message


def checkpoint(**given: Any) -> Checkpoint:
    usual: dict[str, Any] = {"state": {}, "codes": {}, "weight_scales": {}, "activation_scales": {}}
    return Checkpoint("net.pt", **{"bits": 8, **usual, **given})


def test_other_bits_than_the_checkpoints() -> None:
    message = refusal(nn.Sequential(CONV), bits=4, checkpoint=checkpoint())
    assert message == "workload.bits: is 4, and net.pt was trained for 8 bits"


def test_one_bit() -> None:
    assert "at least 2 bits" in refusal(nn.Sequential(CONV), bits=1)


def test_a_scale_of_no_layer() -> None:
    message = refusal(nn.Sequential(CONV, nn.ReLU()), checkpoint=checkpoint(activation_scales={"1": 1.0}))
    assert message.startswith("net.pt: 1: there is no such layer in activation_scales (allowed: 0)")


def test_codes_too_wide() -> None:
    given = checkpoint(bits=4, codes={"0": np.array([8])}, weight_scales={"0": 1.0})
    assert "net.pt: 0.weight: holds a code of more than 4 bits" in refusal(nn.Sequential(CONV), checkpoint=given)


def test_a_bias_out_of_all_proportion() -> None:
    network = nn.Sequential(nn.Conv2d(2, 2, 3), nn.ReLU())
    given = checkpoint(activation_scales={"0": 1e-30})
    assert "layer '0' has a bias out of all proportion" in refusal(network, checkpoint=given)


def test_more_bits_than_machines_store() -> None:
    network = nn.Sequential(CONV)
    wide = checkpoint(bits=32, codes={"0": np.full((2, 2, 3, 3), 2**20)}, weight_scales={"0": 2.0**-20})
    assert "bits: was trained for 32 bits, more than machines store" in refusal(network, checkpoint=wide)
    inputs = np.ones(IMAGE, np.float32)
    layer = capture(WorkloadSpec(network="t:n", bits=16), network, inputs, None, wide).layers[0]
    assert (layer.bits, np.abs(layer.weights).max()) == (16, 2**15 - 1)


def test_two_layers_that_want_one_tensor_in_two_scales() -> None:
    class Fork(Network):
        def forward(self, x: Tensor) -> Tensor:
            return self.conv(x) + self.other(x)

    near = checkpoint(activation_scales={"conv": 0.01, "other": 0.01 * (1 + 1e-7)})
    inputs = np.ones(IMAGE, np.float32)
    assert len(capture(WorkloadSpec(network="t:n"), Fork(), inputs, None, near).layers) == 3
    far = checkpoint(activation_scales={"conv": 0.01, "other": 0.02})
    message = refusal(Fork(), checkpoint=far)
    assert message.startswith("net.pt: other: has an input scale of 0.02, and layer 'conv'")


def test_a_zero_that_is_no_code() -> None:
    given = checkpoint(activation_scales={"0": 1.0}, activation_zeros={"0": 300})
    assert "net.pt: activation_zeros.0: is no code of 8 bits: 300" in refusal(nn.Sequential(CONV), checkpoint=given)


def test_zeros_are_not_averaged_as_padding() -> None:
    network = nn.Sequential(nn.Conv2d(2, 2, 1), nn.AvgPool2d(2, padding=1), nn.Conv2d(2, 1, 1))
    given = checkpoint(activation_scales={"2": 0.1}, activation_zeros={"2": 5})
    assert "layer '0' averages padding, whose code is not 0" in refusal(network, checkpoint=given)
