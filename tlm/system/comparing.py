"""The same run with another accelerator, or another codec, in place of the scenario's own."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import simpy

from ..accelerators.preset import preset_names
from ..codecs import CODECS
from ..inputs.errors import BadInput
from ..inputs.located import YAML_FILES, Place, located
from ..inputs.usercode import is_user_code, load
from ..result import Comparison
from ..scenario import Scenario, varied
from ..workload.layer import Workload
from .build import System
from .run import run


def variants(scenario: Scenario, names: Iterable[str]) -> dict[str, Scenario]:
    """For each name, `scenario` with that preset or codec in all its accelerators; what is written beside those stays.

    A name may be a path, as in a scenario: a YAML file, or a user's own `my.py:Machine` or `my.py:Codec`. A codec
    takes the place of the weights' own too. Raises BadInput where there is neither.
    """
    return {name: _variant(scenario, name) for name in names}


def _variant(scenario: Scenario, name: str) -> Scenario:
    with _asked_for(name) as option:
        return varied(scenario, list(_changes(scenario, name)), option)


@contextmanager
def _asked_for(name: str) -> Iterator[str]:
    """The option that asked for the variant `name`; what is wrong with it is placed there."""
    option = f"--compare {name}"
    try:
        yield option
    except BadInput as error:
        raise located(error, (), Place(option)) from None


def check(variants: Mapping[str, Scenario], workloads: Sequence[Workload]) -> None:
    """Put every variant together, and run none: BadInput where one cannot be."""
    for name, scenario in variants.items():
        with _asked_for(name):
            System(simpy.Environment(), scenario, workloads)


def compare(variants: Mapping[str, Scenario], workloads: Sequence[Workload] | None = None) -> Iterator[Comparison]:
    """Run one after the other and tell what each comes to, in few numbers; an interrupt is the end."""
    for name, scenario in variants.items():
        result = run(scenario, workloads)
        if result.partial:
            return
        layers = [layer.cycles for layer in result.layers]
        told = (result.cycles, result.time_fs, result.energy_j, result.offchip_bytes, layers, result.notes)
        yield Comparison(name, *told)


def _changes(scenario: Scenario, name: str) -> Iterator[str]:
    kind = _kind(name)
    for one in scenario.machines:
        if kind == "preset":
            yield f"{_key(one, 'accelerator')}.preset={json.dumps(name)}"
        else:
            compression = _key(one, "compression")
            yield f"{compression}.codec={json.dumps(name)}"
            yield f"{compression}.weights=null"


def _kind(name: str) -> str:
    presets = preset_names()
    if name in presets or name.endswith(YAML_FILES):
        return "preset"
    if name in CODECS:
        return "codec"
    if is_user_code(name):
        return "codec" if hasattr(load(name, "").value, "encode") else "preset"
    message = f"there is neither an accelerator preset nor a codec {name!r}"
    raise BadInput(message, given=name, allowed=[*presets, *CODECS])


def _key(one: Scenario, part: str) -> str:
    assert one.entry is not None
    return ".".join(one.entry.shown((part,)))
