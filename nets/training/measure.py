"""What a trained network would save: zeros, and the size of its tensors in DPRed containers."""

from __future__ import annotations

from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nets.training.activations import FakeActivations, Spread
from nets.training.quantise import coded_layers, codes_of

GROUP = 16
HEADER_BITS = 4 + GROUP
WIDEST = 16

Ints = npt.NDArray[np.int64]


def container_bits(stream: Ints, signed: bool) -> int:
    """Bits of a flat stream in DPRed containers (DPRed, section 4), groups of 16 values.

    A container is a 4-bit width, a 16-bit zero vector and the non-zero values in the width of the largest;
    `signed` values are sign and magnitude.
    """
    padded = np.pad(np.abs(stream), (0, -len(stream) % GROUP)).reshape(-1, GROUP)
    widths = np.frexp(padded.max(axis=1))[1] + signed
    return int((HEADER_BITS + (padded != 0).sum(axis=1) * widths).sum())


def stream(tensor: Tensor) -> Ints:
    """Integer codes `[N, ...]` as a stream, channel fastest, then x, then y, one N after another."""
    channel_last = tensor.movedim(1, -1) if tensor.ndim > 2 else tensor
    return channel_last.reshape(-1).to(torch.int64).numpy()


class Tally:
    """Values, zeros, and encoded and raw bits of the tensors added so far, `bits` a raw value."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.values = self.zeros = self.encoded_bits = 0

    def add(self, values: Ints, signed: bool) -> None:
        """Count one stream."""
        self.values += values.size
        self.zeros += int((values == 0).sum())
        self.encoded_bits += container_bits(values, signed)

    def figures(self, name: str) -> dict[str, float]:
        """Zeros over values and, where a container can hold them, encoded over raw bits: below 1 compresses."""
        found = {f"{name}_zeros": self.zeros / self.values}
        if self.bits <= WIDEST:
            found[f"{name}_dpred_ratio"] = self.encoded_bits / (self.values * self.bits)
        return found


def measure(network: nn.Module, images: Tensor, bits: int | None) -> dict[str, float]:
    """Zeros and DPRed ratio of an attached network's weight codes and, for `images`, of its layers' input codes.

    A raw value has `bits`; nothing is measured in floating point.

    Streams as a network's own tensors lie: weights filter by filter; every image's map is one stream. A code 0 is a
    zero here, whether or not it stands for real 0: a machine sees codes.
    """
    attached = coded_layers(network)
    if not attached or bits is None:
        return {}
    weights, activations = Tally(bits), Tally(bits)
    hooks = []
    for _, layer, _, inputs in attached:
        codes = codes_of(layer)
        weights.add(stream(codes.codes.cpu()), signed=not isinstance(inputs, Spread))
        hooks.append(layer.register_forward_hook(partial(_add_inputs, activations, inputs)))
    with torch.no_grad():
        network.eval()(images)
    for hook in hooks:
        hook.remove()
    return weights.figures("weight") | activations.figures("activation")


def _add_inputs(
    tally: Tally, quantiser: FakeActivations, _: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor
) -> None:
    """Count a layer's quantised input, a forward hook's arguments being what the pre-hook returned."""
    for image in quantiser.codes(inputs[0]).cpu():
        tally.add(stream(image[None]), signed=bool(quantiser.signed))
