"""Networks that cannot be captured: each refused in one message that names the layer."""

from __future__ import annotations

from typing import Any

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


CONV = nn.Conv2d(2, 2, 3)

SEQUENCES = {
    "unknown_layer": (
        [CONV, nn.Sigmoid()],
        ["layer '1' (Sigmoid) is a layer nobody models", "allowed: Conv2d, Linear, BatchNorm2d after Conv2d"],
    ),
    "transposed": ([nn.ConvTranspose2d(2, 2, 3)], ["layer '0' (ConvTranspose2d)", "nobody models"]),
    "dilation": ([nn.Conv2d(2, 2, 2, dilation=2)], ["layer '0' (Conv2d) has dilation (2, 2)"]),
    "reflection": ([nn.Conv2d(2, 2, 3, padding=1, padding_mode="reflect")], ["'0'", "'reflect'", "'zeros'"]),
    "lopsided": ([nn.Conv2d(2, 2, 2, padding="same")], ["'0'", "even kernel"]),
    "norm_after_relu": ([CONV, nn.ReLU(), nn.BatchNorm2d(2)], ["'2' (BatchNorm2d)", "directly follow a convolution"]),
    "norm_first": ([nn.BatchNorm2d(2), CONV], ["'0' (BatchNorm2d) comes before the first"]),
    "norm_without_statistics": ([CONV, nn.BatchNorm2d(2, track_running_stats=False)], ["'1'", "running statistics"]),
    "relu_first": ([nn.ReLU(), CONV], ["'0' (ReLU) comes before the first convolution"]),
    "relu_after_average": ([CONV, nn.AvgPool2d(2), nn.ReLU()], ["'2' (ReLU) follows an average pooling"]),
    "two_pools": ([CONV, nn.MaxPool2d(2), nn.MaxPool2d(2)], ["'2' (MaxPool2d) is a second pooling"]),
    "dilated_pool": ([CONV, nn.MaxPool2d(2, dilation=2)], ["'1' (MaxPool2d) has dilation 2"]),
    "average_without_padding": (
        [CONV, nn.AvgPool2d(2, padding=1, count_include_pad=False)],
        ["'1' (AvgPool2d)", "count_include_pad=True"],
    ),
    "average_divisor": ([CONV, nn.AvgPool2d(2, divisor_override=3)], ["'1' (AvgPool2d) divides by 3, not by its 4"]),
    "average_overhang": ([CONV, nn.AvgPool2d(3, ceil_mode=True)], ["'1' (AvgPool2d)", "ceil_mode=False"]),
    "adaptive_uneven": ([CONV, nn.AdaptiveAvgPool2d(3)], ["'1' (AdaptiveAvgPool2d) does not divide a map of [4, 4]"]),
    "linear_on_a_map": ([CONV, nn.Linear(4, 2)], ["'1' (Linear) is given [1, 2, 4, 4]", "flatten first"]),
    "flatten_too_far": ([CONV, nn.Flatten(0)], ["'1' (Flatten) makes [1, 2, 4, 4] into [32]"]),
    "empty": ([nn.Identity()], ["neither a convolution nor a fully connected layer"]),
    "wrong_shape": ([nn.Conv2d(3, 2, 3)], ["cannot take an image of shape (2, 6, 6)"]),
}


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize("name", SEQUENCES)
def test_a_sequence_that_cannot_be_captured(name: str) -> None:
    modules, words = SEQUENCES[name]
    message = refusal(nn.Sequential(*modules))
    assert message.startswith("workload.network: ")
    assert "\n" not in message
    for word in words:
        assert word in message


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)
        self.other = nn.Conv2d(2, 2, 3, padding=1)
        self.offset = nn.Parameter(torch.ones(1))


class Residual(Network):
    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        return x + self.other(x)


class Branch(Network):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.conv(x), self.other(x)], 1)


class Constant(Network):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x) + self.offset


class Twice(Network):
    def forward(self, x: Tensor) -> Tensor:
        return self.conv(self.conv(x))


class TwoInputs(Network):
    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        return self.conv(x)


class TwoOutputs(Network):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.conv(x)
        return x, self.other(x)


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
        (Residual, "operation 'add' (add) joins two tensors: only chains"),
        (Branch, "layer 'other' (Conv2d) branches off after the input: only chains"),
        (Constant, "operation 'add' (add) is a layer nobody models"),
        (Twice, "layer 'conv' (Conv2d) is used twice"),
        (TwoOutputs, "must give what layer 'other' (Conv2d) gives, and nothing else"),
        (Decides, "cannot be traced by torch.fx"),
        (AlwaysDrops, "operation 'dropout' (dropout) stays on in evaluation"),
        (Overflows, "layer 'conv' (Conv2d) gives values that are not finite"),
    ],
)
def test_a_module_that_cannot_be_captured(network: type[nn.Module], words: str) -> None:
    message, *below = refusal(network()).split("\n")
    assert words in message
    assert bool(below) == (network is Decides)


def test_a_network_that_torch_cannot_trace_is_shown_its_own_line() -> None:
    _, first, place, line, *_ = refusal(Decides()).split("\n")
    assert first == "Traceback (most recent call last):"
    assert place.startswith(f'  File "{__file__}", line ') and place.endswith(", in forward")
    assert line == "    return self.conv(x) if x.sum() > 0 else self.other(x)"


def test_a_second_input_that_is_not_used_does_no_harm() -> None:
    inputs = np.ones(IMAGE, np.float32)
    assert len(capture(WorkloadSpec(network="tests:net"), TwoInputs(), inputs).layers) == 1


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
