"""Quantisation-aware training: how a format is attached to a network.

Weights: shadow weights stay floating point, the second of the two sets the precision study keeps; the forward pass
sees what the format's codes stand for, and the gradient passes straight through. Activations: the input of every
layer is rounded to codes; where it is clipped the gradient is zero.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from nets.training.activations import FakeActivations, FixedPoint, best_step
from nets.training.formats import Format
from nets.training.layers import Layer, chain, layers, readers, shadow_weights
from nets.training.weights import Choices, Coded, Rule


class FakeWeights(nn.Module):
    """Weights as the rule's codes stand for them; the gradient goes to the shadow weights unchanged."""

    step: Tensor

    def __init__(self, rule: Rule, threshold: float = 0.7) -> None:
        super().__init__()
        self.rule, self.threshold, self.bits, self.enabled = rule, threshold, 8, True
        self.register_buffer("step", torch.tensor(1.0, dtype=torch.float64))

    def set_bits(self, bits: int) -> None:
        """Spread int8's range over the codes of so many bits."""
        self.bits = bits

    def coded(self, weights: Tensor) -> Coded:
        """The codes of `weights`."""
        return self.rule(weights.detach(), Choices(self.step.item(), self.threshold, self.bits))

    def forward(self, weights: Tensor) -> Tensor:
        """The values that the codes stand for, in the shape of `weights`."""
        if not self.enabled:
            return weights
        return weights + (self.coded(weights).real - weights).detach()


def attach(network: nn.Module, number_format: Format, skip: Collection[str] = (), threshold: float = 0.7) -> None:
    """Let `network`, whose `example_input` shows who reads what, compute in `number_format`, but for `skip`."""
    rule, kind, bits = number_format.weights, number_format.activations, number_format.bits
    if rule is None or kind is None or bits is None:
        return
    named = dict(layers(network))
    for group in readers(network, cast(Tensor, network.example_input)):
        shared = kind(bits)
        for name in group:
            if name not in skip:
                _attach(named[name], FakeWeights(rule, threshold), shared)


def _attach(layer: Layer, weights: FakeWeights, inputs: FakeActivations) -> None:
    parametrize.register_parametrization(layer, "weight", weights)
    layer.input_quantiser = inputs
    layer.register_forward_pre_hook(_quantise_input)


def _quantise_input(layer: nn.Module, inputs: tuple[Tensor, ...]) -> Tensor:
    return cast(Tensor, cast(FakeActivations, layer.input_quantiser)(inputs[0]))


def coded_layers(network: nn.Module) -> list[tuple[str, Layer, FakeWeights, FakeActivations]]:
    """The layers that `attach` touched: name, layer, and the quantisers of its weights and its input."""
    return [
        (name, layer, _weight_quantiser(layer), cast(FakeActivations, layer.input_quantiser))
        for name, layer in layers(network)
        if hasattr(layer, "input_quantiser")
    ]


def codes_of(layer: nn.Module) -> Coded:
    """The codes of an attached layer's weights, pruned ones included."""
    weights = shadow_weights(layer)
    for step in chain(layer) or ():
        if isinstance(step, FakeWeights):
            return step.coded(weights)
        weights = step(weights)
    raise TypeError(f"no quantiser is attached to {layer}")


def _weight_quantiser(layer: nn.Module) -> FakeWeights:
    return next(step for step in chain(layer) or () if isinstance(step, FakeWeights))


def switch(network: nn.Module, on: bool) -> None:
    """Let the attached quantisers work, or let everything pass in full precision."""
    for _, _, weights, inputs in coded_layers(network):
        weights.enabled = inputs.enabled = on


def calibrate(network: nn.Module, sample: Tensor) -> None:
    """Set the radix points that layers share, one of all weights and one of all data, by the images `sample`.

    Only fixed point has any; the other kinds follow what training sees.
    """
    attached = coded_layers(network)
    shared = [inputs for _, _, _, inputs in attached if isinstance(inputs, FixedPoint)]
    if not shared:
        return
    bits = shared[0].bits
    step = best_step([shadow_weights(layer) for _, layer, _, _ in attached], bits)
    for _, _, weights, _ in attached:
        weights.step.fill_(step)
    step = best_step(_watch(network, shared, sample), bits)
    for inputs in shared:
        inputs.set_radix(step)


def _watch(network: nn.Module, quantisers: list[FakeActivations] | list[FixedPoint], sample: Tensor) -> list[Tensor]:
    """What passes the quantisers, unrounded, when the network sees `sample`."""
    seen: list[Tensor] = []
    before, training = quantisers[0].enabled, network.training
    for quantiser in quantisers:
        quantiser.watched, quantiser.enabled = seen, False
    with torch.no_grad():
        network.eval()(sample)
    for quantiser in quantisers:
        quantiser.watched, quantiser.enabled = None, before
    network.train(training)
    return seen
