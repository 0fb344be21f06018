"""Functions and tensor methods that do what a module does: how to make that module from their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from .pooling import NotModelled


def _make_relu(inplace: bool = False) -> nn.Module:
    return nn.ReLU(inplace)


def _make_max_pool(
    kernel_size: Any,
    stride: Any = None,
    padding: Any = 0,
    dilation: Any = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> nn.Module:
    return nn.MaxPool2d(kernel_size, stride or None, padding, dilation, return_indices, ceil_mode)


def _make_dropout(p: float = 0.5, training: bool = True, inplace: bool = False) -> nn.Module:
    if training:
        raise NotModelled("stays on in evaluation: pass training=self.training")
    return nn.Dropout(p, inplace)


def _make_flatten(*_shape: Any, **_named: Any) -> nn.Module:
    return nn.Flatten()


FUNCTIONS: dict[Any, Callable[..., nn.Module]] = {
    **dict.fromkeys((F.relu, F.relu_, torch.relu, torch.relu_), _make_relu),
    **dict.fromkeys((F.max_pool2d, torch.max_pool2d), _make_max_pool),
    F.avg_pool2d: nn.AvgPool2d,
    F.adaptive_avg_pool2d: nn.AdaptiveAvgPool2d,
    F.dropout: _make_dropout,
    **dict.fromkeys((torch.flatten, torch.reshape), _make_flatten),
}
METHODS: dict[Any, Callable[..., nn.Module]] = {
    **dict.fromkeys(("relu", "relu_"), _make_relu),
    **dict.fromkeys(("flatten", "view", "reshape"), _make_flatten),
}
