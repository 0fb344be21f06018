"""Maps made larger or smaller: to the nearest value, or by interpolation."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .call import Call
from .graph import Refused
from .torchgraph import Operand, checked_size

_TRANSFORMS = ("half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel")
_ROUNDED: dict[str, Callable[[Tensor], Tensor]] = {
    "floor": torch.floor,
    "ceil": torch.ceil,
    "round_prefer_floor": lambda values: torch.ceil(values - 0.5),
    "round_prefer_ceil": lambda values: torch.floor(values + 0.5),
}


def resize(
    call: Call,
    x: Operand,
    roi: Operand | None = None,
    scales: Operand | None = None,
    sizes: Operand | None = None,
) -> Operand:
    """Resize, whose oldest form has its scales second."""
    if call.opset == 10:
        scales = roi
    mode = call.word("mode", "nearest", ("nearest", "linear", "cubic"))
    after = _shape(call, x, scales, sizes)
    way = call.word("coordinate_transformation_mode", "half_pixel" if call.opset > 10 else "asymmetric", _TRANSFORMS)
    if after == list(x.real.shape):
        return x
    if after[:2] != list(x.real.shape[:2]) or any(call.attribute(name, 0) for name in ("antialias", "exclude_outside")):
        raise Refused(f"makes {after} of {list(x.real.shape)}: maps are resized, without antialiasing")
    if mode == "nearest":
        return _nearest(call, x, after[2:], way, call.attribute("nearest_mode", "round_prefer_floor"), scales)
    if way == "asymmetric":
        raise Refused(f"interpolates ({mode}) by the transformation 'asymmetric', which torch has not")
    name = {("linear", 1): "linear", ("linear", 2): "bilinear", ("linear", 3): "trilinear", ("cubic", 2): "bicubic"}
    found = name.get((mode, len(after) - 2))
    if found is None or (mode == "cubic" and call.attribute("cubic_coeff_a", -0.75) != -0.75):
        raise Refused(f"interpolates ({mode}) in a way that torch has not")
    made: Operand = call.function(
        F.interpolate, x, size=tuple(after[2:]), mode=found, align_corners=way == "align_corners"
    )
    return made


def upsample(call: Call, x: Operand, scales: Operand | None = None) -> Operand:
    """What Resize was called up to opset 9."""
    mode = call.word("mode", "nearest", ("nearest", "linear"))
    if mode != "nearest":
        raise Refused("interpolates as torch does not: export the network with opset 11 or later")
    return _nearest(call, x, _shape(call, x, scales, None)[2:], "asymmetric", "floor", scales)


def _shape(call: Call, x: Operand, scales: Operand | None, sizes: Operand | None) -> list[int]:
    """The shape of what it gives."""
    before = list(x.real.shape)
    if sizes is not None and sizes.real.numel():
        given = call.integers(sizes, "sizes") or []
    else:
        by = call.attribute("scales") if scales is None else call.constant(scales, "scales").tolist()
        given = [math.floor(size * scale) for size, scale in zip(before, by or [], strict=False)]
    dims = [axis % len(before) for axis in call.attribute("axes", range(len(before)))]
    if len(given) != len(dims):
        raise Refused(f"has {len(given)} sizes for {len(dims)} directions")
    after = list(before)
    for dim, size in zip(dims, given, strict=True):
        after[dim] = size
    return list(checked_size(after))


def _nearest(call: Call, x: Operand, after: list[int], way: str, rounding: str, scales: Operand | None) -> Operand:
    """To the nearest value: by torch's own function where it takes the same ones, else by their places."""
    before = list(x.real.shape[2:])
    places = [_places(size, made, way, rounding) for size, made in zip(before, after, strict=True)]
    whole = [made // size for size, made in zip(before, after, strict=True)]
    torchs = [torch.arange(made) * size // made for size, made in zip(before, after, strict=True)]
    if all(torch.equal(one, other) for one, other in zip(places, torchs, strict=True)) and len(after) <= 3:
        if [size * by for size, by in zip(before, whole, strict=True)] == after:
            return call.either(nn.Upsample, F.interpolate, x, scale_factor=tuple(map(float, whole)))
        return call.either(nn.Upsample, F.interpolate, x, size=tuple(after))
    for dim, taken in enumerate(places, start=2):
        x = call.function(torch.index_select, x, dim, Operand(taken))
    return x


def _places(before: int, after: int, way: str, rounding: str) -> Tensor:
    """Which value of a direction each one of the result is."""
    at = torch.arange(after, dtype=torch.float64)
    scale = after / before
    if way == "asymmetric":
        at = at / scale
    elif way == "align_corners":
        at = at * (before - 1) / max(after - 1, 1)
    else:
        at = (at + 0.5) / scale - 0.5
        at = torch.zeros_like(at) if way == "pytorch_half_pixel" and after == 1 else at
    if rounding not in _ROUNDED:
        raise Refused(f"has nearest_mode {rounding!r}: {', '.join(_ROUNDED)} are taken")
    return _ROUNDED[rounding](at).clamp(0, before - 1).long()
