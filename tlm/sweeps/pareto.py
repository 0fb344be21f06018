"""The Pareto front: the points to which no other is preferable."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)


def front(points: Mapping[Name, Sequence[float]]) -> list[Name]:
    """Those of `points` that no other dominates, in the order of what each is measured by; less is better.

    One dominates another that is nowhere less and somewhere more. In lexical order it comes before it, so that every
    point need only be held against the front so far.
    """
    found: list[Name] = []
    for name in sorted(points, key=lambda one: tuple(points[one])):
        if not any(_dominates(points[other], points[name]) for other in found):
            found.append(name)
    return found


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    return tuple(one) != tuple(other) and all(a <= b for a, b in zip(one, other, strict=True))
