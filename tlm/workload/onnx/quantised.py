"""Networks that were quantised: their codes and scales become a checkpoint's, and what stays is the float network.

Between a QuantizeLinear and its DequantizeLinear a tensor is codes: the pair is taken out, and its scale is that of the
input of the layers that read it. Weights are codes in the file, which a DequantizeLinear makes real.
"""

from __future__ import annotations

import math

import attrs
import torch

from .call import Call
from .graph import Codes, Refused
from .torchgraph import Operand

_RANGES = {torch.int8: (-128, 127), torch.uint8: (0, 255)}


def quantize_linear(call: Call, x: Operand, scale: Operand, zero: Operand | None = None) -> Operand:
    """Codes of a tensor, unsigned ones where no zero tells their type."""
    kind = torch.uint8 if zero is None else zero.real.dtype
    codes, place = _codes(call, scale, zero, kind)
    if not x.is_constant:
        return attrs.evolve(x, codes=codes)
    values = (torch.round(x.real / codes.scale) + place).clamp(*_RANGES[kind])
    return attrs.evolve(x, real=values.to(kind))


def dequantize_linear(call: Call, x: Operand, scale: Operand, zero: Operand | None = None) -> Operand:
    """The real numbers of codes."""
    if x.is_constant:
        codes, place = _codes(call, scale, zero, x.real.dtype)
        whole = x.real.to(torch.int32)
        real = (whole - place).to(torch.float32) * codes.scale
        return attrs.evolve(x, real=real, codes=attrs.evolve(codes, values=whole + (codes.zero - place)))
    if x.codes is None or x.codes != _codes(call, scale, zero, torch.uint8 if zero is None else zero.real.dtype)[0]:
        raise Refused("reads codes of another scale than they were written with, or none")
    return x


def _codes(call: Call, scale: Operand, zero: Operand | None, kind: torch.dtype) -> tuple[Codes, int]:
    """What codes of type `kind` stand for, and the file's zero.

    Signed codes of another zero than 0 are those of the capture less 128, which has such codes without a sign.
    """
    size = call.constant(scale, "a scale")
    place = 0 if zero is None else int(call.constant(zero, "a zero").reshape(-1)[0])
    if size.numel() != 1 or (zero is not None and zero.real.numel() != 1):
        raise Refused(f"has {size.numel()} scales: one for all of a tensor is taken, not one for each channel")
    if kind not in _RANGES and kind != torch.int32:
        raise Refused(f"has codes of type {str(kind).removeprefix('torch.')}: those of 8 bits are taken")
    number = size.reshape(-1)[0].item()
    if not 0 < number < math.inf:
        raise Refused(f"has the scale {number}: a positive number is needed")
    if kind == torch.int8 and place:
        return Codes(number, place + 128, signed=False), place
    return Codes(number, place, signed=kind != torch.uint8), place
