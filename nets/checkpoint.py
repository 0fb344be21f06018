"""Checkpoints: tensors and plain Python values only, so that loading one never executes anything.

A checkpoint is a dictionary:
`format` (a key of `FORMATS`), `bits` (of a stored value; None in floating point), `network` (its module in
`nets`); `state_dict`, the module's own, whose quantised weights are int8 codes; `weight_scales` {layer: the real
value of code 1}; `activation_scales` {layer: the real value of code 1 of its input}; `accuracy` {train, test};
`measured` {share of zeros, DPRed ratio}; `training` {every setting}. Quantised checkpoints hold a byte a weight.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nets.quantise import Format, attach, input_scale, layers

Checkpoint = dict[str, Any]


def export(network: nn.Module, number_format: Format) -> Checkpoint:
    """`bits`, `state_dict`, `weight_scales` and `activation_scales` of a trained network."""
    state: dict[str, Tensor] = {}
    scales: dict[str, float] = {}
    activation_scales: dict[str, float] = {}
    for name, layer in layers(network):
        weights = layer.weight.detach()
        if number_format.quantiser is not None:
            codes, scale = number_format.quantiser(weights)
            weights, scales[name] = codes.to(torch.int8), scale.item()
            activation_scales[name] = input_scale(layer).item()
        state[f"{name}.weight"] = weights.clone()
        if layer.bias is not None:
            state[f"{name}.bias"] = layer.bias.detach().clone()
    return {
        "bits": number_format.bits,
        "state_dict": state,
        "weight_scales": scales,
        "activation_scales": activation_scales,
    }


def restore(network: nn.Module, checkpoint: Checkpoint, number_format: Format) -> nn.Module:
    """`network` with the checkpoint's weights, computing in its format as at the end of training."""
    network.load_state_dict(real_state(checkpoint["state_dict"], checkpoint["weight_scales"]))
    attach(network, number_format)
    for name, layer in layers(network):
        if number_format.quantiser is not None:
            input_scale(layer).fill_(checkpoint["activation_scales"][name])
    return network.eval()


def real_state(state: Mapping[str, Tensor], scales: Mapping[str, float]) -> dict[str, Tensor]:
    """The state dict in floating point: each layer's codes times its scale."""
    real = dict(state)
    for name, scale in scales.items():
        real[f"{name}.weight"] = state[f"{name}.weight"].to(torch.float32) * scale
    return real


def save(checkpoint: Checkpoint, file: Path) -> None:
    """Write a checkpoint whole or not at all: beside `file` first, then renamed."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            torch.save(checkpoint, out)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(file: Path) -> Checkpoint:
    """A checkpoint from `file`."""
    checkpoint: Checkpoint = torch.load(file, map_location="cpu", weights_only=True)
    return checkpoint
