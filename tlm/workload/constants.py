"""Constant factors and shifts: as little as they can be.

Directly behind a layer with weights they are part of its requantisation. One for all values is part of the table of a
function before it, and a factor alone needs no arithmetic at all: the codes stay what they are and stand for other
numbers. One for each channel is a tensor of its own; only where both differ are they weights.
"""

from __future__ import annotations

from collections.abc import Callable

import attrs
import torch
from torch import Tensor

from .activations import line
from .stage import Combination, Product, Stage
from .values import Stored


def alone(stage: Stage, kept: Callable[[Tensor], Stored]) -> Stage:
    """`stage`; where it is nothing but a factor or a shift of one tensor, as a pointwise layer.

    `kept` makes tensors of constants.
    """
    work = stage.work
    if not isinstance(work, Product) or not work.scales_only or work.affine is None or len(stage.sources) > 1:
        return stage
    gains, shifts = torch.from_numpy(work.affine.gain), torch.from_numpy(work.affine.shift)
    gain, shift = gains[0].item(), shifts[0].item()
    shifted, several = bool(shifts.any()), bool((shifts != shift).any())
    if bool((gains != gain).any()):
        return stage if shifted else _with(stage, Combination("multiply"), kept(_for_channels(gains, stage)))
    if several:
        return _with(stage, Combination("add", (gain, 1.0)), kept(_for_channels(shifts, stage)))
    if not shifted:
        return _moved(attrs.evolve(stage, work=Combination("move", (gain,))))
    function = line(gain, shift)
    activation = function.then(stage.activation) if stage.activation else function
    return _moved(attrs.evolve(stage, work=Combination("move", (1.0,)), activation=activation)) if activation else stage


def is_rescaling(stage: Stage) -> bool:
    """Whether it does nothing but multiply by a number above 0."""
    return (stage.factor or 0.0) > 0 and not stage.activation and not stage.pool


def _for_channels(values: Tensor, stage: Stage) -> Tensor:
    return values.float().reshape(-1, *[1] * (len(stage.out) - 1))


def _with(stage: Stage, work: Combination, constant: Stored) -> Stage:
    """The stage as a combination with a constant."""
    sources, shapes = (*stage.sources, constant), (*stage.shapes, constant.shape)
    return attrs.evolve(stage, work=work, sources=sources, shapes=shapes)


def _moved(stage: Stage) -> Stage:
    """The stage as its one source lies: vectors as vectors."""
    if stage.pool:
        return stage
    shape = stage.sources[0].shape
    return attrs.evolve(stage, shapes=(shape,), out=shape, output=attrs.evolve(stage.output, shape=shape))
