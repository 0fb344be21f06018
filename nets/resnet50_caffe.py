"""ResNet-50 as first published, in Caffe (the stride on the first 1x1, 224x224): 25.5 million weights."""

from __future__ import annotations

from torch import nn

from nets.building import finish
from nets.residual import CaffeBottleneck, ResNet, imagenet


def build() -> ResNet:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; names are torchvision's, the max pooling Caffe's, ceiled."""
    return finish(imagenet(CaffeBottleneck, (3, 4, 6, 3), nn.MaxPool2d(3, 2, ceil_mode=True)), 3, 224, 224)
