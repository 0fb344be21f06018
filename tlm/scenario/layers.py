"""A scenario's layers: the file it extends, short forms, `--set` options, the preset underneath."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tlm.accelerators.preset import preset_file, preset_names
from tlm.core.errors import BadInput
from tlm.core.located import Located, Place, located, parse, read
from tlm.workload.spec import KINDS

from .files import find_file, scenario_file

#: `accelerator: dstripes` is short for `accelerator: {preset: dstripes}`, and so on.
SHORT_FORMS = {"accelerator": "preset", "memory": "standard", "compression": "codec"}
YAML_FILES = (".yaml", ".yml")


def layered(file: Path, sets: Iterable[str]) -> tuple[Located, tuple[Path, ...]]:
    """What `file` says over what it extends, changed by `sets` ("a.b=v") in order; short forms expanded.

    And the files that say it, `file` first.
    """
    tree, files = _extended(file, ())
    for option in sets:
        _apply(tree, option)
    return tree, files


def over_preset(tree: Located) -> Located:
    """`tree` with its accelerator, placed at its preset, laid over that; a rule set to null is none.

    BadInput where the preset is missing or cannot be read.
    """
    accelerator = tree.get("accelerator")
    if not isinstance(accelerator, Located):
        return tree
    path = ("accelerator", "preset")
    place = tree.place_of(path)
    try:
        base = _preset(accelerator.get("preset"), place)
    except BadInput as error:
        raise located(error, path, place) from None
    complete = accelerator.over(base)
    complete.place = base.place
    rules = complete.get("rules")
    if isinstance(rules, Located):
        _drop(rules, [kind for kind, rule in rules.items() if rule is None])
    return _with(tree, "accelerator", complete)


def with_standard_found(tree: Located) -> Located:
    """`tree` with a memory standard that is named by its path found, as presets are, wherever it lies."""
    memory = tree.get("memory")
    name = memory.get("standard") if isinstance(memory, Located) else None
    if not isinstance(memory, Located) or not isinstance(name, str) or not name.endswith(YAML_FILES):
        return tree
    path = ("memory", "standard")
    place = tree.place_of(path)
    try:
        file = find_file(name, place.folder)
    except BadInput as error:
        raise located(error, path, place) from None
    found = memory.over({})
    found.put("standard", str(file.resolve()), place)
    return _with(tree, "memory", found)


def _with(tree: Located, key: str, value: Located) -> Located:
    changed = tree.over({})
    changed.put(key, value, tree.places[key])
    return changed


def _preset(name: Any, place: Place) -> Located:
    if not isinstance(name, str):
        problem = "is missing" if name is None else f"expected text, not {name!r}"
        raise BadInput(problem, allowed=preset_names())
    return read(find_file(name, place.folder) if name.endswith(YAML_FILES) else preset_file(name))


def _extended(file: Path, earlier: tuple[Path, ...]) -> tuple[Located, tuple[Path, ...]]:
    """The tree of `file`, which the last of `earlier` extends, and all the files so far."""
    chain = (*earlier, file)
    tree = read(file)
    _expand(tree)
    name, place = tree.get("extends"), tree.place_of(("extends",))
    _drop(tree, ["extends"])
    if name is None:
        return tree, chain
    try:
        base, files = _extended(_base_file(name, place, chain), chain)
    except BadInput as error:
        raise located(error, ("extends",), place) from None
    _choose_kinds(tree, base)
    return tree.over(base), files


def _base_file(name: Any, place: Place, chain: tuple[Path, ...]) -> Path:
    if not isinstance(name, str):
        raise BadInput(f"expected the name of a scenario, not {name!r}")
    file = scenario_file(name, place.folder)
    if any(file.samefile(earlier) for earlier in chain):
        raise BadInput("goes in a circle: " + " extends ".join(map(str, [*chain, file])))
    return file


def _apply(tree: Located, option: str) -> None:
    """Replace the whole value at a.b by v, for the option "a.b=v"."""
    place = Place(f"--set {option}")
    key, equals, text = option.partition("=")
    path = tuple(key.strip().split("."))
    if not equals or not all(path):
        raise BadInput("write KEY=VALUE, such as memory.channels=4", file=place.file)
    if path[0] == "extends":
        raise BadInput("cannot be set: write it in the scenario file", file=place.file, key=key)
    target = tree
    for depth, part in enumerate(path[:-1], start=1):
        if target.get(part) is None:
            target.put(part, Located(place), place)
        target = target[part]
        if not isinstance(target, Located):
            given = ".".join(path[:depth])
            raise BadInput(f"{given} is {target!r} and has no keys", file=place.file, key=key)
    target.put(path[-1], parse(text, place), place)
    _expand(tree)
    if path[0] == "workload" and len(path) == 2 and path[1] in KINDS and target[path[1]] is not None:
        _choose(target, path[1])


def _expand(tree: Located) -> None:
    for part, key in SHORT_FORMS.items():
        value = tree.get(part)
        if isinstance(value, str):
            place = tree.places[part]
            mapping = Located(place)
            mapping.put(key, value, place)
            tree.put(part, mapping, place)


def _choose_kinds(tree: Located, base: Located) -> None:
    """Where `tree` chooses a kind of workload, `base`'s own goes, with what only belongs to that."""
    workload, below = tree.get("workload"), base.get("workload")
    if isinstance(workload, Located) and isinstance(below, Located):
        for kind in KINDS:
            if workload.get(kind) is not None:
                _choose(below, kind)


def _choose(workload: Located, kind: str) -> None:
    known = {key for other, keys in KINDS.items() for key in (other, *keys)}
    _drop(workload, known - {kind, *KINDS[kind]})


def _drop(tree: Located, keys: Iterable[str]) -> None:
    for key in keys:
        tree.pop(key, None)
        tree.places.pop(key, None)
