"""A MobileNet for 32x32x3 images, the width selectable: 0.2 million weights, depthwise separable."""

from __future__ import annotations

from torch import nn

from nets.building import finish
from nets.mobilenet import separable


def build(width: int = 8) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 32, 32]`; `width` filters in the first layer, 32 times in the last.

    MobileNet v1 but for the first convolution, whose stride is 1.
    """
    return finish(separable(width, stride=1, classes=10), 3, 32, 32)
