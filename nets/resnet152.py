"""ResNet-152 (fb.resnet.torch: the stride on the 3x3, 224x224): 60 million weights."""

from __future__ import annotations

from nets.building import finish
from nets.residual import Bottleneck, ResNet, imagenet


def build() -> ResNet:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; torchvision's resnet152 weights load."""
    return finish(imagenet(Bottleneck, (3, 8, 36, 3)), 3, 224, 224)
