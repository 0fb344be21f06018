"""Random networks, exported: what the file is converted to gives what torch and onnx's own evaluator give."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx.reference import ReferenceEvaluator
from torch import Tensor, nn

from tlm.workload.onnx.conversion import converted
from tlm.workload.onnx.file import read_model

CHANNELS, SIZE = 4, 8


class Twice(nn.Module):
    """A function of a map and of itself moved."""

    def __init__(self, function: Callable[[Tensor, Tensor], Tensor]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x, x.flip(1) * 0.5 + 0.25)


def conv(kernel: int, stride: int = 1, groups: int = 1, bias: bool = True) -> nn.Module:
    return nn.Conv2d(CHANNELS, CHANNELS, kernel, stride, kernel // 2, groups=groups, bias=bias)


#: What takes maps of four channels, of any size from 2 x 2 on, to such maps.
STEPS: dict[str, Callable[[], nn.Module]] = {
    "conv": lambda: conv(3),
    "depthwise": lambda: conv(3, groups=CHANNELS, bias=False),
    "strided": lambda: nn.Sequential(conv(3, 2), nn.Upsample(scale_factor=2)),
    "norm": lambda: nn.Sequential(conv(1, bias=False), nn.BatchNorm2d(CHANNELS)),
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "leaky": lambda: nn.LeakyReLU(0.2),
    "prelu": lambda: nn.PReLU(CHANNELS),
    "silu": nn.SiLU,
    "gelu": nn.GELU,
    "mish": nn.Mish,
    "hardswish": nn.Hardswish,
    "elu": nn.ELU,
    "softmax": lambda: nn.Softmax(1),
    "instance norm": lambda: nn.InstanceNorm2d(CHANNELS, affine=True),
    "group norm": lambda: nn.GroupNorm(2, CHANNELS),
    "max": lambda: nn.MaxPool2d(3, 1, 1),
    "average": lambda: nn.AvgPool2d(3, 1, 1, count_include_pad=False),
    "pad": lambda: nn.Sequential(nn.ReflectionPad2d(1), nn.AvgPool2d(3, 1)),
    "sum": lambda: Twice(torch.add),
    "product": lambda: Twice(torch.mul),
    "larger": lambda: Twice(torch.maximum),
    "joined": lambda: nn.Sequential(Twice(lambda x, y: torch.cat([x, y], 1)), nn.Conv2d(2 * CHANNELS, CHANNELS, 1)),
    "halves": lambda: Twice(lambda x, _: torch.cat(x.chunk(2, 1)[::-1], 1)),
    "places": lambda: Twice(lambda x, _: x[:, [2, 0, 1, 3]][:, :, 1:]),
    "attention": lambda: Twice(lambda x, y: torch.softmax(x @ y.transpose(2, 3) / 2, -1) @ y),
    "turned": lambda: Twice(lambda x, _: x.permute(0, 1, 3, 2).contiguous().view(x.shape[0], CHANNELS, -1, x.shape[2])),
    "mean": lambda: Twice(lambda x, _: x - x.mean((2, 3), keepdim=True)),
    "power": lambda: Twice(lambda x, _: (x**2 + 1).sqrt()),
}
HEADS: dict[str, Callable[[int], nn.Module]] = {
    "pool": lambda _: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(CHANNELS, 3)),
    "flat": lambda size: nn.Sequential(nn.Flatten(), nn.Linear(size, 3)),
    "tokens": lambda _: nn.Sequential(nn.Flatten(2), Twice(lambda x, _: x.transpose(1, 2)), nn.Linear(CHANNELS, 3)),
}


@settings(max_examples=40)
@given(
    st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=6), st.sampled_from(sorted(HEADS)), st.integers(0, 9)
)
def test_a_random_network_gives_the_same(steps: list[str], head: str, seed: int) -> None:
    torch.manual_seed(seed)
    body = nn.Sequential(*(STEPS[one]() for one in steps)).eval()
    image = torch.rand(1, CHANNELS, SIZE, SIZE)
    with torch.no_grad():
        network = nn.Sequential(body, HEADS[head](body(image).numel())).eval()
        real = network(image).numpy()
    with TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what the exporter says of itself, and of shapes it takes for constants
        file = Path(folder) / "model.onnx"
        torch.onnx.export(network, (image,), str(file), dynamo=False)
        with torch.no_grad():
            given = converted(read_model(file), image.shape[1:])[0](image).numpy()
        reference = ReferenceEvaluator(onnx.load(str(file)))
        expected = reference.run(None, {reference.input_names[0]: image.numpy()})[0]
    scale = float(np.abs(real).max())
    np.testing.assert_allclose(given, real, rtol=1e-4, atol=1e-4 * scale)
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4 * scale)
