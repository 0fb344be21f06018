"""Functions of one value: those that are bounds of the requantisation, and those that become tables.

A new one is a line in `ACTIVATIONS`: its name in torch, and how to make it from torch's own arguments.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import attrs
import torch
import torch.nn.functional as F
from torch import Tensor

Function = Callable[[Tensor], Tensor]


@attrs.frozen(eq=False)
class Activation:
    """Bounds `low` and `high` (real numbers), or `functions`, each for an equal share of the filters.

    `monotone`: it never falls, so max pooling may stand on either side. `nonneg`: it gives nothing below 0.
    """

    functions: tuple[Function, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    monotone: bool = True
    nonneg: bool = False

    def real(self, values: Tensor) -> Tensor:
        """What it makes of real numbers [N, F, ...]."""
        if not self.functions:
            return values.clamp(self.low, self.high)
        if len(self.functions) == 1:
            return self.functions[0](values)
        shares = values.chunk(len(self.functions), 1)
        return torch.cat([function(share) for function, share in zip(self.functions, shares, strict=True)], 1)

    def then(self, other: Activation) -> Activation | None:
        """This, then `other`; None where filters differ."""
        if max(len(self.functions), len(other.functions)) > 1:
            return None
        if not self.functions and not other.functions:
            low, high = (min(max(one, other.low), other.high) for one in (self.low, self.high))
            return Activation(low=low, high=high, nonneg=low >= 0)
        monotone = self.monotone and other.monotone
        return Activation((lambda values: other.real(self.real(values)),), monotone=monotone, nonneg=other.nonneg)

    @property
    def at_zero(self) -> float:
        """What it makes of 0."""
        return float(self.real(torch.zeros(1, len(self.functions) or 1))[0, 0])


def bounds(low: float | None, high: float | None) -> Activation:
    """Between `low` and `high`, None being no bound."""
    least, most = (-math.inf if low is None else low), (math.inf if high is None else high)
    return Activation(low=least, high=most, nonneg=least >= 0)


def table(function: Function, monotone: bool = False, nonneg: bool = False) -> Activation:
    """A function of one value, by table."""
    return Activation((function,), monotone=monotone, nonneg=nonneg)


rising = partial(table, monotone=True)
positive = partial(table, monotone=True, nonneg=True)


def line(gain: float, shift: float) -> Activation:
    """A factor and a shift."""
    return table(lambda values: gain * values + shift, monotone=gain >= 0)


def lstm_gates() -> Activation:
    """Torch's order: input, forget, cell, output."""
    return Activation((torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid))


def _relu(inplace: bool = False) -> Activation:
    return bounds(0.0, None)


def _relu6(inplace: bool = False) -> Activation:
    return bounds(0.0, 6.0)


def _hardtanh(min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False) -> Activation:
    return bounds(min_val, max_val)


def _clamp(min: float | None = None, max: float | None = None) -> Activation:
    return bounds(min, max)


def _leaky_relu(negative_slope: float = 0.01, inplace: bool = False) -> Activation:
    return table(partial(F.leaky_relu, negative_slope=negative_slope), monotone=negative_slope >= 0)


def _elu(alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0, inplace: bool = False) -> Activation:
    def function(x: Tensor) -> Tensor:
        return torch.where(x > 0, scale * x, scale * alpha * torch.expm1(input_scale * x.clamp(max=0)))

    return rising(function)


def _celu(alpha: float = 1.0, inplace: bool = False) -> Activation:
    return rising(partial(F.celu, alpha=alpha))


def _gelu(approximate: str = "none") -> Activation:
    return table(partial(F.gelu, approximate=approximate))


def _softplus(beta: float = 1.0, threshold: float = 20.0) -> Activation:
    return positive(partial(F.softplus, beta=beta, threshold=threshold))


def _hardshrink(lambd: float = 0.5) -> Activation:
    return rising(partial(F.hardshrink, lambd=lambd))


def _softshrink(lambd: float = 0.5) -> Activation:
    return rising(partial(F.softshrink, lambd=lambd))


def threshold(threshold: float, value: float = 0.0, inplace: bool = False) -> Activation:
    """What is not above `threshold` is `value`."""
    function = partial(F.threshold, threshold=threshold, value=value)
    return table(function, monotone=value <= threshold, nonneg=min(threshold, value) >= 0)


def slopes(below: list[float]) -> Activation:
    """Of one slope for all values below 0, or one for those of each filter."""
    functions = (partial(F.leaky_relu, negative_slope=slope) for slope in below)
    return Activation(tuple(functions), monotone=min(below) >= 0)


def _power(exponent: float) -> Activation:
    return table(partial(torch.pow, exponent=exponent), nonneg=exponent % 2 == 0)


def _plain(make: Callable[..., Activation], function: Function) -> Callable[..., Activation]:
    return lambda inplace=False: make(function)


ACTIVATIONS: dict[str, Callable[..., Activation]] = {
    "relu": _relu,
    "relu6": _relu6,
    "hardtanh": _hardtanh,
    "clamp": _clamp,
    "clip": _clamp,
    "clamp_min": lambda min: bounds(min, None),
    "clamp_max": lambda max: bounds(None, max),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    "celu": _celu,
    "gelu": _gelu,
    "softplus": _softplus,
    "hardshrink": _hardshrink,
    "softshrink": _softshrink,
    "threshold": threshold,
    "pow": _power,
    "selu": _plain(rising, F.selu),
    "tanh": _plain(rising, torch.tanh),
    "sigmoid": _plain(positive, torch.sigmoid),
    "hardsigmoid": _plain(positive, F.hardsigmoid),
    "hardswish": _plain(table, F.hardswish),
    "silu": _plain(table, F.silu),
    "mish": _plain(table, F.mish),
    "softsign": _plain(rising, F.softsign),
    "tanhshrink": _plain(rising, F.tanhshrink),
    "logsigmoid": _plain(rising, F.logsigmoid),
    "abs": _plain(partial(table, nonneg=True), torch.abs),
    "square": _plain(partial(table, nonneg=True), torch.square),
    "exp": _plain(positive, torch.exp),
    "log": _plain(rising, torch.log),
    "log1p": _plain(rising, torch.log1p),
    "sqrt": _plain(positive, torch.sqrt),
    "rsqrt": _plain(partial(table, nonneg=True), torch.rsqrt),
    "reciprocal": _plain(table, torch.reciprocal),
    "sign": _plain(rising, torch.sign),
    "round": _plain(rising, torch.round),
    "floor": _plain(rising, torch.floor),
    "ceil": _plain(rising, torch.ceil),
    "erf": _plain(rising, torch.erf),
    "sin": _plain(table, torch.sin),
    "cos": _plain(table, torch.cos),
}
