"""ResNet-34 (He et al. 2016, projection shortcuts, 224x224): 21.8 million weights."""

from __future__ import annotations

from nets.building import finish
from nets.residual import BasicBlock, ResNet, imagenet


def build() -> ResNet:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; torchvision's resnet34 weights load."""
    return finish(imagenet(BasicBlock, (3, 4, 6, 3)), 3, 224, 224)
