"""Reading a scenario, and writing down what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from tlm.core.errors import BadInput
from tlm.core.located import Faults, Located, located
from tlm.core.structure import MISSING, KeyPath, hidden, structure
from tlm.core.units import written

from .files import scenario_file
from .layers import layered, over_preset, with_standard_found
from .names import LAYER_KINDS, memory_faults, name_faults, workload_faults
from .spec import Scenario


def load(name: str, sets: Sequence[str] = ()) -> Scenario:
    """The scenario in the file `name`, or shipped under that bare name, changed by `sets` ("a.b=v").

    Raises BadInput with file, line and key; where a file has several faults, with all of them, one a line.
    """
    file = scenario_file(name)
    tree, files = layered(file, sets)
    return _built(tree, file, files)


def resolved(scenario: Scenario) -> dict[str, Any]:
    """The whole scenario as a plain document, presets and defaults written out; it loads to an equal one."""
    document = attrs.asdict(scenario, filter=lambda field, _value: not hidden(field), value_serializer=_plain)
    rules = document["accelerator"]["rules"]
    # A null keeps the preset's own rule out when the document is loaded again.
    document["accelerator"]["rules"] = {kind: rules.get(kind) for kind in LAYER_KINDS}
    return document


def _plain(_spec: Any, field: attrs.Attribute[Any] | None, value: Any) -> Any:
    unit = field.metadata.get("unit") if field else None
    return written(value, unit) if unit else value


def _built(tree: Located, file: Path, files: tuple[Path, ...]) -> Scenario:
    faults: list[BadInput] = []
    told: set[str] = set()
    for key, complete in (("accelerator.preset", over_preset), ("memory.standard", with_standard_found)):
        try:
            tree = complete(tree)
        except BadInput as error:
            faults.append(error)
            told.add(key)
    scenario, found = structure(tree, Scenario, also=["extends"])
    found += [*name_faults(tree), *memory_faults(tree), *workload_faults(tree)]
    faults += [_located(fault, path, tree) for path, fault in found if not _is_told(path, fault, told)]
    if scenario is None or faults:
        raise Faults(faults)
    return attrs.evolve(scenario, source=file, tree=tree, files=(*files, *_own_files(tree)))


def _located(fault: BadInput, path: KeyPath, tree: Located) -> BadInput:
    """`fault` with its place; a key that the accelerator lacks is missing from its preset."""
    accelerator = tree.get("accelerator")
    place = tree.place_of(path)
    if fault.message == MISSING and path[:-1] == ("accelerator",) and isinstance(accelerator, Located):
        place = accelerator.place
    if place.line is None:  # an option: what a file may say that it cannot is not offered
        fault.allowed = tuple(word for word in fault.allowed if word != "extends")
    return located(fault, path, place)


def _own_files(tree: Located) -> list[Path]:
    """The preset's and the standard's, where they are named by their path."""
    named = [Path(tree["accelerator"].place.file), Path(str(tree["memory"]["standard"]))]
    return [file for file in named if file.is_file()]


def _is_told(path: KeyPath, error: BadInput, told: set[str]) -> bool:
    """Whether a fault only follows from one that is `told` by its key: no preset, so half the fields missing."""
    if "accelerator.preset" in told and path[:1] == ("accelerator",) and error.message == MISSING:
        return True
    return ".".join(path) in told
