"""Functions of one value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .call import Call
from .torchgraph import Operand

Handler = Callable[..., Any]


def function(torch_function: Callable[..., Tensor]) -> Handler:
    """The handler of an operator that is a torch function of its operands."""

    def handle(call: Call, *operands: Operand) -> Operand:
        return call.pointwise(torch_function, *operands)

    return handle


def module(kind: Callable[..., nn.Module], torch_function: Callable[..., Tensor]) -> Handler:
    """The handler of an operator that is a module of torch's without options."""

    def handle(call: Call, x: Operand) -> Operand:
        return call.activated(kind, torch_function, x)

    return handle


def leaky_relu(call: Call, x: Operand) -> Operand:
    """A slope below 0."""
    return call.activated(nn.LeakyReLU, F.leaky_relu, x, negative_slope=call.attribute("alpha", 0.01))


def elu(call: Call, x: Operand) -> Operand:
    """Alpha (exp(x) - 1) below 0."""
    return call.activated(nn.ELU, F.elu, x, alpha=call.attribute("alpha", 1.0))


def celu(call: Call, x: Operand) -> Operand:
    """Alpha (exp(x / alpha) - 1) below 0."""
    return call.activated(nn.CELU, F.celu, x, alpha=call.attribute("alpha", 1.0))


def selu(call: Call, x: Operand) -> Operand:
    """The self-normalising ELU, whose two numbers are torch's or its own."""
    alpha, gamma = call.attribute("alpha", 1.6732632), call.attribute("gamma", 1.050701)
    if abs(alpha - 1.6732632) < 1e-6 and abs(gamma - 1.050701) < 1e-6:
        return call.activated(nn.SELU, F.selu, x)
    return call.pointwise(torch.mul, call.pointwise(F.elu, x, alpha=alpha), gamma)


def clip(call: Call, x: Operand, low: Operand | None = None, high: Operand | None = None) -> Operand:
    """Between two bounds, each of which may be left out."""
    least, most = call.number(low, "min"), call.number(high, "max")
    if (least, most) == (0, 6):
        return call.activated(nn.ReLU6, F.relu6, x)
    if least is not None and most is not None:
        return call.activated(nn.Hardtanh, F.hardtanh, x, min_val=least, max_val=most)
    if least is None and most is None:
        return x
    return call.pointwise(torch.clamp, x, min=least, max=most)


def hard_sigmoid(call: Call, x: Operand) -> Operand:
    """Alpha x + beta between 0 and 1; torch has it for 1/6 and 1/2."""
    alpha, beta = call.attribute("alpha", 0.2), call.attribute("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return call.activated(nn.Hardsigmoid, F.hardsigmoid, x)
    line = call.pointwise(torch.add, call.pointwise(torch.mul, x, alpha), beta)
    return call.pointwise(F.hardtanh, line, min_val=0.0, max_val=1.0)


def gelu(call: Call, x: Operand) -> Operand:
    """X times the normal distribution, or what is near it by tanh."""
    way = call.word("approximate", "none", ("none", "tanh"))
    return call.activated(nn.GELU, F.gelu, x, approximate=way)


def shrink(call: Call, x: Operand) -> Operand:
    """0 from -lambd to lambd, and outside nearer to 0 by `bias`."""
    bias, lambd = call.attribute("bias", 0.0), call.attribute("lambd", 0.5)
    if bias == lambd:
        return call.activated(nn.Softshrink, F.softshrink, x, lambd=lambd)
    if bias:
        low = call.pointwise(F.softshrink, x, lambd=lambd)
        return call.pointwise(torch.add, low, call.pointwise(torch.mul, call.pointwise(torch.sign, low), lambd - bias))
    return call.activated(nn.Hardshrink, F.hardshrink, x, lambd=lambd)


def thresholded_relu(call: Call, x: Operand) -> Operand:
    """0 up to alpha."""
    return call.activated(nn.Threshold, F.threshold, x, threshold=call.attribute("alpha", 1.0), value=0.0)


def softmax(logarithm: bool = False) -> Handler:
    """Shares of one direction that add up to 1, or their logarithms; before opset 13 of all behind it."""
    kind, torch_function = (nn.LogSoftmax, F.log_softmax) if logarithm else (nn.Softmax, F.softmax)

    def handle(call: Call, x: Operand) -> Operand:
        axis = int(call.attribute("axis", -1 if call.opset >= 13 else 1)) % x.real.ndim
        if call.opset < 13 and axis < x.real.ndim - 1:
            flat = call.function(torch.flatten, x, axis)
            return call.function(torch.reshape, call.function(torch_function, flat, dim=axis), list(x.real.shape))
        return call.either(kind, torch_function, x, dim=axis)

    return handle
