"""SegNet for CamVid (Badrinarayanan et al. 2017, SegNet-Tutorial, 360x480): 29 million weights."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn

from nets.building import finish

#: Inputs of the first convolution, then the filters of each, for every group of the encoder.
GROUPS = ((3, 64, 64), (64, 128, 128), (128, 256, 256, 256), (256, 512, 512, 512), (512, 512, 512, 512))
CLASSES = 11


class SegNet(nn.Module):
    """The encoder is VGG-16's; the decoder mirrors it and unpools to where the encoder's maxima were."""

    def __init__(self) -> None:
        super().__init__()
        groups = range(1, len(GROUPS) + 1)
        self.encoders = nn.ModuleList(_encoder(group) for group in groups)
        self.pools = nn.ModuleList(nn.MaxPool2d(2, ceil_mode=True, return_indices=True) for _ in groups)
        self.upsamples = nn.ModuleList(nn.MaxUnpool2d(2) for _ in groups)
        self.decoders = nn.ModuleList(_decoder(group) for group in groups)

    def forward(self, images: Tensor) -> Tensor:
        """Images `[N, 3, H, W]` to a score for every class and pixel, `[N, 11, H, W]`."""
        maps = images
        pooled: list[tuple[Tensor, torch.Size]] = []
        for encoder, pool in zip(self.encoders, self.pools, strict=True):
            encoded = encoder(maps)
            maps, indices = pool(encoded)
            pooled.append((indices, encoded.size()))
        for (indices, size), upsample, decoder in reversed([*zip(pooled, self.upsamples, self.decoders, strict=True)]):
            maps = decoder(upsample(maps, indices, output_size=size))
        return maps


def build() -> SegNet:
    """Untrained; `example_input` is `[1, 3, 360, 480]`; the softmax is left out.

    Names end with those of Caffe's layers: encoders.3.conv4_1, encoders.3.conv4_1_bn, decoders.3.conv4_1_D.
    """
    return finish(SegNet(), 3, 360, 480)


def _encoder(group: int) -> nn.Sequential:
    widths = GROUPS[group - 1]
    parts: dict[str, nn.Module] = {}
    for place in range(1, len(widths)):
        parts |= _normalised(f"conv{group}_{place}", widths[place - 1], widths[place])
    return nn.Sequential(OrderedDict(parts))


def _decoder(group: int) -> nn.Sequential:
    """The encoder's convolutions backwards, inputs and filters exchanged; the network's last gives the classes."""
    widths = GROUPS[group - 1]
    parts: dict[str, nn.Module] = {}
    for place in range(len(widths) - 1, 0, -1):
        parts |= _normalised(f"conv{group}_{place}_D", widths[place], widths[place - 1])
    if group == 1:
        parts = {name: part for name, part in parts.items() if not name.startswith("conv1_1_D")}
        parts["conv1_1_D"] = nn.Conv2d(widths[1], CLASSES, 3, padding=1)
    return nn.Sequential(OrderedDict(parts))


def _normalised(name: str, inputs: int, filters: int) -> dict[str, nn.Module]:
    """A convolution, its batch normalisation and its ReLU, by name."""
    conv = nn.Conv2d(inputs, filters, 3, padding=1)
    return {name: conv, f"{name}_bn": nn.BatchNorm2d(filters), f"{name}_relu": nn.ReLU()}
