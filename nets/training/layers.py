"""The layers of a network that hold weights, and which of them read the same tensor."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

Layer = nn.Conv2d | nn.ConvTranspose2d | nn.Linear


def layers(network: nn.Module) -> Iterator[tuple[str, Layer]]:
    """The layers that hold weights, by name, in order."""
    for name, module in network.named_modules():
        if isinstance(module, Layer):
            yield name, module


def shadow_weights(layer: nn.Module) -> Tensor:
    """The full-precision weights that training moves, whatever the layer computes with."""
    steps = chain(layer)
    return cast(Tensor, steps.original if steps is not None else layer.weight).detach()


def chain(layer: nn.Module) -> parametrize.ParametrizationList | None:
    """What stands between a layer's shadow weights and those it computes with, in order: a mask, a quantiser."""
    if not parametrize.is_parametrized(layer, "weight"):
        return None
    return cast(parametrize.ParametrizationList, cast(nn.ModuleDict, layer.parametrizations)["weight"])


def _note(read: dict[str, tuple[Tensor, int]], name: str, _: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    read.setdefault(name, (inputs[0], inputs[0]._version))  # a later change in place makes another tensor of it


def readers(network: nn.Module, example: Tensor) -> tuple[tuple[str, ...], ...]:
    """The layers, by name, in groups that read one and the same tensor, as `example` [N, ...] shows them."""
    read: dict[str, tuple[Tensor, int]] = {}
    hooks = [layer.register_forward_pre_hook(partial(_note, read, name)) for name, layer in layers(network)]
    training = network.training
    with torch.no_grad():
        network.eval()(example)
    network.train(training)
    for hook in hooks:
        hook.remove()
    groups: dict[tuple[int, int], tuple[str, ...]] = {}
    for name, _ in layers(network):
        tensor, version = read.get(name, (None, 0))
        key = (id(tensor), version) if tensor is not None else (id(name), -1)
        groups[key] = (*groups.get(key, ()), name)
    return tuple(groups.values())
