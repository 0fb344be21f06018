"""VGG_M, the medium network of Chatfield et al. 2014 as Caffe has it (VGG_CNN_M, 224x224): 103 million weights."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import finish


def build(lrn: bool = False, fc7: int = 4096) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; modules have the names of Caffe's layers.

    Left out unless `lrn`: the two local response normalisations, which integer accelerators skip and which have
    no weights. The softmax is left out. `fc7` is the width of that layer.
    """
    network = nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, 96, 7, stride=2),
            relu1=nn.ReLU(),
            norm1=nn.LocalResponseNorm(5, alpha=5e-4, k=2) if lrn else nn.Identity(),
            pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
            conv2=nn.Conv2d(96, 256, 5, stride=2, padding=1),
            relu2=nn.ReLU(),
            norm2=nn.LocalResponseNorm(5, alpha=5e-4, k=2) if lrn else nn.Identity(),
            pool2=nn.MaxPool2d(3, 2, ceil_mode=True),
            conv3=nn.Conv2d(256, 512, 3, padding=1),
            relu3=nn.ReLU(),
            conv4=nn.Conv2d(512, 512, 3, padding=1),
            relu4=nn.ReLU(),
            conv5=nn.Conv2d(512, 512, 3, padding=1),
            relu5=nn.ReLU(),
            pool5=nn.MaxPool2d(3, 2, ceil_mode=True),
            flatten=nn.Flatten(),
            fc6=nn.Linear(512 * 6 * 6, 4096),
            relu6=nn.ReLU(),
            drop6=nn.Dropout(),
            fc7=nn.Linear(4096, fc7),
            relu7=nn.ReLU(),
            drop7=nn.Dropout(),
            fc8=nn.Linear(fc7, 1000),
        )
    )
    return finish(network, 3, 224, 224)
