"""ResNet-34 for 32x32x3 images, the width selectable: 1.3 million weights."""

from __future__ import annotations

from nets.building import finish
from nets.residual import BasicBlock, ResNet, cifar


def build(width: int = 16) -> ResNet:
    """Untrained; `example_input` is `[1, 3, 32, 32]`; `width` filters in the first stage, eight times in the last."""
    return finish(cifar(BasicBlock, (3, 4, 6, 3), width), 3, 32, 32)
