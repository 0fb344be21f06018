"""Residual networks (He et al. 2016): blocks, stems and stages, under torchvision's names of the state dict."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside the shortcut."""

    expansion = 1

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.downsample = _shortcut(inputs, width, stride)
        self.relu2 = nn.ReLU()

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `[N, inputs, H, W]` to `[N, width, H / stride, W / stride]`."""
        out = self.relu1(self.bn1(self.conv1(maps)))
        out = self.bn2(self.conv2(out))
        added: Tensor = self.relu2(out + self.downsample(maps))
        return added


class Bottleneck(nn.Module):
    """Convolutions of 1x1, 3x3 and 1x1 beside the shortcut, the stride on the 3x3."""

    expansion = 4

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = self.expansion * width
        first, second = self.strides(stride)
        self.conv1 = nn.Conv2d(inputs, width, 1, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, second, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = _shortcut(inputs, outputs, stride)
        self.relu3 = nn.ReLU()

    @staticmethod
    def strides(stride: int) -> tuple[int, int]:
        """The strides of the first two convolutions."""
        return 1, stride

    def forward(self, maps: Tensor) -> Tensor:
        """Maps `[N, inputs, H, W]` to `[N, 4 width, H / stride, W / stride]`."""
        out = self.relu1(self.bn1(self.conv1(maps)))
        out = self.relu2(self.bn2(self.conv2(out)))
        out = self.bn3(self.conv3(out))
        added: Tensor = self.relu3(out + self.downsample(maps))
        return added


class CaffeBottleneck(Bottleneck):
    """The bottleneck of the first publication, the stride on the first 1x1."""

    @staticmethod
    def strides(stride: int) -> tuple[int, int]:
        """The strides of the first two convolutions."""
        return stride, 1


Block = type[BasicBlock] | type[Bottleneck]


class ResNet(nn.Module):
    """A stem, four stages of blocks, the average of every channel, a fully connected layer.

    `counts` are the blocks of the stages, `width` the filters of the first; `conv1` and `maxpool` make the stem.
    """

    def __init__(self, block: Block, counts: Sequence[int], conv1: nn.Conv2d, maxpool: nn.Module, classes: int) -> None:
        super().__init__()
        width = conv1.out_channels
        self.conv1 = conv1
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.maxpool = maxpool
        self.layer1 = _stage(block, counts[0], width, width, 1)
        self.layer2 = _stage(block, counts[1], width * block.expansion, 2 * width, 2)
        self.layer3 = _stage(block, counts[2], 2 * width * block.expansion, 4 * width, 2)
        self.layer4 = _stage(block, counts[3], 4 * width * block.expansion, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width * block.expansion, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Images `[N, 3, H, W]` to scores `[N, classes]`."""
        maps = self.maxpool(self.relu(self.bn1(self.conv1(images))))
        maps = self.layer4(self.layer3(self.layer2(self.layer1(maps))))
        scores: Tensor = self.fc(torch.flatten(self.avgpool(maps), 1))
        return scores


def imagenet(block: Block, counts: Sequence[int], maxpool: nn.MaxPool2d | None = None) -> ResNet:
    """For 224x224x3 images and 1,000 classes; `maxpool` instead of the 3x3 one with padding."""
    conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
    return ResNet(block, counts, conv1, maxpool or nn.MaxPool2d(3, 2, padding=1), 1000)


def cifar(block: Block, counts: Sequence[int], width: int) -> ResNet:
    """For 32x32x3 images and ten classes: a 3x3 stem that keeps the map's size, `width` filters in it."""
    return ResNet(block, counts, nn.Conv2d(3, width, 3, padding=1, bias=False), nn.Identity(), 10)


def _stage(block: Block, count: int, inputs: int, width: int, stride: int) -> nn.Sequential:
    """`count` blocks, the first of which takes the stride."""
    later = (block(width * block.expansion, width, 1) for _ in range(count - 1))
    return nn.Sequential(block(inputs, width, stride), *later)


def _shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """Nothing where the map keeps its shape, else a projection (type B)."""
    if inputs == outputs and stride == 1:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))
