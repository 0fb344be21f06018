"""Functions of one value at a time, as layers of their own; fusing puts most of them at the end of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from .activations import ACTIVATIONS, Activation, slopes, threshold
from .builder import Builder, NotModelled
from .values import ZERO, Value, as_stored, channel_map, from_channel_map


def activated(builder: Builder, x: Value, activation: Activation) -> Value:
    """`activation` of every value: tensor by tensor, wherever in `x` their values are, if these are all of them."""
    alone = builder.tensors.alone(x.index)
    if alone is not None:
        return builder.value(builder.move(alone.places(), activation=activation).places())
    keeps_zero = activation.at_zero == 0 or not bool((x.index == ZERO).any())
    present = x.index[x.index != ZERO]
    found = builder.tensors.whole(present) if keeps_zero else None
    if found is None:
        if not keeps_zero:
            raise NotModelled("makes something else of zeros that were padded on")
        return builder.stored(builder.move(as_stored(x.index), activation=activation))
    moved = torch.zeros(len(builder.tensors.all), dtype=torch.int64)
    for one in found:
        moved[one.number] = builder.move(one.places(), activation=activation).base - one.base
    index = x.index.clone()
    index[index != ZERO] = present + moved[builder.tensors.at(present)]
    return builder.value(index)


def prelu(builder: Builder, x: Value, weight: Any) -> Value:
    """A slope for all values below 0, or one for those of each channel: then the filters' tables differ."""
    if isinstance(weight, Value):
        raise NotModelled("has slopes that are computed from the input")
    activation = slopes(weight.detach().double().reshape(-1).tolist())
    if weight.numel() == 1:
        return activated(builder, x, activation)
    index = channel_map(x.index, 1)
    if index[0].numel() == 1:
        index = index.flatten()
    return builder.value(from_channel_map(builder.move(index, activation=activation).places(), x.index.shape, 1))


def handler(name: str) -> Callable[..., Value]:
    """The handler of the activation that torch calls `name`."""

    def handle(builder: Builder, x: Any, *options: Any, **named: Any) -> Value:
        if not isinstance(x, Value) or any(isinstance(one, Value) for one in (*options, *named.values())):
            raise NotModelled("takes more than one value that is computed from the input")
        try:
            activation = ACTIVATIONS[name](*options, **named)
        except (TypeError, ValueError, RuntimeError) as error:
            raise NotModelled(f"has options that are not modelled: {error}") from error
        if builder.relu_threshold and isinstance(builder.module, nn.ReLU | nn.ReLU6):
            activation = activation.then(threshold(builder.relu_threshold)) or activation
        return activated(builder, x, activation)

    return handle
