"""Every operation that is modelled, by the name that torch gives it, with the function that reads it.

A handler takes the builder and the operation's own arguments, in torch's order, Values among them; it gives a Value.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from . import arithmetic, elementwise, movement, pooling, recurrent, weighted
from .activations import ACTIVATIONS
from .elementwise import handler

HANDLERS: dict[str, Callable[..., Any]] = {
    **{name: handler(name) for name in ACTIVATIONS},
    "prelu": elementwise.prelu,
    **dict.fromkeys(movement.NOTHING, movement.nothing),
    "identity": movement.nothing,
    "dropout": movement.dropout,
    "pad": movement.pad,
    "interpolate": movement.interpolate,
    "upsample_nearest1d": movement.upsample(torch.ops.aten.upsample_nearest1d),
    "upsample_nearest2d": movement.upsample(torch.ops.aten.upsample_nearest2d),
    "conv1d": weighted.conv1d,
    "conv2d": weighted.conv2d,
    "linear": weighted.linear,
    "addmm": weighted.addmm,
    "normalise": weighted.normalise,
    "batch_norm": weighted.batch_norm,
    "_native_batch_norm_legit_no_training": weighted.native_batch_norm,
    "max_pool1d": pooling.max_pool1d,
    "max_pool2d": pooling.max_pool2d,
    "max_pool2d_with_indices": pooling.max_pool2d_with_indices,
    "avg_pool1d": pooling.avg_pool1d,
    "avg_pool2d": pooling.avg_pool2d,
    "adaptive_avg_pool1d": pooling.adaptive_avg_pool1d,
    "adaptive_avg_pool2d": pooling.adaptive_avg_pool2d,
    "adaptive_max_pool1d": pooling.adaptive_max_pool1d,
    "adaptive_max_pool2d": pooling.adaptive_max_pool2d,
    "mean": pooling.mean,
    "amax": pooling.amax,
    "max": arithmetic.largest,
    "min": arithmetic.least,
    "sum": arithmetic.total,
    "add": arithmetic.add,
    "sub": arithmetic.sub,
    "subtract": arithmetic.sub,
    "rsub": arithmetic.rsub,
    "mul": arithmetic.mul,
    "multiply": arithmetic.mul,
    "div": arithmetic.div,
    "truediv": arithmetic.div,
    "true_divide": arithmetic.div,
    "maximum": arithmetic.maximum,
    "minimum": arithmetic.minimum,
    "glu": arithmetic.glu,
    "neg": arithmetic.neg,
    "negative": arithmetic.neg,
    "matmul": arithmetic.matmul,
    "mm": arithmetic.matmul,
    **recurrent.RECURRENT,
}
#: Other names of the same operations.
SAME_AS = {
    "iadd": "add",
    "isub": "sub",
    "imul": "mul",
    "itruediv": "truediv",
    "concat": "cat",
    "_adaptive_avg_pool2d": "adaptive_avg_pool2d",
    "hard_sigmoid": "hardsigmoid",
    "hard_swish": "hardswish",
    "dropout1d": "dropout",
    "dropout2d": "dropout",
    "dropout3d": "dropout",
    "feature_dropout": "dropout",
    "alpha_dropout": "dropout",
}
#: Functions that do not carry their own name.
NAMES: dict[Any, str] = {
    F.batch_norm: "normalise",
    F.max_pool1d: "max_pool1d",
    F.max_pool2d: "max_pool2d",
    F.adaptive_max_pool1d: "adaptive_max_pool1d",
    F.adaptive_max_pool2d: "adaptive_max_pool2d",
    operator.matmul: "matmul",
}


def name_of(target: Any) -> str:
    """What an operation is called, whether a function, a method or an operator of an exported graph."""
    if target in NAMES:
        return NAMES[target]
    name = own_name(target)
    plain = name if name.startswith("_") else name.rstrip("_")
    return SAME_AS.get(plain, plain)


def own_name(target: Any) -> str:
    """What torch calls an operation, `_` at the end of those that work in place included."""
    if isinstance(target, str):
        return target
    packet = getattr(target, "overloadpacket", target)
    name: str = getattr(packet, "__name__", type(target).__name__)
    return name
