"""Cycle rules: pure array functions, one file a machine; compute time with every operand on chip."""

from __future__ import annotations

from tlm.core import BadInput
from tlm.inputs.usercode import is_user_code
from tlm.workload.layer import Ruled

from ..spec import AcceleratorSpec
from . import base, column, dlac, dstripes, loom, nfu, pointwise, scnn, stripes, tartan
from .geometry import Geometry, Grid, Reduction
from .rule import Rule
from .user import user_rule

RULES = {
    "base": Rule(base.completion, grid=base.grid, columns=1),
    "stripes": Rule(stripes.completion),
    "dstripes": Rule(dstripes.completion),
    "dstripes-column": Rule(column.completion),
    "tartan": Rule(tartan.completion, kinds=("fc",), grid=tartan.grid, serial_weights=True),
    "loom-static": Rule(loom.static, serial_weights=True),
    "loom": Rule(loom.activations, serial_weights=True),
    "loom-dynamic": Rule(loom.both, serial_weights=True),
    "scnn": Rule(scnn.completion, kinds=("conv",), grid=scnn.grid, skips=True),
    "dlac": Rule(dlac.completion, kinds=("conv", "fc", "pointwise"), grid=dlac.grid, skips=True),
    "nfu": Rule(nfu.completion, grid=nfu.grid, columns=1),
    "pointwise": Rule(pointwise.completion, kinds=("pointwise",), grid=pointwise.grid),
}

KINDS: tuple[Ruled, ...] = ("conv", "fc")  # what the array of inner-product units is for

__all__ = ["RULES", "Geometry", "Grid", "Reduction", "Rule", "columns", "rule"]


def rule(name: str, kind: Ruled, key: str = "accelerator.rules") -> Rule:
    """The rule `name`, or a user's own (`my.py:skipping`), for layers of `kind`; raises BadInput where there is none.

    `key` is the scenario's that holds the rules by kind, for messages.
    """
    if is_user_code(name):
        return user_rule(name, kind, f"{key}.{kind}")
    allowed = [known for known, entry in RULES.items() if kind in entry.kinds]
    if name not in allowed:
        message = f"no cycle rule {name!r} for {kind} layers"
        raise BadInput(message, key=f"{key}.{kind}", given=name, allowed=allowed)
    return RULES[name]


def columns(spec: AcceleratorSpec) -> int:
    """Columns of a machine's grid: those of its rules, where they have a number of their own."""
    own = [rule(spec.rules[kind], kind).columns for kind in KINDS if kind in spec.rules]
    return next((number for number in own if number is not None), spec.columns)
