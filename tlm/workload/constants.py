"""One factor and one shift for all values of a tensor: as little as they can be.

Directly behind a layer with weights they are part of its requantisation. Behind a function they are part of its table.
A factor alone needs no arithmetic at all: the codes stay what they are and stand for other numbers (`rescaled`).
"""

from __future__ import annotations

import attrs

from .activations import line
from .stage import Combination, Product, Stage


def alone(stage: Stage) -> Stage:
    """`stage`; where it is one factor and one shift for all values of a tensor, as a pointwise layer."""
    work = stage.work
    if not isinstance(work, Product) or not work.scales_only or work.affine is None or len(stage.sources) > 1:
        return stage
    gains, shifts = set(work.affine.gain.tolist()), set(work.affine.shift.tolist())
    if len(gains) > 1 or len(shifts) > 1:
        return stage
    (gain,), (shift,) = gains, shifts
    if not shift:
        return _moved(attrs.evolve(stage, work=Combination("move", (gain,))))
    function = line(gain, shift)
    activation = function.then(stage.activation) if stage.activation else function
    return _moved(attrs.evolve(stage, work=Combination("move", (1.0,)), activation=activation)) if activation else stage


def is_rescaling(stage: Stage) -> bool:
    """Whether it does nothing but multiply by a number above 0."""
    return (stage.factor or 0.0) > 0 and not stage.activation and not stage.pool


def _moved(stage: Stage) -> Stage:
    """The stage as its one source lies: vectors as vectors."""
    if stage.pool:
        return stage
    shape = stage.sources[0].shape
    return attrs.evolve(stage, shapes=(shape,), out=shape, output=attrs.evolve(stage.output, shape=shape))
