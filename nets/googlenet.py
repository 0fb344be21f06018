"""GoogLeNet as Caffe has it (bvlc_googlenet, 224x224, no auxiliary heads): 7 million weights."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from nets.building import finish

#: For each module: its inputs, then the filters of 1x1, 3x3_reduce, 3x3, 5x5_reduce, 5x5 and pool_proj.
INCEPTION = {
    "3a": (192, 64, 96, 128, 16, 32, 32),
    "3b": (256, 128, 128, 192, 32, 96, 64),
    "4a": (480, 192, 96, 208, 16, 48, 64),
    "4b": (512, 160, 112, 224, 24, 64, 64),
    "4c": (512, 128, 128, 256, 24, 64, 64),
    "4d": (512, 112, 144, 288, 32, 64, 64),
    "4e": (528, 256, 160, 320, 32, 128, 128),
    "5a": (832, 256, 160, 320, 32, 128, 128),
    "5b": (832, 384, 192, 384, 48, 128, 128),
}
POOL_BEFORE = {"4a": "pool3", "5a": "pool4"}


class Inception(nn.ModuleDict):
    """Four branches over one map, their outputs one after another along the channels."""

    def __init__(self, inputs: int, *filters: int) -> None:
        one, three_reduce, three, five_reduce, five, projected = filters
        super().__init__(
            {
                "1x1": nn.Conv2d(inputs, one, 1),
                "relu_1x1": nn.ReLU(),
                "3x3_reduce": nn.Conv2d(inputs, three_reduce, 1),
                "relu_3x3_reduce": nn.ReLU(),
                "3x3": nn.Conv2d(three_reduce, three, 3, padding=1),
                "relu_3x3": nn.ReLU(),
                "5x5_reduce": nn.Conv2d(inputs, five_reduce, 1),
                "relu_5x5_reduce": nn.ReLU(),
                "5x5": nn.Conv2d(five_reduce, five, 5, padding=2),
                "relu_5x5": nn.ReLU(),
                "pool": nn.MaxPool2d(3, 1, padding=1),
                "pool_proj": nn.Conv2d(inputs, projected, 1),
                "relu_pool_proj": nn.ReLU(),
            }
        )

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `[N, inputs, H, W]` to `[N, filters of the branches, H, W]`."""
        three = self._convolve("3x3", self._convolve("3x3_reduce", maps))
        five = self._convolve("5x5", self._convolve("5x5_reduce", maps))
        projected = self._convolve("pool_proj", self["pool"](maps))
        return torch.cat([self._convolve("1x1", maps), three, five, projected], dim=1)

    def _convolve(self, name: str, maps: Tensor) -> Tensor:
        convolved: Tensor = self[f"relu_{name}"](self[name](maps))
        return convolved


def build(lrn: bool = False) -> nn.Sequential:
    """Untrained; `example_input` is `[1, 3, 224, 224]`.

    A module has the name of Caffe's layer with "." for "/": inception_3a.3x3_reduce. Left out unless `lrn`: the
    two local response normalisations, which integer accelerators skip and which have no weights. The softmax and
    the two auxiliary heads, which only training uses, are left out.
    """
    modules: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=_convolutions({"7x7_s2": nn.Conv2d(3, 64, 7, stride=2, padding=3)}),
        pool1=nn.MaxPool2d(3, 2, ceil_mode=True),
        norm1=nn.LocalResponseNorm(5) if lrn else nn.Identity(),
        conv2=_convolutions({"3x3_reduce": nn.Conv2d(64, 64, 1), "3x3": nn.Conv2d(64, 192, 3, padding=1)}),
        norm2=nn.LocalResponseNorm(5) if lrn else nn.Identity(),
        pool2=nn.MaxPool2d(3, 2, ceil_mode=True),
    )
    for name, filters in INCEPTION.items():
        if name in POOL_BEFORE:
            modules[POOL_BEFORE[name]] = nn.MaxPool2d(3, 2, ceil_mode=True)
        modules[f"inception_{name}"] = Inception(*filters)
    modules["pool5"] = nn.AvgPool2d(7, 1)
    modules["flatten"] = nn.Flatten()
    modules["drop"] = nn.Dropout(0.4)
    modules["loss3"] = nn.Sequential(OrderedDict(classifier=nn.Linear(1024, 1000)))
    return finish(nn.Sequential(modules), 3, 224, 224)


def _convolutions(convs: dict[str, nn.Conv2d]) -> nn.Sequential:
    """Convolutions one after another, each with its ReLU."""
    modules: OrderedDict[str, nn.Module] = OrderedDict()
    for name, conv in convs.items():
        modules[name] = conv
        modules[f"relu_{name}"] = nn.ReLU()
    return nn.Sequential(modules)
