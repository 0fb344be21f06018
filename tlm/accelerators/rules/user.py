"""A user's own cycle rule: what it raises or returns wrongly becomes one clear message."""

from __future__ import annotations

from typing import Any

import attrs
import numpy as np

from tlm.inputs.blame import UserFault
from tlm.inputs.usercode import UserCode, load
from tlm.workload.layer import Layer, Ruled

from ..spec import AcceleratorSpec
from .geometry import Geometry, Grid, Int64s
from .rule import Rule

NEST = ("group", "window set", "filter set", "step")
ARGUMENTS = ("layer", "image", "spec")


def user_rule(name: str, kind: Ruled, key: str) -> Rule:
    """The rule that `name` names, a function or a `Rule`, its answers checked; BadInput where it is none."""
    code = load(name, key, what="cycle rule")
    own = code.value if isinstance(code.value, Rule) else Rule(code.value)
    if isinstance(code.value, type) or not callable(own.completion):
        raise code.fault(f"{code.shown} is no cycle rule: write a function of {', '.join(ARGUMENTS)}, or a Rule")
    if kind not in own.kinds:
        raise code.fault(f"{code.shown} is no cycle rule for {kind} layers, only for {', '.join(own.kinds)}")
    code.check_arguments(own.completion, code.shown, ARGUMENTS, named=True)
    checked = _Checked(code, own)
    return attrs.evolve(own, completion=checked.completion, grid=checked.grid)


@attrs.frozen
class _Checked:
    """A rule of the user's, called so that its faults are told as such."""

    code: UserCode
    own: Rule

    def grid(self, layer: Layer, spec: AcceleratorSpec) -> Grid:
        """The rule's grid: whole numbers above 0."""
        with self.code.running(f"the grid of {self.code.shown}"):
            given: Any = self.own.grid(layer, spec)
        if not isinstance(given, Grid) or not _has_counts(given):
            raise self.code.fault(f"the grid of {self.code.shown} must be a Grid of whole numbers above 0, not {given}")
        return given

    def completion(self, layer: Layer, image: int, spec: AcceleratorSpec) -> Int64s:
        """The rule's cycles, of the shape and kind that `Completion` promises."""
        with self.code.running(f"{self.code.shown}() for layer {layer.name!r}"):
            given = np.asarray(self.own.completion(layer, image, spec))
        return self._checked(given, layer, Geometry.of(layer, self.grid(layer, spec)).shape)

    def _checked(self, given: Any, layer: Layer, shape: tuple[int, ...]) -> Int64s:
        if given.shape != shape:
            nest = ", ".join(f"{name}s" for name in NEST)
            raise self._fault(layer, f"must give cycles of shape {list(shape)} ({nest}), not {list(given.shape)}")
        if given.dtype.kind not in "iu":
            raise self._fault(layer, f"must give whole cycles, not {given.dtype}: round them up")
        cycles: Int64s = given.astype(np.int64)
        falls = np.diff(cycles.reshape(-1), prepend=0) < 0
        if falls.any():
            raise self._fault(layer, _fall(cycles, int(falls.argmax())))
        return cycles

    def _fault(self, layer: Layer, problem: str) -> UserFault:
        return self.code.fault(f"{self.code.shown}() for layer {layer.name!r} {problem}")


def _has_counts(grid: Grid) -> bool:
    sizes = (grid.tiles, grid.rows, grid.columns, grid.lanes)
    return all(type(size) is int and size > 0 for size in sizes)


def _fall(cycles: Int64s, at: int) -> str:
    """What is wrong where the cumulative cycles first fall."""
    place = ", ".join(f"{name} {i}" for name, i in zip(NEST, np.unravel_index(at, cycles.shape), strict=True))
    flat = cycles.reshape(-1)
    before = f"fall from {flat[at - 1]}" if at else "begin negative,"
    to = f"to {flat[at]}" if at else f"with {flat[at]}"
    return f"must give cycles that add up, in loop order: they {before} {to} at {place}"
