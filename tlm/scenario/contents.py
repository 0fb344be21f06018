"""What the files say that a scenario only names: what a run comes to depends on it as on the scenario itself."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import attrs

from tlm.energy.table import TABLES
from tlm.inputs.shelf import Shelf
from tlm.inputs.sources import sources
from tlm.inputs.usercode import is_user_code, load
from tlm.memory.onchip_macros import load_macro
from tlm.memory.standards import STANDARDS

from .captured import cached_of
from .files import DISTRIBUTION
from .spec import Scenario

#: A digest of what a name stands for, by what names it: files of the same names and contents have the same.
Digests = dict[str, str]


@attrs.frozen
class Contents:
    """The digests of one moment: what several scenarios name is looked at once."""

    _found: dict[tuple[str, ...], str] = attrs.field(factory=dict, init=False, repr=False)

    def of(self, scenario: Scenario) -> Digests:
        """A digest for each key of the scenario under which a file is named; the workloads are captured for theirs.

        Raises whatever keeps a workload from being captured.
        """
        return {
            f"{one.name}.{key}" if one.name else key: self._once((key, *names), make)
            for one in scenario.machines
            for key, names, make in _named(one)
        }

    def _once(self, what: tuple[str, ...], make: Callable[[], str]) -> str:
        if what not in self._found:
            self._found[what] = make()
        return self._found[what]


#: A key, what is named there, and what digests that.
Named = tuple[str, tuple[str, ...], Callable[[], str]]


def _named(scenario: Scenario) -> Iterator[Named]:
    """What one accelerator's scenario names; the preset's own numbers are the scenario's already."""
    machine, compression = scenario.accelerator, scenario.compression
    yield "workload", _workload_names(scenario), partial(_of_workload, scenario)
    standard = scenario.memory.standard
    yield "memory.standard", (standard,), partial(_of_shelf, STANDARDS, standard)
    if machine.energy is not None:
        table = machine.energy.table
        yield "accelerator.energy.table", (table,), partial(_of_shelf, TABLES, table)
    for key in ("activation_memory", "weight_memory"):
        technology = getattr(machine, key).technology
        yield f"accelerator.{key}.technology", (technology,), partial(_of_macro, technology)
    yield from _named_code("accelerator.preset", machine.preset)
    for kind, rule in machine.rules.items():
        yield from _named_code(f"accelerator.rules.{kind}", rule)
    yield from _named_code("compression.codec", compression.codec)
    yield from _named_code("compression.weights", compression.weights)


def _named_code(key: str, name: str | None) -> Iterator[Named]:
    if name is not None and is_user_code(name):
        yield key, (name,), partial(_of_code, name, key)


def _workload_names(scenario: Scenario) -> tuple[str, ...]:
    """The workload as it is written, and the folders from which its names are looked for."""
    tree = scenario.entry.tree["workload"] if scenario.entry else None
    places = {} if tree is None else tree.places
    return (repr(scenario.workload), *(f"{key} {place.folder}" for key, place in places.items()))


def _of_workload(scenario: Scenario) -> str:
    return _of_files(cached_of(scenario).depends)


def _of_shelf(shelf: Shelf, name: str) -> str:
    return _of_text(shelf.document(shelf.file(name)))


def _of_macro(technology: str) -> str:
    return _of_text(load_macro(technology))


def _of_code(name: str, key: str) -> str:
    """Of the files that a user's own code stands on; this program's own, which it may import, has a version."""
    files = [file for file in sources(load(name, key)) if not file.is_relative_to(DISTRIBUTION / "tlm")]
    return _of_files({str(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in files})


def _of_files(digests: Mapping[str, str]) -> str:
    """The same wherever the files lie."""
    return _of_text(sorted((Path(file).name, digest) for file, digest in digests.items()))


def _of_text(value: object) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()
