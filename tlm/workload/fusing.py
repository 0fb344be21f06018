"""What follows a layer and reads nothing else becomes part of it: normalisation, activation, pooling."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import attrs

from .activations import Activation
from .constants import alone
from .layer import Pool
from .stage import Combination, Product, Stage, Unmodelled


def needed(stages: Iterable[Stage], results: Iterable[int]) -> list[Stage]:
    """The layers without those whose outputs nobody reads; `results` are the numbers of tensors that must be there."""
    read = set(results)
    kept = []
    for stage in reversed(list(stages)):
        if stage.output.number in read:
            read.update(one.number for one in stage.sources)
            kept.append(stage)
    return kept[::-1]


def fused(stages: Iterable[Stage], results: Iterable[int]) -> list[Stage]:
    """The same layers, as few as they can be; `results` are the numbers of tensors that must be there."""
    return _fused([alone(stage) for stage in _fused(stages, results)], results)


def _fused(stages: Iterable[Stage], results: Iterable[int]) -> list[Stage]:
    waiting = list(stages)
    readers = Counter(one.number for stage in waiting for one in stage.sources)
    readers.update(results)
    made: dict[int, Stage] = {}  # by the number of the tensor that a layer puts out, in order
    for stage in waiting:
        before = made.get(stage.sources[0].number) if len(stage.sources) == 1 else None
        joined = _joined(before, stage) if before and readers[before.output.number] == 1 else None
        if before and joined:
            del made[before.output.number]
        made[stage.output.number] = joined or stage
    return list(made.values())


def _joined(before: Stage, stage: Stage) -> Stage | None:
    """Both as one layer, under the name of the first; None where there is none."""
    if isinstance(before.work, Unmodelled):
        return None
    if isinstance(stage.work, Product) and stage.work.scales_only and isinstance(before.work, Product):
        return _scaled(before, before.work, stage, stage.work)
    if stage.factor is None or stage.shapes[0] != before.output.shape:
        return None
    if stage.is_copy():
        return _followed(before, stage)
    return _summed(before, before.work, stage, stage.factor) if isinstance(before.work, Combination) else None


def _scaled(before: Stage, work: Product, stage: Stage, scale: Product) -> Stage | None:
    """`before` with the gains and shifts of `stage` in its requantisation."""
    if before.activation or before.pool or before.out[0] != stage.out[0]:
        return None
    assert scale.affine is not None
    whole = attrs.evolve(work, affine=scale.affine.after(work.affine))
    return _ending(attrs.evolve(before, work=whole), stage, stage.activation, stage.pool)


def _summed(before: Stage, work: Combination, stage: Stage, factor: float) -> Stage | None:
    """A sum `before` with its operands multiplied by the factor of `stage`; None where it is no sum."""
    if work.op != "add" or before.activation or before.pool:
        return None
    whole = attrs.evolve(work, factors=tuple(factor * one for one in work.factors))
    return _ending(attrs.evolve(before, work=whole), stage, stage.activation, stage.pool)


def _followed(before: Stage, copy: Stage) -> Stage | None:
    """`before` with the activation and pooling of `copy`."""
    if copy.activation and before.pool and (before.pool.kind == "average" or not copy.activation.monotone):
        return None
    if copy.pool and before.pool:
        return None
    activation = _composed(before.activation, copy.activation)
    if copy.activation and before.activation and activation is None:
        return None
    return _ending(before, copy, activation, copy.pool or before.pool)


def _composed(first: Activation | None, then: Activation | None) -> Activation | None:
    """Both in a row; None where there is none, or where they cannot be one."""
    return first.then(then) if first and then else first or then


def _ending(before: Stage, last: Stage, activation: Activation | None, pool: Pool | None) -> Stage:
    """`before` with that activation and pooling; it puts out what `last` did, as it lies."""
    output = attrs.evolve(last.output, shape=(before.out[0], *pool.out) if pool else before.out)
    return attrs.evolve(before, output=output, activation=activation, pool=pool)
