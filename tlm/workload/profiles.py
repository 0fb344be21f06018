"""Profiles: a published network's layers, their tensors synthesised so that they have its published statistics."""

from __future__ import annotations

import attrs
import numpy as np

from tlm.inputs.errors import BadInput

from .layer import Ints, Layer, Workload
from .profile_activations import activations
from .profile_draws import Draws
from .profile_sums import accumulators
from .profile_tables import SOURCE, ProfileLayer, profile_layers
from .profile_weights import weights

DEFAULT_BITS = 16
ACTIVATIONS, WEIGHTS = 0, 1  # what a seed is for


def load_profile(name: str, seed: int, images: int, bits: int | None) -> Workload:
    """`images` images of the network `name`; values are stored in `bits` bits (None: 16).

    The layers stand alone: each reads its own tensor. Raises BadInput where nothing is published of `name`, or where
    `bits` do not hold its values.
    """
    width = DEFAULT_BITS if bits is None else bits
    published = profile_layers(name)
    for layer in published:
        _check_fits(layer, "activations", layer.act_bits, width)
    layers: list[Layer] = []
    for index, layer in reversed(list(enumerate(published))):
        layers.append(_layer(layer, index, seed, images, width, layers[-1].inputs if layers else None))
    note = f"{name}: tensors synthesised from {SOURCE}, seed {seed}"
    return Workload(name=name, layers=tuple(reversed(layers)), chained=False, note=note)


def outlines(name: str) -> list[tuple[ProfileLayer, Layer]]:
    """The network's layers with what is published of each: their tensors are zeros, and take no memory."""
    return [(layer, _outline(layer)) for layer in profile_layers(name)]


def _outline(layer: ProfileLayer) -> Layer:
    conv = layer.kind == "conv"

    def zeros(*shape: int) -> Ints:
        return np.broadcast_to(np.int16(0), shape if conv else shape[:2])

    sums = zeros(1, layer.filters, *layer.out_size)
    inputs, kernels = zeros(1, layer.channels, *layer.size), zeros(layer.filters, layer.group_channels, *layer.kernel)
    return _of(layer, inputs, kernels, sums, sums, DEFAULT_BITS, layer.weight_bits or DEFAULT_BITS)


def _layer(layer: ProfileLayer, index: int, seed: int, images: int, bits: int, following: Ints | None) -> Layer:
    kernels = weights(layer, Draws(seed, index, WEIGHTS))
    layer = attrs.evolve(layer, weight_bits=layer.weight_bits or _signed_width(kernels))
    _check_fits(layer, "weights", layer.weight_bits or 0, bits)
    inputs = np.stack([activations(layer, seed, index, ACTIVATIONS, image) for image in range(images)])
    sums = accumulators(layer, inputs, kernels)
    if following is None:
        following = np.clip(sums, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1).astype(np.int16)
    return _of(layer, inputs, kernels, sums, following, bits, layer.weight_bits or 0)


def _of(
    layer: ProfileLayer, inputs: Ints, kernels: Ints, sums: Ints, outputs: Ints, bits: int, weight_bits: int
) -> Layer:
    return Layer(
        name=layer.name,
        kind=layer.kind,
        inputs=inputs,
        weights=kernels,
        bias=None,
        accumulators=sums,
        outputs=outputs,
        stride=layer.stride,
        padding=layer.padding,
        groups=layer.groups,
        bits=bits,
        act_bits=layer.act_bits,
        weight_bits=weight_bits,
    )


def _signed_width(values: Ints) -> int:
    """The width of the widest, its sign included."""
    return int(np.abs(values).max()).bit_length() + 1


def _check_fits(layer: ProfileLayer, what: str, needed: int, bits: int) -> None:
    if needed > bits:
        message = f"{bits} bits do not hold the {what} of layer {layer.name}, which are up to {needed} bits wide"
        raise BadInput(message, key="workload.bits")
