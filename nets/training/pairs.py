"""Effectual operand pairs: of a layer's multiplications, the share whose two operands are both not zero.

DLAC's figure 1 counts them forward and backward. Forward, an input meets a weight. Backward there are two products
of as many multiplications: the gradient of the output meets a weight (for the gradient of the input, which the first
layer does not need) and an input (for the gradient of the weight). A padded zero counts as a zero operand. Counts are
exact and cost a fraction of a forward pass: an operand that a product does not need is summed over first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from nets.training.layers import Layer, layers

PRODUCTS = ("forward", "input_gradient", "weight_gradient")


@dataclass
class Pairs:
    """A layer's multiplications by product: all of them, and those with two non-zero operands."""

    every: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PRODUCTS, 0))
    effectual: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PRODUCTS, 0))

    def share(self, *products: str) -> float:
        """Effectual over all multiplications of `products`; 0 where there were none."""
        return sum(self.effectual[name] for name in products) / max(1, sum(self.every[name] for name in products))

    def shares(self) -> dict[str, float]:
        """`forward` and `backward`."""
        return {"forward": self.share("forward"), "backward": self.share(*PRODUCTS[1:])}

    def __add__(self, other: Pairs) -> Pairs:
        return Pairs(
            {name: self.every[name] + other.every[name] for name in PRODUCTS},
            {name: self.effectual[name] + other.effectual[name] for name in PRODUCTS},
        )


class PairCounter:
    """Counts, while it is entered, the pairs of every layer for each forward and backward pass of the network."""

    def __init__(self, network: nn.Module) -> None:
        self.layers = {name: Pairs() for name, _ in layers(network)}
        self._named = dict(layers(network))
        self._hooks: list[Any] = []

    def __enter__(self) -> PairCounter:
        self._hooks = [layer.register_forward_hook(partial(self._forward, name)) for name, layer in self._named.items()]
        return self

    def __exit__(self, *_: object) -> None:
        for hook in self._hooks:
            hook.remove()

    @property
    def total(self) -> Pairs:
        """All layers together."""
        return sum(self.layers.values(), Pairs())

    def _forward(self, name: str, layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        needs_input_gradient = inputs[0].requires_grad
        seen = _nonzero(inputs[0])
        self._add(name, "forward", count(cast(Layer, layer), seen, True, torch.ones_like(output, dtype=torch.float64)))
        if output.requires_grad:
            back = partial(self._backward, name, cast(Layer, layer), seen, needs_input_gradient)
            output.register_hook(back)  # type: ignore[no-untyped-call]

    def _backward(self, name: str, layer: Layer, seen: Tensor, needs_input_gradient: bool, gradient: Tensor) -> None:
        back = _nonzero(gradient)
        self._add(name, "weight_gradient", count(layer, seen, False, back))
        if needs_input_gradient:
            self._add(name, "input_gradient", count(layer, torch.ones_like(seen), True, back))

    def _add(self, name: str, product: str, counted: tuple[int, int]) -> None:
        self.layers[name].effectual[product] += counted[0]
        self.layers[name].every[product] += counted[1]


def count(layer: Layer, inputs: Tensor, weighted: bool, outputs: Tensor) -> tuple[int, int]:
    """(effectual, all) multiplications, each at an input, a weight and an output; one counts where none is masked.

    `inputs` and `outputs` are masks of 0 and 1 in the shapes of the layer's; `weighted` masks the weights by their
    zeros.
    """
    weights = _nonzero(layer.weight.detach()) if weighted else torch.ones_like(layer.weight, dtype=torch.float64)
    if isinstance(layer, nn.Linear):
        inputs, outputs = inputs.flatten(0, -2), outputs.flatten(0, -2)
        effectual = ((inputs @ weights.double().T) * outputs).sum() if weighted else _outer(inputs, outputs)
        return round(float(effectual)), inputs.numel() * outputs.shape[1]
    if isinstance(layer, nn.ConvTranspose2d):
        inputs, outputs = outputs, inputs
    taps = layer.weight[0].numel()
    return _conv_pairs(layer, inputs, weights, outputs), outputs.numel() * taps


def _outer(inputs: Tensor, outputs: Tensor) -> Tensor:
    return (inputs.sum(1) * outputs.sum(1)).sum()


def _conv_pairs(layer: nn.Conv2d | nn.ConvTranspose2d, inputs: Tensor, weights: Tensor, outputs: Tensor) -> int:
    """The triples of a convolution from `inputs` [N, C, H, W] to `outputs` [N, K, H', W'] that no mask hides."""
    groups = layer.groups
    if bool((outputs == 1).all()):  # every output: sum over the images and filters
        inputs = inputs.sum(0, keepdim=True)
        weights = weights.reshape(groups, -1, *weights.shape[1:]).sum(1)
        outputs = outputs[:1, :groups]
    elif bool((inputs == 1).all()):  # every input: sum over channels, and the outputs over images
        inputs = inputs[:1, :groups]
        weights, outputs = weights.sum(1, keepdim=True), outputs.sum(0, keepdim=True)
    else:  # every weight: sum over channels and filters
        inputs = inputs.reshape(len(inputs), groups, -1, *inputs.shape[2:]).sum(2)
        outputs = outputs.reshape(len(outputs), groups, -1, *outputs.shape[2:]).sum(2)
        weights = weights[:groups, :1]
    padding = cast("str | tuple[int, int]", layer.padding)
    met = F.conv2d(inputs, weights, None, layer.stride, padding, layer.dilation, groups)
    return round(float((met * outputs).sum()))


def _nonzero(values: Tensor) -> Tensor:
    return (values.detach() != 0).double()
