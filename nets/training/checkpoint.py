"""Checkpoints: tensors and plain Python values only, so that loading one never executes anything.

A checkpoint is a dictionary. What an integer machine needs:
`format` (a key of `FORMATS`), `bits` (of a stored value; None in floating point), `network` (`module:function`) and
its `options`; `state_dict`, the module's own, whose quantised weights are integer codes; `weight_scales` {layer: real
value of code 1} and, where it is not 0, `weight_zeros` {layer: code of real 0}; `activation_scales`,
`activation_zeros` and `activation_signed`, the same of each layer's input; `relu_threshold`, up to which every ReLU's
output is zero. A layer without scales is in full precision.
What tells of it: `accuracy` {train, test}, `began_with` {name, test}, `measured`, `precisions` {layer: {weights,
inputs}: bits}, `pairs` {layer: {forward, backward}},
`history` {one epoch an item} and `training` {every setting}.
"""

from __future__ import annotations

import io
import os
import pickle
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from nets.training import quantise
from nets.training.formats import FORMATS, Format
from nets.training.layers import layers
from nets.training.networks import build
from nets.training.quantise import coded_layers, codes_of
from nets.training.relu import Rectifiers

Checkpoint = dict[str, Any]
SHIPPED = Path(__file__).parents[1] / "checkpoints"
WIDTHS = (torch.int8, torch.uint8, torch.int16, torch.int32)


def export(network: nn.Module, number_format: Format) -> Checkpoint:
    """`bits`, `state_dict`, the scales and the zeros of a trained network."""
    found: Checkpoint = {"bits": number_format.bits, "state_dict": _real_part(network)}
    for key in ("weight_scales", "activation_scales", "weight_zeros", "activation_zeros", "activation_signed"):
        found[key] = {}
    for name, layer, _, inputs in coded_layers(network):
        weights = codes_of(layer)
        found["state_dict"][f"{name}.weight"] = narrowest(weights.codes)
        found["weight_scales"][name] = weights.scale.item()
        found["activation_scales"][name] = inputs.scale.item()
        found["activation_signed"][name] = bool(inputs.signed)
        if FORMATS["int8-oblivious"] is number_format:
            found["weight_zeros"][name] = int(weights.zero)
            found["activation_zeros"][name] = int(inputs.zero)
    return found


def _real_part(network: nn.Module) -> dict[str, Tensor]:
    """The state dict as the untouched module has it: no quantisers, weights as they are computed with."""
    state: dict[str, Tensor] = {}
    for key, values in network.state_dict().items():
        layer, _, inner = key.partition(".parametrizations.weight.")
        if inner == "original":
            state[f"{layer}.weight"] = network.get_submodule(layer).weight.detach().cpu().clone()  # type: ignore[operator]
        elif not inner and ".input_quantiser." not in key:
            state[key] = values.detach().cpu().clone()
    return state


def narrowest(codes: Tensor) -> Tensor:
    """Integer codes in the narrowest type that holds them."""
    whole = codes.cpu().to(torch.int64)
    low, high = whole.min(), whole.max()
    fits = (kind for kind in WIDTHS if torch.iinfo(kind).min <= low and high <= torch.iinfo(kind).max)
    return whole.to(next(fits))


def real_state(checkpoint: Checkpoint) -> dict[str, Tensor]:
    """The state dict in floating point: codes less the code of real 0, times the layer's scale."""
    real = dict(checkpoint["state_dict"])
    zeros: Mapping[str, int] = checkpoint.get("weight_zeros", {})
    for name, scale in checkpoint["weight_scales"].items():
        codes = real[f"{name}.weight"].to(torch.float64) - zeros.get(name, 0)
        real[f"{name}.weight"] = (codes * scale).to(torch.float32)
    return real


def restore(network: nn.Module, checkpoint: Checkpoint) -> nn.Module:
    """`network` with the checkpoint's weights, computing in its format as at the end of training."""
    network.load_state_dict(real_state(checkpoint))
    number_format, scales = FORMATS[checkpoint["format"]], checkpoint["activation_scales"]
    in_full = [name for name, _ in layers(network) if name not in scales]
    quantise.attach(network, number_format, skip=in_full)
    for name, _, weights, inputs in coded_layers(network):
        weights.enabled = False
        inputs.scale.fill_(scales[name])
        inputs.zero.fill_(checkpoint.get("activation_zeros", {}).get(name, 0))
        inputs.signed.fill_(checkpoint.get("activation_signed", {}).get(name, False))
    if threshold := checkpoint.get("relu_threshold", 0.0):
        Rectifiers(network, threshold)
    return network.eval()


def load_network(checkpoint: Checkpoint) -> nn.Module:
    """The checkpoint's network, restored."""
    return restore(build(checkpoint["network"], checkpoint.get("options", {})), checkpoint)


def save(checkpoint: Checkpoint, file: Path) -> None:
    """Write a checkpoint, its zip file deflated (torch.save stores), whole or not at all."""
    stored, packed = io.BytesIO(), io.BytesIO()
    torch.save(_interned(checkpoint), stored)
    with zipfile.ZipFile(stored) as old, zipfile.ZipFile(packed, "w") as new:
        for entry in old.namelist():
            new.writestr(zipfile.ZipInfo(entry), old.read(entry), zipfile.ZIP_DEFLATED, compresslevel=9)
    write_whole(packed.getvalue(), file)


def _interned(value: Any) -> Any:
    """The same, equal strings being one object: pickle writes an object once, so that equal content is equal bytes."""
    if isinstance(value, str):
        return sys.intern(value)
    if isinstance(value, dict):
        return {_interned(key): _interned(item) for key, item in value.items()}
    return [_interned(item) for item in value] if isinstance(value, list) else value


def write_whole(content: bytes, file: Path) -> None:
    """Write `file` whole or not at all: beside it first, then renamed."""
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        Path(name).chmod(0o644)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def load(file: Path) -> Checkpoint:
    """A checkpoint from `file`, which may also hold a plain state dict; ValueError where it is neither."""
    found = read(file)
    return found if "state_dict" in found else {"state_dict": found, "weight_scales": {}}


def read(file: Path) -> dict[str, Any]:
    """A dictionary of tensors and plain values; ValueError where the file holds anything else."""
    try:
        found = torch.load(file, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError) as error:
        what = "it is damaged, or holds more than tensors and values, such as a module"
        raise ValueError(f"{file} is no checkpoint: {what}; save its state_dict() alone") from error
    if not isinstance(found, dict):
        raise ValueError(f"{file} is no checkpoint: it holds no dictionary")
    return found
