"""`accelerator:` as a list: several accelerators on one memory, each with a name, and what is its own."""

from __future__ import annotations

import re
from typing import Any

import attrs

from tlm.inputs.errors import BadInput, shown
from tlm.inputs.located import Located, Place, located
from tlm.inputs.structure import KeyPath

from .layers import choose_kinds, drop

NAME = re.compile(r"[A-Za-z_][\w-]*")
RESERVED = ("memory",)  # what else stands beside the accelerators in the system
OWN = ("workload", "compression")  # what an entry may have of its own, laid over the scenario's


@attrs.frozen
class Entry:
    """One accelerator's scenario: `tree` as if it were the only one; `name` is None where it is.

    `own` are the keys that it has of its own.
    """

    name: str | None
    tree: Located
    own: tuple[str, ...] = ()

    def shown(self, path: KeyPath) -> KeyPath:
        """The key `path` of `tree` as the whole scenario has it: accelerator.left.tiles."""
        if self.name is None or not path:
            return path
        if path[0] == "accelerator":
            return ("accelerator", self.name, *path[1:])
        return ("accelerator", self.name, *path) if path[0] in self.own else path


def entries(tree: Located) -> list[Entry]:
    """The scenarios of all accelerators of `tree`; BadInput where the list or a name in it is wrong."""
    listed = tree.get("accelerator")
    if not isinstance(listed, list):
        return [Entry(None, tree)]
    place = tree.place_of(("accelerator",))
    if not listed:
        raise located(BadInput("the list is empty; it needs an entry for each accelerator"), ("accelerator",), place)
    found = [_entry(tree, item, place) for item in listed]
    names = [entry.name for entry in found]
    for number, (name, item) in enumerate(zip(names, listed, strict=True)):
        if name in names[:number]:
            error = BadInput(f"{name!r} is the name of two accelerators")
            raise located(error, ("accelerator", "name"), item.place_of(("name",)))
    return found


def _entry(tree: Located, item: Any, place: Place) -> Entry:
    if not isinstance(item, Located):
        error = BadInput(f"expected a mapping such as {{name: left, preset: dstripes}}, not {shown(item)}")
        raise located(error, ("accelerator",), place)
    name = _name(item)
    single = tree.over({})
    own = tuple(key for key in OWN if key in item)
    for key in own:
        _lay_over(single, key, item)
    accelerator = item.over({})
    drop(accelerator, ["name", *own])
    single.put("accelerator", accelerator, item.place)
    return Entry(name, single, own)


def _name(item: Located) -> str:
    name, place = item.get("name"), item.place_of(("name",))
    if isinstance(name, str) and NAME.fullmatch(name) and name not in RESERVED:
        return name
    problem = "is missing: each accelerator of a list has one"
    if name is not None:
        problem = (
            f"{shown(name)} cannot name an accelerator: write a word of letters, digits, _ and -, not {RESERVED[0]!r}"
        )
    raise located(BadInput(problem), ("accelerator", "name"), place)


def _lay_over(single: Located, key: str, item: Located) -> None:
    """The entry's own `key` over the scenario's."""
    below, own = single.get(key), item[key]
    if isinstance(own, Located) and isinstance(below, Located):
        below = below.over({})
        if key == "workload":
            choose_kinds(own, below)
        own = own.over(below)
    single.put(key, own, item.places[key])
