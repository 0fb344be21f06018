"""Faults that only the whole scenario shows: names nobody knows, and workloads of no kind or of two."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, get_args

import attrs

from tlm.accelerators.rules import rule
from tlm.codecs import codec
from tlm.energy import EnergySpec, figures_of
from tlm.inputs.errors import BadInput
from tlm.inputs.located import Located
from tlm.inputs.structure import Fault, KeyPath, structure
from tlm.inputs.units import written
from tlm.memory.config import configured
from tlm.memory.spec import MemorySpec
from tlm.memory.standards import IdealStandard, load_standard
from tlm.workload.layer import Ruled
from tlm.workload.spec import KINDS, WorkloadSpec

LAYER_KINDS = get_args(Ruled)


def name_faults(tree: Located) -> Iterator[Fault]:
    """Every codec and rule that is named but not there, each with its key."""
    for key in ("codec", "weights"):
        yield from _fault(tree, ("compression", key), codec)
    rules = ("accelerator", "rules")
    for kind in LAYER_KINDS:
        yield from _fault(tree, (*rules, kind), partial(rule, kind=kind))
    named = _at(tree, rules)
    for kind, name in named.items() if isinstance(named, Located) else ():
        if kind not in LAYER_KINDS and isinstance(name, str):  # what is no name is told as that
            yield (*rules, kind), BadInput("unknown kind of layer", given=kind, allowed=LAYER_KINDS)


def memory_faults(tree: Located) -> Iterator[Fault]:
    """A standard that is not there, or cannot be had with these channels, widths, ...

    A memory that is not even well-formed is left to `structure`.
    """
    spec, _ = structure(tree.get("memory"), MemorySpec)
    if spec is None:
        return
    try:
        standard = load_standard(spec.standard)
        burst = standard.burst_bytes if isinstance(standard, IdealStandard) else configured(standard, spec).burst_bytes
    except BadInput as error:
        yield ("memory", error.key or "standard"), error
        return
    if spec.request < burst:
        message = f"must be at least one burst of this memory, {burst} B, not {written(spec.request, 'B')!r}"
        yield ("memory", "request"), BadInput(message)
    if spec.mapping == "":
        yield ("memory", "mapping"), BadInput("is empty; leave it out for the standard's own")


def energy_faults(tree: Located) -> Iterator[Fault]:
    """An energy table that is not there or cannot be read, and an array that it does not have."""
    path = ("accelerator", "energy")
    spec, _ = structure(_at(tree, path), EnergySpec)
    if spec is not None:
        try:
            figures_of(spec)
        except BadInput as error:
            yield (*path, error.key or "table"), error


def workload_faults(tree: Located) -> Iterator[Fault]:
    """A workload without exactly one kind, and keys that mean nothing beside its kind."""
    workload = tree.get("workload")
    if not isinstance(workload, Located):
        return
    kinds = [kind for kind in KINDS if workload.get(kind) is not None]
    if len(kinds) != 1:
        given = f"not {' and '.join(kinds)}" if kinds else "not none"
        yield ("workload",), BadInput(f"needs exactly one of {', '.join(KINDS)}, {given}")
        return
    allowed = (kinds[0], *KINDS[kinds[0]])
    for field in attrs.fields(WorkloadSpec):
        if field.name not in allowed and workload.get(field.name) not in (None, field.default):
            message = f"means nothing beside {kinds[0]!r}"
            yield ("workload", field.name), BadInput(message, allowed=allowed)


def _fault(tree: Located, path: KeyPath, check: Callable[[str], Any]) -> Iterator[Fault]:
    name = _at(tree, path)
    if isinstance(name, str):
        try:
            check(name)
        except BadInput as error:
            yield path, error


def _at(tree: Any, path: KeyPath) -> Any:
    for key in path:
        tree = tree.get(key) if isinstance(tree, Located) else None
    return tree
