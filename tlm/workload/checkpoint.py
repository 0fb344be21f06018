"""Checkpoints of trained networks, read without executing anything in them.

A checkpoint is a file of torch.save: a state dict, or a dictionary of tensors and plain values with
`state_dict`, whose quantised weights are integer codes; `bits` of a stored value or None;
`weight_scales` {layer: real value of code 1}; `activation_scales` {layer: real value of code 1 of its input}.
It may have `weight_zeros` and `activation_zeros` {layer: code of real 0}, 0 where they are not told,
`activation_signed` {layer: whether its input has signed codes}, `relu_threshold`, up to which what a ReLU module gives
is zero, and `options` {argument: value} that its `network` (`module:function`) is built with.
Further keys (format, accuracy, ...) are left alone.
"""

from __future__ import annotations

import math
import re
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

HOW_TO_SAVE = "write one with torch.save(network.state_dict(), FILE)"
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
    weight_zeros: Mapping[str, int] = attrs.Factory(dict)
    activation_zeros: Mapping[str, int] = attrs.Factory(dict)
    activation_signed: Mapping[str, bool] = attrs.Factory(dict)
    relu_threshold: float = 0.0
    network: str = ""
    options: Mapping[str, Any] = attrs.Factory(dict)

    def options_of(self, network: str) -> Mapping[str, Any]:
        """What the function `network` was given when this was trained; nothing where it was another one.

        A name may be the other's ending: `net:f`, `net.py:f` and `/home/me/net.py:f` are taken for the same.
        """
        pairs = zip(_words(network), _words(self.network), strict=False)
        return self.options if all(one == other for one, other in pairs) else {}

    def told(self, layer: str) -> tuple[float | None, int, bool | None] | None:
        """The scale, zero and sign of a layer's input, as far as they are told; None where nothing is."""
        keys = (self.activation_scales, self.activation_zeros, self.activation_signed)
        if not any(layer in key for key in keys):
            return None
        return self.activation_scales.get(layer), self.activation_zeros.get(layer, 0), self.activation_signed.get(layer)

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
        message = "is no checkpoint: it is damaged, or holds more than tensors and plain Python values (a module)"
        raise BadInput(f"{message}; {HOW_TO_SAVE}", file=str(path)) from error
    if damaged:
        raise BadInput("is corrupt: its checksum does not fit", file=str(path), key=damaged)
    return parse_checkpoint(content, str(path))


def parse_checkpoint(content: Any, file: str) -> Checkpoint:
    """What torch.load gave, checked."""
    if not isinstance(content, dict) or not content:
        raise BadInput(f"is not a checkpoint: no dictionary of tensors; {HOW_TO_SAVE}", file=file)
    whole = content if "state_dict" in content else {"state_dict": content}
    state = whole["state_dict"]
    if not isinstance(state, dict):
        raise BadInput("is not a dictionary of tensors", file=file, key="state_dict")
    for name, values in state.items():
        if not isinstance(name, str) or not isinstance(values, Tensor):
            hint = f"; {HOW_TO_SAVE}, or name the dictionary of tensors 'state_dict'" if whole is not content else ""
            raise BadInput(f"is not a tensor{hint}", file=file, key=str(name))
        if values.is_quantized or values.layout != torch.strided or values.device.type != "cpu":
            raise BadInput("must be a plain dense tensor: not quantised, sparse or without values", file=file, key=name)
    scales = _scales(whole, "weight_scales", file)
    zeros = _by_layer(whole, "weight_zeros", int, "a whole number", file)
    codes = {layer: _codes(state, layer, file) for layer in scales}
    real = {
        f"{layer}.weight": torch.from_numpy(codes[layer] - zeros.get(layer, 0)).to(torch.float32) * scales[layer]
        for layer in codes
    }
    threshold = whole.get("relu_threshold") or 0.0
    if not isinstance(threshold, (int, float)) or not 0 <= threshold < math.inf:
        raise BadInput(f"must be a number from 0 on, not {threshold!r}", file=file, key="relu_threshold")
    return Checkpoint(
        file,
        _bits(whole, file),
        {**state, **real},
        codes,
        scales,
        _scales(whole, "activation_scales", file),
        weight_zeros=zeros,
        activation_zeros=_by_layer(whole, "activation_zeros", int, "a whole number", file),
        activation_signed=_by_layer(whole, "activation_signed", bool, "true or false", file),
        relu_threshold=float(threshold),
        network=str(whole.get("network", "")),
        options=_options(whole, file),
    )


def _words(function: str) -> list[str]:
    """The words of `module:function` or `file.py:function`, the last one first."""
    return [word for word in re.split(r"\.py:|[:./]", function) if word][::-1]


def _bits(content: dict[str, Any], file: str) -> int | None:
    bits = content.get("bits")
    if bits is not None and (not isinstance(bits, int) or not 2 <= bits <= 32):
        raise BadInput(f"must be 2..32 or none, not {bits!r}", file=file, key="bits")
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
    scales = _by_layer(content, key, float, "a positive number", file)
    for layer, scale in scales.items():
        if not (math.isfinite(scale) and scale > 0):
            raise BadInput(f"must be a positive number, not {scale!r}", file=file, key=f"{key}.{layer}")
    return scales


def _by_layer(content: dict[str, Any], key: str, kind: type, words: str, file: str) -> dict[str, Any]:
    """{layer: value} of one `kind`, which messages call `words`."""
    given = content.get(key) or {}
    if not isinstance(given, dict):
        raise BadInput(f"is not a dictionary of {key.partition('_')[2]}", file=file, key=key)
    for layer, value in given.items():
        if type(value) is not kind:
            raise BadInput(f"must be {words}, not {value!r}", file=file, key=f"{key}.{layer}")
    return given


def _options(content: dict[str, Any], file: str) -> dict[str, Any]:
    options = content.get("options") or {}
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise BadInput("is not a dictionary of options", file=file, key="options")
    return options
