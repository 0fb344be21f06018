"""ResNet-18 (He et al. 2016, projection shortcuts, 224x224): 11.7 million weights."""

from __future__ import annotations

from nets.building import finish
from nets.residual import BasicBlock, ResNet, imagenet


def build() -> ResNet:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; torchvision's resnet18 weights load."""
    return finish(imagenet(BasicBlock, (2, 2, 2, 2)), 3, 224, 224)
