"""The images of a run: loaded by name, checked against the network, and half of them varied while training."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from nets import data

SHARE = 0.5
TURN_RAD, SHIFT, ZOOM = math.radians(10), 0.08, 0.1
SAMPLE = 128


@dataclass(frozen=True)
class Images:
    """Images `[N, ...]` and labels `[N]` to train and to test with, and a mixed `sample` of the former."""

    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor

    @property
    def sample(self) -> Tensor:
        """The same few training images each time, of all classes."""
        return self.some(SAMPLE)[0]

    def some(self, count: int) -> tuple[Tensor, Tensor]:
        """The same `count` training images each time, of all classes, and their labels."""
        order = torch.randperm(len(self.train), generator=torch.Generator().manual_seed(0))[:count]
        return self.train[order], self.train_labels[order]


def default_set(shape: tuple[int, ...]) -> str:
    """The built-in set for images of one channel, or of three."""
    return "digits" if shape[0] == 1 else "patterns"


def load_images(name: str, path: str | None, shape: tuple[int, ...]) -> Images:
    """A data set by name; FileNotFoundError or ValueError says where it belongs or why it does not fit."""
    split = data.load(name, path, shape)
    arrays = (split.train_images, split.train_labels, split.test_images, split.test_labels)
    return Images(*(torch.from_numpy(array) for array in arrays))


def vary(images: Tensor) -> Tensor:
    """Images `[N, C, H, W]`, about half of them turned by up to 10 degrees, shifted and zoomed by up to a tenth.

    Edges are repeated. The others stay as sharp as those of a test are: sampling between pixels takes noise away.
    """
    most = torch.tensor([TURN_RAD, ZOOM, 2 * SHIFT, 2 * SHIFT])[:, None]
    varied = torch.rand(len(images)) < SHARE
    turn, zoom, *shift = (torch.rand(4, len(images)) * 2 - 1) * most * varied
    cosine, sine = torch.cos(turn) * (1 + zoom), torch.sin(turn) * (1 + zoom)
    rows = (torch.stack([cosine, -sine, shift[0]]), torch.stack([sine, cosine, shift[1]]))
    grid = F.affine_grid(torch.stack(rows).permute(2, 0, 1), list(images.shape), align_corners=False)
    found = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    return torch.where(varied[:, None, None, None], found, images)
