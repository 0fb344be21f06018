"""MobileNet v1 (Howard et al. 2017, Table 1, 224x224): 4.2 million weights, depthwise separable."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import finish

#: For each pair of a depthwise and a pointwise convolution: its outputs, where the first layer has one, and stride.
PAIRS = (
    (2, 1),
    (4, 2),
    (4, 1),
    (8, 2),
    (8, 1),
    (16, 2),
    *(((16, 1),) * 5),
    (32, 2),
    (32, 1),
)


def build(width: int = 32) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; `width` filters in the first layer, 32 times in the last.

    The paper's width multiplier is `width` / 32.
    """
    return finish(separable(width, stride=2, classes=1000), 3, 224, 224)


def separable(width: int, stride: int, classes: int) -> nn.Sequential:
    """The network on 3-channel images of any size; `stride` of the first convolution."""
    modules = _normalised("conv1", nn.Conv2d(3, width, 3, stride, padding=1, bias=False))
    inputs = width
    for place, (factor, step) in enumerate(PAIRS, 1):
        outputs = factor * width
        depthwise = nn.Conv2d(inputs, inputs, 3, step, padding=1, groups=inputs, bias=False)
        modules |= _normalised(f"conv{place}_dw", depthwise)
        modules |= _normalised(f"conv{place}_pw", nn.Conv2d(inputs, outputs, 1, bias=False))
        inputs = outputs
    modules |= {"pool6": nn.AdaptiveAvgPool2d(1), "flatten": nn.Flatten(), "fc7": nn.Linear(inputs, classes)}
    return nn.Sequential(OrderedDict(modules))


def _normalised(name: str, conv: nn.Conv2d) -> dict[str, nn.Module]:
    """A convolution, its batch normalisation and its ReLU, by name."""
    return {name: conv, f"{name}_bn": nn.BatchNorm2d(conv.out_channels), f"{name}_relu": nn.ReLU()}
