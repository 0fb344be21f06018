"""AlexNet as Caffe has it (bvlc_alexnet, 227x227, grouped): 61 million weights."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import finish


def build(lrn: bool = False) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 227, 227]`; modules have the names of Caffe's layers.

    Left out unless `lrn`: the two local response normalisations, which integer accelerators skip. They have no
    weights, so Caffe's load either way; their accuracy needs `lrn`. The softmax is left out.
    """
    network = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 96, 11, stride=4),
            relu1=nn.ReLU(),
            norm1=nn.LocalResponseNorm(5) if lrn else nn.Identity(),
            pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
            conv2=nn.Conv2d(96, 256, 5, padding=2, groups=2),
            relu2=nn.ReLU(),
            norm2=nn.LocalResponseNorm(5) if lrn else nn.Identity(),
            pool2=nn.MaxPool2d(3, 2, ceil_mode=True),
            conv3=nn.Conv2d(256, 384, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(384, 384, 3, padding=1, groups=2),
            relu4=nn.ReLU(),
            conv5=nn.Conv2d(384, 256, 3, padding=1, groups=2),
            relu5=nn.ReLU(),
            pool5=nn.MaxPool2d(3, 2, ceil_mode=True),
            flatten=nn.Flatten(),
            fc6=nn.Linear(256 * 6 * 6, 4096),
            relu6=nn.ReLU(),
            drop6=nn.Dropout(),
            fc7=nn.Linear(4096, 4096),
            relu7=nn.ReLU(),
            drop7=nn.Dropout(),
            fc8=nn.Linear(4096, 1000),
        )
    )
    return finish(network, 3, 227, 227)
