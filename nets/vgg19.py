"""VGG-19 (Simonyan and Zisserman 2015, 224x224): 144 million weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from nets.building import finish

GROUPS = ((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4)


class VGG(nn.Module):
    """Names of the state dict are torchvision's, so that its published weights load."""

    def __init__(self) -> None:
        super().__init__()
        self.features = _features()
        self.avgpool = nn.AdaptiveAvgPool2d(7)
        self.classifier = nn.Sequential(
            nn.Linear(512 * 7 * 7, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 4096),
            nn.ReLU(),
            nn.Dropout(),
            nn.Linear(4096, 1000),
        )

    def forward(self, images: Tensor) -> Tensor:
        """Images `[N, 3, 224, 224]` to scores `[N, 1000]`."""
        maps = self.avgpool(self.features(images))
        scores: Tensor = self.classifier(torch.flatten(maps, 1))
        return scores


def _features() -> nn.Sequential:
    """Convolutions of 3x3; a 2x2 max pooling ends each group of `GROUPS`."""
    modules: list[nn.Module] = []
    inputs = 3
    for widths in GROUPS:
        for width in widths:
            modules += [nn.Conv2d(inputs, width, 3, padding=1), nn.ReLU()]
            inputs = width
        modules.append(nn.MaxPool2d(2))
    return nn.Sequential(*modules)


def build() -> VGG:
    """Untrained; `example_input` is `[1, 3, 224, 224]`; the softmax is left out."""
    return finish(VGG(), 3, 224, 224)
