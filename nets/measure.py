"""What a trained network would save: zeros, and the size of its tensors in DPRed containers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from nets.quantise import Format, input_scale, layers

GROUP = 16
HEADER_BITS = 4 + GROUP

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
    """Values, zeros, and encoded and raw bits of the tensors added so far."""

    def __init__(self, bits: int) -> None:
        self.bits = bits
        self.values = self.zeros = self.encoded_bits = 0

    def add(self, values: Ints, signed: bool) -> None:
        """Count one stream."""
        self.values += values.size
        self.zeros += int((values == 0).sum())
        self.encoded_bits += container_bits(values, signed)

    @property
    def zero_share(self) -> float:
        """Zeros over values."""
        return self.zeros / self.values

    @property
    def ratio(self) -> float:
        """Encoded over raw bits: below 1 where DPRed compresses."""
        return self.encoded_bits / (self.values * self.bits)


def measure(network: nn.Module, number_format: Format, images: Tensor) -> dict[str, float]:
    """Share of zeros and DPRed ratio of a quantised network's weights and, for `images`, of its layers' inputs.

    Streams as a network's own tensors lie: weights filter by filter; every image's map is one stream.
    """
    if number_format.quantiser is None or number_format.bits is None:
        return {}
    weights, activations = Tally(number_format.bits), Tally(number_format.bits)
    hooks = []
    for _, layer in layers(network):
        codes, _ = number_format.quantiser(layer.weight.detach())
        weights.add(stream(codes), signed=True)
        hooks.append(layer.register_forward_hook(lambda layer, inputs, _: _add_inputs(activations, layer, inputs)))
    with torch.no_grad():
        network.eval()(images)
    for hook in hooks:
        hook.remove()
    return {
        "weight_zeros": weights.zero_share,
        "weight_dpred_ratio": weights.ratio,
        "activation_zeros": activations.zero_share,
        "activation_dpred_ratio": activations.ratio,
    }


def _add_inputs(tally: Tally, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """Count a layer's quantised input, a forward hook's arguments being what the pre-hook returned."""
    for image in torch.round(inputs[0] / input_scale(layer)):
        tally.add(stream(image[None]), signed=False)
