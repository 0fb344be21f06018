"""Operations that only move values about: done to the index, they cost nothing until a layer needs them in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .builder import Builder, NotModelled, Refused
from .values import ZERO, Value

# fmt: off
#: Operations whose torch function, applied to an index from 1 on, gives the index of what it gives for real numbers.
MOVES = frozenset(
    (
        "_unsafe_view", "adjoint", "alias", "atleast_1d", "atleast_2d", "atleast_3d", "broadcast_to", "cat",
        "channel_shuffle", "chunk", "clone", "column_stack", "concatenate", "contiguous", "copy", "detach",
        "diag_embed", "diagonal", "dsplit", "dstack", "expand", "expand_as", "fill", "flatten", "flip", "fliplr",
        "flipud", "getitem", "hsplit", "hstack", "im2col", "index_select", "movedim", "moveaxis", "mT", "narrow",
        "native_channel_shuffle", "numpy_T", "permute", "pixel_shuffle", "pixel_unshuffle", "ravel", "repeat",
        "repeat_interleave", "reshape", "reshape_as", "roll", "rot90", "row_stack", "select", "select_scatter",
        "slice", "slice_scatter", "split", "split_with_sizes", "squeeze", "stack", "swapaxes", "swapdims", "t",
        "take_along_dim", "tensor_split", "tile", "transpose", "tril", "triu", "unbind", "unflatten", "unfold",
        "unsafe_chunk", "unsafe_split", "unsqueeze", "view", "view_as", "vsplit", "vstack", "H", "T",
    )
)
#: Operations that change no value in evaluation.
NOTHING = frozenset(
    (
        "data", "float", "double", "half", "bfloat16", "to", "type_as", "type", "cpu", "cuda", "requires_grad",
        "_to_copy", "to_copy", "lift_fresh_copy",
    )
)
#: Operations that give what no value of the image has a part in.
CONSTANTS = frozenset(
    (
        "zeros_like", "ones_like", "full_like", "empty_like", "rand_like", "randn_like", "new_zeros", "new_ones",
        "new_full", "new_empty",
    )
)
# fmt: on


def moved(builder: Builder, apply: Callable[[Callable[[Value], Tensor]], Any]) -> Any:
    """What the operation gives: `apply` runs it on what a function makes of each Value among its arguments.

    It is given places from 1 on: the zeros that it puts in of its own are ZERO then.
    """
    return _paired(builder.real, apply(lambda value: _from_one(value.index)))


def constant_index(builder: Builder, values: Tensor) -> Tensor:
    """The index from 1 on of a constant that is joined to Values; whole numbers say where, and stay as they are."""
    if not values.is_floating_point():
        return values
    if not bool(values.any()):
        return torch.zeros(values.shape, dtype=torch.float64)
    return _from_one(builder.constant(values).index)


def _from_one(index: Tensor) -> Tensor:
    return (index.double() - ZERO).contiguous()


def nothing(builder: Builder, x: Value, *_options: Any, **_named: Any) -> Value:
    """An operation that gives what it is given."""
    if not builder.real.is_floating_point():
        raise NotModelled("rounds to whole numbers")
    return builder.value(x.index)


def dropout(builder: Builder, x: Value, p: float = 0.5, training: bool = True, inplace: bool = False) -> Value:
    """Nothing, in evaluation."""
    if training and p > 0:
        raise Refused("stays on in evaluation: pass training=self.training")
    return builder.value(x.index)


def pad(builder: Builder, x: Value, pad: Any, mode: str = "constant", value: float | None = None) -> Value:
    """Zeros, or values from elsewhere in the map."""
    if mode == "constant":
        if value:
            raise NotModelled(f"pads with {value}: only with 0 is modelled")
        return builder.value(F.pad(x.index, list(pad), value=ZERO))
    return builder.value(F.pad(x.index.double(), list(pad), mode=mode).long())


def interpolate(
    builder: Builder,
    x: Value,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: Any = None,
    recompute_scale_factor: Any = None,
    antialias: bool = False,
) -> Value:
    """To the nearest value."""
    if not mode.startswith("nearest"):
        raise NotModelled(f"interpolates ({mode}): only the nearest value is modelled")
    options = {"size": size, "scale_factor": scale_factor, "recompute_scale_factor": recompute_scale_factor}
    return builder.value(F.interpolate(x.index.double(), mode=mode, **options).long())


def upsample(function: Callable[..., Tensor]) -> Callable[..., Value]:
    """The handler of `function`, to the nearest value, as exported graphs have it."""

    def handle(builder: Builder, x: Value, *options: Any, **named: Any) -> Value:
        return builder.value(function(x.index.double(), *options, **named).long())

    return handle


def _paired(real: Any, indices: Any) -> Any:
    """Real numbers and indices of the same structure as Values."""
    if isinstance(real, Tensor):
        return Value(real, indices.long() + ZERO)
    if isinstance(real, (tuple, list)):
        return type(real)(_paired(one, index) for one, index in zip(real, indices, strict=True))
    return real
