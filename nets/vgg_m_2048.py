"""VGG_M with fc7 of 2,048 outputs (Caffe's VGG_CNN_M_2048, 224x224): 92 million weights."""

from __future__ import annotations

from torch import nn

from nets import vgg_m


def build(lrn: bool = False) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; `lrn` as for VGG_M."""
    return vgg_m.build(lrn, fc7=2048)
