"""Reading a scenario, and writing down what it came to."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import attrs

from tlm.inputs.errors import BadInput
from tlm.inputs.located import Faults, Located, located
from tlm.inputs.structure import MISSING, UNKNOWN, KeyPath, hidden, structure
from tlm.inputs.units import written
from tlm.inputs.usercode import is_user_code

from .files import scenario_file
from .layers import apply, layered, over_preset, with_code_found, with_file_found
from .machines import OWN, Entry, entries
from .names import LAYER_KINDS, energy_faults, memory_faults, name_faults, workload_faults
from .spec import Scenario

#: The keys whose values may be a user's own YAML file.
FILES = (("memory", "standard"), ("accelerator", "energy", "table"))

#: The keys whose values may be a user's own code.
CODE = (
    ("compression", "codec"),
    ("compression", "weights"),
    *(("accelerator", "rules", kind) for kind in LAYER_KINDS),
)


def load(name: str, sets: Sequence[str] = ()) -> Scenario:
    """The scenario in the file `name`, or shipped under that bare name, changed by `sets` ("a.b=v").

    Raises BadInput with file, line and key; where a file has several faults, with all of them, one a line.
    """
    file = scenario_file(name)
    return _loaded(file, *layered(file, sets))


def varied(scenario: Scenario, sets: Sequence[str], option: str | Sequence[str] | None = None) -> Scenario:
    """The scenario as it is written, changed by `sets`; `option` is what asked for all, or for each, for messages.

    Raises BadInput as `load` does.
    """
    assert scenario.source is not None and scenario.written is not None
    tree = scenario.written.copy()
    options = [option] * len(sets) if option is None or isinstance(option, str) else option
    for one, asked in zip(sets, options, strict=True):
        apply(tree, one, asked)
    return _loaded(scenario.source, tree, scenario.files)


def _loaded(file: Path, tree: Located, files: tuple[Path, ...]) -> Scenario:
    found = [_built(entry, file, files) for entry in entries(tree)]
    faults = {str(fault): fault for _, own in found for fault in own}  # what they share is wrong once
    scenarios = [scenario for scenario, _ in found if scenario is not None]
    if faults:
        raise Faults(faults.values())
    return attrs.evolve(scenarios[0], others=tuple(scenarios[1:]), written=tree)


def resolved(scenario: Scenario) -> dict[str, Any]:
    """The whole scenario as a plain document, presets and defaults written out; it loads to an equal one."""
    documents = [_document(one) for one in scenario.machines]
    if scenario.name is None:
        return documents[0]
    listed = [
        {"name": one.name, **document["accelerator"], **{key: document.pop(key) for key in OWN}}
        for one, document in zip(scenario.machines, documents, strict=True)
    ]
    return {**documents[0], "accelerator": listed}


def _document(scenario: Scenario) -> dict[str, Any]:
    document = attrs.asdict(scenario, filter=lambda field, _value: not hidden(field), value_serializer=_plain)
    rules = document["accelerator"]["rules"]
    # A null keeps the preset's own rule out when the document is loaded again.
    document["accelerator"]["rules"] = {kind: rules.get(kind) for kind in LAYER_KINDS}
    return document


def _plain(_spec: Any, field: attrs.Attribute[Any] | None, value: Any) -> Any:
    unit = field.metadata.get("unit") if field else None
    return written(value, unit) if unit and value is not None else value


def _built(entry: Entry, file: Path, files: tuple[Path, ...]) -> tuple[Scenario | None, list[BadInput]]:
    """One accelerator's scenario or None, and all its faults."""
    tree = entry.tree
    faults: list[BadInput] = []
    told: set[str] = set()
    steps = [("accelerator.preset", over_preset)]
    steps += [(".".join(path), partial(with_file_found, path=path)) for path in FILES]
    steps += [(".".join(path), partial(with_code_found, path=path)) for path in CODE]
    for key, complete in steps:
        try:
            tree = complete(tree)
        except BadInput as error:
            faults.append(_located(error, tuple(key.split(".")), entry))
            told.add(key)
    entry = attrs.evolve(entry, tree=tree)
    scenario, found = structure(tree, Scenario, also=["extends"])
    found += [*name_faults(tree), *memory_faults(tree), *energy_faults(tree), *workload_faults(tree)]
    faults += [_located(fault, path, entry) for path, fault in found if not _is_told(path, fault, told)]
    if scenario is None or faults:
        return None, faults
    return attrs.evolve(scenario, source=file, entry=entry, files=(*files, *_own_files(tree))), []


def _located(fault: BadInput, path: KeyPath, entry: Entry) -> BadInput:
    """`fault` with its place; a key that the accelerator lacks is missing from its preset."""
    tree = entry.tree
    accelerator = tree.get("accelerator")
    place = tree.place_of(path)
    if fault.message == MISSING and path[:-1] == ("accelerator",) and isinstance(accelerator, Located):
        place = accelerator.place
    if place.line is None:  # an option: what a file may say that it cannot is not offered
        fault.allowed = tuple(word for word in fault.allowed if word != "extends")
    if fault.message == UNKNOWN and path[:-1] == ("accelerator",) and entry.name is not None:
        fault.allowed = ("name", *fault.allowed, *OWN)
    return located(fault, entry.shown(path), place)


def _own_files(tree: Located) -> list[Path]:
    """The preset's, those that are named by their path, and those of a user's own code."""
    named = [Path(tree["accelerator"].place.file)]
    named += [Path(text) for path, text in tree.texts() if path in FILES]
    named += [Path(text.rpartition(":")[0]) for path, text in tree.texts() if path in CODE and is_user_code(text)]
    return [file for file in named if file.is_file()]


def _is_told(path: KeyPath, error: BadInput, told: set[str]) -> bool:
    """Whether a fault only follows from one that is `told` by its key: no preset, so half the fields missing."""
    if "accelerator.preset" in told and path[:1] == ("accelerator",) and error.message == MISSING:
        return True
    return ".".join(path) in told
