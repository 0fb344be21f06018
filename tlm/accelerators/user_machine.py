"""A user's own machine: an object whose public attributes are a preset's keys, as the document that a file would be.

A class is natural, a mapping or any other object will do. `rules` may hold cycle rules themselves beside names of
them, and a function that is named by a kind of layer is the rule for it. Values are read as they stand; rules become
names that load them again.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

import attrs
import numpy as np

from tlm.inputs.errors import BadInput
from tlm.inputs.located import Faults, Located, Place, located
from tlm.inputs.structure import known_keys
from tlm.inputs.usercode import UserCode, load
from tlm.workload.layer import Ruled

from .rules import Rule
from .spec import AcceleratorSpec

KINDS = get_args(Ruled)
KEYS = ["extends", *(key for key in known_keys(AcceleratorSpec) if key != "preset"), *KINDS]


def machine_document(name: str) -> Located:
    """The document of the machine `name`, its file absolute; BadInput for what cannot be one."""
    code = load(name, "accelerator.preset", what="machine")
    with code.running(f"reading {code.shown}"):
        values = dict(_attributes(code))
    lines = _Lines.of(code)
    faults = [located(fault, (word,), lines.place(word)) for word in values for fault in _faults(word, values)]
    if faults:
        raise Faults(faults)
    document = Located(lines.place())
    for word, value in _with_rules(values, name).items():
        document.put(word, _plain(value, lines.place(word)), lines.place(word))
    return document


def _attributes(code: UserCode) -> Iterator[tuple[str, Any]]:
    """The public attributes of an object, those it inherits too, or the items of a mapping."""
    machine = code.value
    if isinstance(machine, Mapping):
        yield from ((str(word), value) for word, value in machine.items())
    elif inspect.isclass(machine) or type(machine).__module__ != "builtins":
        yield from ((word, getattr(machine, word)) for word in dir(machine) if not word.startswith("_"))
    else:
        kind = type(machine).__name__
        raise code.fault(
            f"{code.shown} is no machine but of type {kind}: write a class with a preset's keys as attributes"
        )


def _faults(word: str, values: Mapping[str, Any]) -> Iterator[BadInput]:
    """An attribute that is no key of a machine, and a rule that is there twice."""
    if word not in KEYS:
        hint = "; a helper's name begins with _" if inspect.isroutine(values[word]) else ""
        yield BadInput(f"unknown attribute of a machine{hint}", given=word, allowed=KEYS)
    rules = values.get("rules", {})
    if word in KINDS and not isinstance(rules, Mapping):
        yield BadInput("is a rule, and `rules` is no mapping")
    elif word in KINDS and word in rules:
        yield BadInput("is a rule, and `rules` has another for this kind of layer")


def _with_rules(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The attributes of the machine `name` with its rules in one mapping, each by a name that loads it again."""
    rules = values.get("rules", {})
    if not isinstance(rules, Mapping):
        return dict(values)
    named = {kind: _rule(rule, f"{name}.rules.{kind}") for kind, rule in rules.items()}
    named |= {kind: _rule(values[kind], f"{name}.{kind}") for kind in KINDS if kind in values}
    plain = {word: value for word, value in values.items() if word not in KINDS}
    return {**plain, "rules": named} if named else plain


def _rule(value: Any, name: str) -> Any:
    """A rule by its name; what is none, as it is."""
    return name if isinstance(value, Rule) or callable(value) else value


def _plain(value: Any, place: Place) -> Any:
    """A value as YAML would give it."""
    if isinstance(value, Mapping):
        inner = Located(place)
        for key, part in value.items():
            inner.put(str(key), _plain(part, place), place)
        return inner
    return value.item() if isinstance(value, np.generic) else value


@attrs.frozen
class _Lines:
    """Where a machine is written: its file, its own line and those of its attributes."""

    file: str
    line: int | None
    of_words: dict[str, int]

    @classmethod
    def of(cls, code: UserCode) -> _Lines:
        """As the module's source has them; what is not written there, what is inherited say, is at the machine's."""
        file = getattr(code.module, "__file__", None)
        if not file or not file.endswith(".py"):
            return cls(code.shown, None, {})
        line, body = 1, ast.parse(Path(file).read_bytes()).body
        for part in code.name.rpartition(":")[2].split("."):
            node = next((node for node in body if part in _written(node)), None)
            if node is None:
                return cls(file, line, {})
            line, body = node.lineno, getattr(node, "body", [])
        return cls(file, line, {word: node.lineno for node in body for word in _written(node)})

    def place(self, word: str = "") -> Place:
        """Where an attribute is written."""
        return Place(self.file, self.of_words.get(word, self.line))


def _written(node: ast.stmt) -> list[str]:
    """The names that a statement defines."""
    if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]
