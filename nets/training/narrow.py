"""Precision-aware quantisation (DPRed, section 6.6): a layer is given no more bits than accuracy needs.

The codes of the symmetric 8-bit format are made narrower, a layer at a time, a bit at a time, as the precisions of
DPRed's table 3 were found: while the accuracy on a sample of training images falls by no more than is allowed in all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from torch import nn

from nets.training.activations import Symmetric
from nets.training.quantise import coded_layers
from nets.training.weights import int8

LEAST = 2


class Narrowable(Protocol):
    """A quantiser whose bits can be set."""

    bits: int

    def set_bits(self, bits: int) -> None:
        """Spread the same range over the codes of so many bits."""


def narrow(network: nn.Module, accuracy: Callable[[], float], allowed: float) -> dict[str, dict[str, int]]:
    """Take bits away while `accuracy` falls by no more than `allowed`; the bits left: {layer: {weights, inputs}}."""
    least = accuracy() - allowed
    attached = coded_layers(network)
    found = {}
    for name, _, weights, inputs in attached:
        if weights.rule is int8:
            _narrow(weights, accuracy, least)
        if isinstance(inputs, Symmetric):
            _narrow(inputs, accuracy, least)
        found[name] = {"weights": weights.bits, "inputs": inputs.bits}
    return found


def _narrow(quantiser: Narrowable, accuracy: Callable[[], float], least: float) -> None:
    while quantiser.bits > LEAST:
        quantiser.set_bits(quantiser.bits - 1)
        if accuracy() < least:
            quantiser.set_bits(quantiser.bits + 1)
            return
