"""ResNet-18 for 32x32x3 images, the width selectable: 0.7 million weights."""

from __future__ import annotations

from nets.building import finish
from nets.residual import BasicBlock, ResNet, cifar


def build(width: int = 16) -> ResNet:
    """Untrained; `example_input` is `[1, 3, 32, 32]`; `width` filters in the first stage, eight times in the last."""
    return finish(cifar(BasicBlock, (2, 2, 2, 2), width), 3, 32, 32)
