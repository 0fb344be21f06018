"""The VGG-style network for 32x32x3 images: 1.1 million weights, the width selectable."""

from __future__ import annotations

from torch import nn

from nets import vgg


def build(width: int = 16) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 32, 32]`; `width` filters in the first layer, sixteen times in the last."""
    return vgg.build(channels=3, width=width)
