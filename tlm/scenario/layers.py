"""A scenario's layers: the file it extends, short forms, `--set` options, the preset underneath."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from tlm.accelerators.preset import preset_document
from tlm.inputs.errors import BadInput, cut, shown
from tlm.inputs.located import YAML_FILES, Located, Place, located, parse, read
from tlm.inputs.usercode import absolute, is_user_code
from tlm.workload.spec import BOUND, KINDS

from .files import find_file, scenario_file

#: `accelerator: dstripes` is short for `accelerator: {preset: dstripes}`, and so on.
SHORT_FORMS = {"accelerator": "preset", "memory": "standard", "compression": "codec"}

#: The keys that mean something beside some kind of workload.
_KEYS = {key for keys in KINDS.values() for key in keys}


def layered(file: Path, sets: Iterable[str]) -> tuple[Located, tuple[Path, ...]]:
    """What `file` says over what it extends, changed by `sets` ("a.b=v") in order; short forms expanded.

    And the files that say it, `file` first.
    """
    tree, files = _extended(file, ())
    for option in sets:
        apply(tree, option)
    return tree, files


def over_preset(tree: Located) -> Located:
    """`tree` with its accelerator, placed at its preset, laid over that; a rule set to null is none.

    BadInput where the preset is missing or cannot be read.
    """
    accelerator = tree.get("accelerator")
    if not isinstance(accelerator, Located):
        return tree
    place = tree.place_of(("accelerator", "preset"))
    base = preset_document(accelerator.get("preset"), place.folder, find_file)
    complete = accelerator.over(base)
    complete.put("preset", base["preset"], place)
    complete.place = base.place
    rules = complete.get("rules")
    if isinstance(rules, Located):
        drop(rules, [kind for kind, rule in rules.items() if rule is None])
    return _with(tree, "accelerator", complete)


def with_file_found(tree: Located, path: tuple[str, ...]) -> Located:
    """`tree` with a YAML file, where the key `path` names one by its path, found as presets are, wherever it lies."""

    def found(name: str, folder: Path | None) -> str:
        return str(find_file(name, folder).resolve()) if name.endswith(YAML_FILES) or "/" in name else name

    return _with_text(tree, path, found)


def with_code_found(tree: Located, path: tuple[str, ...]) -> Located:
    """The same for a user's own code."""

    def found(name: str, folder: Path | None) -> str:
        return absolute(name, lambda file: find_file(file, folder)) if is_user_code(name) else name

    return _with_text(tree, path, found)


def _with_text(tree: Located, path: tuple[str, ...], found: Callable[[str, Path | None], str]) -> Located:
    """`tree` with the text at `path`, if there is one, changed as `found` does, which gets its folder too."""
    key, *inner = path
    value = tree.get(key)
    if inner and isinstance(value, Located):
        return _with(tree, key, _with_text(value, tuple(inner), found))
    return tree if inner or not isinstance(value, str) else _with(tree, key, found(value, tree.places[key].folder))


def _with(tree: Located, key: str, value: Any) -> Located:
    changed = tree.over({})
    changed.put(key, value, tree.places[key])
    return changed


def _extended(file: Path, earlier: tuple[Path, ...]) -> tuple[Located, tuple[Path, ...]]:
    """The tree of `file`, which the last of `earlier` extends, and all the files so far."""
    chain = (*earlier, file)
    tree = read(file)
    expand(tree)
    name, place = tree.get("extends"), tree.place_of(("extends",))
    drop(tree, ["extends"])
    if name is None:
        return tree, chain
    try:
        base, files = _extended(_base_file(name, place, chain), chain)
    except BadInput as error:
        raise located(error, ("extends",), place) from None
    own, below = tree.get("workload"), base.get("workload")
    if isinstance(own, Located) and isinstance(below, Located):
        choose_kinds(own, below)
    return tree.over(base), files


def _base_file(name: Any, place: Place, chain: tuple[Path, ...]) -> Path:
    if not isinstance(name, str):
        raise BadInput(f"expected the name of a scenario, not {shown(name)}")
    file = scenario_file(name, place.folder)
    if any(file.samefile(earlier) for earlier in chain):
        raise BadInput("goes in a circle: " + " extends ".join(map(str, [*chain, file])))
    return file


def apply(tree: Located, change: str, option: str | None = None) -> None:
    """Replace the whole value at a.b by v, for the change "a.b=v"; `option` asked for it, None: a --set of its own."""
    place = Place(option or f"--set {cut(change)}")
    key, equals, text = change.partition("=")
    path = tuple(part.strip() for part in key.split("."))
    if not equals or not all(path):
        raise BadInput("write KEY=VALUE, such as memory.channels=4", file=place.file)
    if path[0] == "extends":
        raise BadInput("cannot be set: write it in the scenario file", file=place.file, key=path[0])
    try:
        target = _target(tree, path, place)
    except BadInput as error:
        raise located(error, path, place) from None
    value = parse(text, place)
    if path[-2:-1] == ("workload",) and path[-1] in KINDS and value is not None:
        _make_way(target, path[-1], value)
    target.put(path[-1], value, place)
    expand(tree)
    expand(target)


def _target(tree: Located, path: tuple[str, ...], place: Place) -> Located:
    """The mapping that `path`'s last key is set in; those that are not there yet are made."""
    target: Located | list[Any] = tree
    for depth, part in enumerate(path[:-1], start=1):
        if isinstance(target, list):
            target = _entry_of(target, part)
            continue
        if target.get(part) is None:
            target.put(part, Located(place), place)
        inner = target[part]
        if not isinstance(inner, (Located, list)):
            raise BadInput(f"{'.'.join(path[:depth])} is {shown(inner)} and has no keys")
        target = inner
    if isinstance(target, list):
        _entry_of(target, path[-1])
        raise BadInput(f"set a key of it, such as {'.'.join(path)}.preset")
    return target


def _entry_of(listed: list[Any], name: str) -> Located:
    """The entry of that name; BadInput offers the names there are."""
    items = [item for item in listed if isinstance(item, Located)]
    for item in items:
        if item.get("name") == name:
            return item
    known = [str(item["name"]) for item in items if "name" in item]
    raise BadInput("is a list: say whose key it is, accelerator.NAME.KEY", given=name, allowed=known)


def expand(tree: Located) -> None:
    """Write the short forms out, in place."""
    for part, key in SHORT_FORMS.items():
        value = tree.get(part)
        if isinstance(value, list):
            for item in value:
                if isinstance(item, Located):
                    expand(item)
        if isinstance(value, str):
            place = tree.places[part]
            mapping = Located(place)
            mapping.put(key, value, place)
            tree.put(part, mapping, place)


def choose_kinds(workload: Located, below: Located) -> None:
    """Where `workload` chooses a kind, the one of `below`, over which it is laid, goes with what belongs to that."""
    for kind in KINDS:
        if workload.get(kind) is not None:
            if workload.places[kind].line is None:
                _make_way(below, kind, workload[kind])
            drop(below, {*KINDS, *_KEYS} - {kind, *KINDS[kind]})


def _make_way(workload: Located, kind: str, value: Any) -> None:
    """What goes where a --set gives `kind` this value: the other kinds, and keys that files wrote for one of these.

    What a --set has given stays, before this one or behind it: it is this workload's, or told to mean nothing there.
    """
    before = [workload[one] for one in KINDS if workload.get(one) is not None]
    others = _KEYS - set(KINDS[kind]) | (set() if before in ([], [value]) else BOUND)
    drop(workload, [key for key in others if key in workload and workload.places[key].line is not None])
    drop(workload, KINDS.keys() - {kind})


def drop(tree: Located, keys: Iterable[str]) -> None:
    """Take `keys`, those that are there, out of `tree`."""
    for key in keys:
        tree.pop(key, None)
        tree.places.pop(key, None)
