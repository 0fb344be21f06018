"""Checkpoints of trained networks, read without executing anything in them.

A checkpoint is a file of torch.save: a state dict, or a dictionary of tensors and plain values with
`state_dict`, whose quantised weights are integer codes; `bits` of a stored value or None;
`weight_scales` {layer: real value of code 1}; `activation_scales` {layer: real value of code 1 of its input}.
Further keys (format, accuracy, ...) are left alone.
"""

from __future__ import annotations

import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import numpy as np
import torch
from torch import Tensor, nn

from ..inputs.blame import blamed_on_user
from ..inputs.errors import BadInput
from .layer import Ints

INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


@attrs.frozen(eq=False)
class Checkpoint:
    """A checkpoint's contents; `codes` are the integer weights, by layer, `state` the state dict in floats."""

    file: str
    bits: int | None
    state: Mapping[str, Tensor]
    codes: Mapping[str, Ints]
    weight_scales: Mapping[str, float]
    activation_scales: Mapping[str, float]

    def restore(self, network: nn.Module) -> None:
        """Load the weights into `network`, whose state dict must have the same names and shapes."""
        with blamed_on_user("workload.network", "the state_dict() of the network"):
            own = network.state_dict()
        for name in self.state:
            if name not in own:
                raise self.bad("is no weight of this network", name, own)
        for name, values in own.items():
            if name not in self.state:
                raise self.bad("is missing", name)
            given, needed = list(self.state[name].shape), list(values.shape)
            if given != needed:
                raise self.bad(f"has shape {given}, the network's is {needed}", name)
            if values.is_floating_point() and not self.state[name].is_floating_point():
                raise self.bad(f"is of {self.state[name].dtype} and has no scale in weight_scales", name)
            if not torch.isfinite(self.state[name]).all():
                raise self.bad("holds values that are not finite numbers", name)
        with blamed_on_user("workload.network", "the load_state_dict() of the network"):
            network.load_state_dict(dict(self.state))

    def bad(self, message: str, key: str | None = None, allowed: Mapping[str, Any] | None = None) -> BadInput:
        """An error that names the file and, where given, the key; `allowed` are the keys it may have been."""
        return BadInput(message, file=self.file, key=key, given=key, allowed=tuple(allowed or ()))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; BadInput where it is damaged or is none."""
    try:
        damaged = zipfile.ZipFile(path).testzip() if zipfile.is_zipfile(path) else None
        content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", file=str(path)) from error
    except Exception as error:
        message = "is no checkpoint: it is damaged, or holds more than tensors and plain Python values"
        raise BadInput(message, file=str(path)) from error
    if damaged:
        raise BadInput("is corrupt: its checksum does not fit", file=str(path), key=damaged)
    return parse_checkpoint(content, str(path))


def parse_checkpoint(content: Any, file: str) -> Checkpoint:
    """What torch.load gave, checked."""
    if not isinstance(content, dict) or not content:
        raise BadInput("is not a checkpoint: no dictionary of tensors", file=file)
    whole = content if "state_dict" in content else {"state_dict": content}
    state = whole["state_dict"]
    if not isinstance(state, dict):
        raise BadInput("is not a dictionary of tensors", file=file, key="state_dict")
    for name, values in state.items():
        if not isinstance(name, str) or not isinstance(values, Tensor):
            raise BadInput("is not a tensor", file=file, key=str(name))
        if values.is_quantized or values.layout != torch.strided or values.device.type != "cpu":
            raise BadInput("must be a plain dense tensor: not quantised, sparse or without values", file=file, key=name)
    scales = _scales(whole, "weight_scales", file)
    codes = {layer: _codes(state, layer, file) for layer in scales}
    real = {f"{layer}.weight": torch.from_numpy(codes[layer]).to(torch.float32) * scales[layer] for layer in codes}
    activations = _scales(whole, "activation_scales", file)
    return Checkpoint(file, _bits(whole, file), {**state, **real}, codes, scales, activations)


def _bits(content: dict[str, Any], file: str) -> int | None:
    bits = content.get("bits")
    if bits is not None and (not isinstance(bits, int) or not 2 <= bits <= 16):
        raise BadInput(f"must be 2..16 or none, not {bits!r}", file=file, key="bits")
    return bits


def _codes(state: dict[str, Tensor], layer: str, file: str) -> Ints:
    key = f"{layer}.weight"
    if key not in state:
        raise BadInput(f"has a scale but no {key!r}", file=file, key=f"weight_scales.{layer}")
    if state[key].dtype not in INTEGERS:
        raise BadInput(f"has a scale but does not hold integers: {state[key].dtype}", file=file, key=key)
    codes = state[key].numpy()
    narrow = codes.astype(np.int32)
    if not np.array_equal(narrow, codes):
        raise BadInput("holds a code of more than 32 bits", file=file, key=key)
    return narrow


def _scales(content: dict[str, Any], key: str, file: str) -> dict[str, float]:
    scales = content.get(key) or {}
    if not isinstance(scales, dict):
        raise BadInput("is not a dictionary of scales", file=file, key=key)
    for layer, scale in scales.items():
        if not isinstance(scale, float) or not (math.isfinite(scale) and scale > 0):
            raise BadInput(f"must be a positive number, not {scale!r}", file=file, key=f"{key}.{layer}")
    return scales
