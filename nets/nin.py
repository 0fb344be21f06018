"""NiN, network in network, as Caffe has it (nin_imagenet, 224x224): 7.6 million weights."""

from __future__ import annotations

from collections import OrderedDict

from torch import nn

from nets.building import finish


def build() -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; convolutions have the names of Caffe's layers.

    The softmax is left out.
    """
    network = nn.Sequential(
        OrderedDict(
            [
                *_block(1, "conv1", nn.Conv2d(3, 96, 11, stride=4), ("cccp1", "cccp2")),
                ("pool1", nn.MaxPool2d(3, 2, ceil_mode=True)),
                *_block(2, "conv2", nn.Conv2d(96, 256, 5, padding=2), ("cccp3", "cccp4")),
                ("pool2", nn.MaxPool2d(3, 2, ceil_mode=True)),
                *_block(3, "conv3", nn.Conv2d(256, 384, 3, padding=1), ("cccp5", "cccp6")),
                ("pool3", nn.MaxPool2d(3, 2, ceil_mode=True)),
                ("drop", nn.Dropout()),
                *_block(4, "conv4-1024", nn.Conv2d(384, 1024, 3, padding=1), ("cccp7-1024", "cccp8-1024"), 1000),
                ("pool4", nn.AvgPool2d(6, 1)),
                ("flatten", nn.Flatten()),
            ]
        )
    )
    return finish(network, 3, 224, 224)


def _block(
    place: int, name: str, conv: nn.Conv2d, pointwise: tuple[str, str], outputs: int | None = None
) -> list[tuple[str, nn.Module]]:
    """A convolution and the two 1x1 convolutions that look at it channel by channel; `outputs` of the last."""
    width = conv.out_channels
    convs = {
        name: conv,
        pointwise[0]: nn.Conv2d(width, width, 1),
        pointwise[1]: nn.Conv2d(width, outputs or width, 1),
    }
    return [
        part
        for step, (key, module) in enumerate(convs.items())
        for part in ((key, module), (f"relu{place}_{step}", nn.ReLU()))
    ]
