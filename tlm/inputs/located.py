"""YAML as plain values that remember where they were written, for errors; nothing in a file is ever executed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import attrs
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from .errors import BadInput, shown

#: What the names of YAML files end in.
YAML_FILES = (".yaml", ".yml")
PLAIN_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str", "seq", "map")}
#: Texts of which the values are kept: a sweep reads the same files for every point.
KEPT = 512
TEXT_TAGS = {f"tag:yaml.org,2002:{kind}" for kind in ("timestamp", "merge", "value")}


@attrs.frozen
class Place:
    """Where a value was written: a line of a file, or (line None) an option of the command."""

    file: str
    line: int | None = None

    @property
    def folder(self) -> Path | None:
        """The folder that relative paths written here start from; None: the working directory."""
        return None if self.line is None else Path(self.file).parent


class Located(dict[str, Any]):
    """A mapping that knows where it stands and where each of its keys was written."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self.place = place
        self.places: dict[str, Place] = {}

    def put(self, key: str, value: Any, place: Place) -> None:
        """Set `key`, written at `place`, to `value`."""
        self[key] = value
        self.places[key] = place

    def copy(self) -> Located:
        """The same in new mappings and lists, which may be changed without changing these."""
        made = Located(self.place)
        for key, value in self.items():
            made[key] = _copied(value)
        made.places = dict(self.places)
        return made

    def over(self, base: Mapping[str, Any]) -> Located:
        """A new mapping: `base` with these keys laid over it, mappings inside merged likewise."""
        merged = Located(self.place)
        for key, value in base.items():
            merged.put(key, value, base.places[key] if isinstance(base, Located) else self.place)
        for key, value in self.items():
            below = merged.get(key)
            both = isinstance(value, Located) and isinstance(below, Mapping)
            merged.put(key, value.over(below) if both else value, self.places[key])
        return merged

    def place_of(self, path: tuple[str, ...]) -> Place:
        """Where `path` was written; for a key that is not there, where the nearest one above it stands."""
        if not path or path[0] not in self:
            return self.place
        value = self[path[0]]
        inner = isinstance(value, Located) and len(path) > 1 and path[1] in value
        return value.place_of(path[1:]) if inner else self.places[path[0]]

    def texts(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
        """Every string in it with its path, inner mappings included."""
        for key, value in self.items():
            if isinstance(value, Located):
                yield from value.texts((*path, key))
            elif isinstance(value, str):
                yield (*path, key), value


def located(error: BadInput, path: tuple[str, ...], place: Place | None) -> BadInput:
    """`error`, saying the key `path` and where it was written; as it is where it names its own file."""
    if error.file:
        return error
    return BadInput(
        error.message,
        file=place.file if place else None,
        line=place.line if place else None,
        key=".".join(path) or None,
        given=error.given,
        allowed=error.allowed,
    )


class Faults(BadInput):
    """All that is wrong with what was read: told one fault a line, in the order of their lines.

    Its own file, line and key are those of the first.
    """

    def __init__(self, faults: Iterable[BadInput]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.file or "", fault.line or 0))
        first = self.faults[0]
        super().__init__(first.message, file=first.file, line=first.line, key=first.key)

    def __str__(self) -> str:
        return "\n".join(map(str, self.faults))


def read(path: Path) -> Located:
    """The YAML file at `path`, which must hold one mapping."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError:
        raise BadInput("is not text in UTF-8", file=str(path)) from None
    value = parse(text, Place(str(path), 1))
    if not isinstance(value, Located):
        found = "is empty" if value is None else "is not a mapping"
        raise BadInput(f"{found}; write `key: value` lines", file=str(path))
    return value


def parse(text: str, place: Place) -> Any:
    """The value of a YAML text that begins at `place`: Located mappings, lists and scalars, the caller's own."""
    return _copied(_parsed(text, place))


def _copied(value: Any) -> Any:
    if isinstance(value, Located):
        return value.copy()
    return [_copied(item) for item in value] if isinstance(value, list) else value


@lru_cache(KEPT)
def _parsed(text: str, place: Place) -> Any:
    """What `parse` gives copies of: the same text at the same place is the same value."""
    yaml = YAML(typ="safe", pure=True)
    try:
        node = yaml.compose(text)
        return None if node is None else _Reader(yaml.constructor, place).value(node)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = _line(place, mark.line) if mark else None
        raise BadInput(f"YAML: {error.problem or error.context}", file=place.file, line=line) from None
    except YAMLError as error:
        message = " ".join(str(error).split("\n")[0].split())
        raise BadInput(f"YAML: {message}", file=place.file) from None
    except RecursionError:
        raise BadInput("YAML: nested too deeply", file=place.file) from None


def _line(place: Place, index: int) -> int | None:
    return None if place.line is None else place.line + index


def _shown_tag(node: Node) -> str:
    return str(node.tag).replace("tag:yaml.org,2002:", "!!")


class _Reader:
    """Turns YAML nodes into values; refuses tags, aliases and keys that are not unique strings."""

    def __init__(self, constructor: Any, place: Place) -> None:
        self._constructor = constructor
        self._place = place
        self._seen: set[int] = set()

    def value(self, node: Node) -> Any:
        if id(node) in self._seen:
            raise self._fault(node, "YAML: an alias (*name) is not used here; write the value out")
        self._seen.add(id(node))
        if isinstance(node, MappingNode):
            return self._mapping(node)
        if isinstance(node, SequenceNode):
            self._check_tag(node)
            return [self.value(item) for item in node.value]
        return self._scalar(node)

    def _mapping(self, node: MappingNode) -> Located:
        self._check_tag(node)
        mapping = Located(self._at(node))
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in mapping:
                first = mapping.places[key].line
                said = "" if first is None else f", first on line {first}"
                raise self._fault(key_node, f"the key is written twice{said}", key)
            mapping.put(key, self.value(value_node), self._at(key_node))
        return mapping

    def _key(self, node: Node) -> str:
        key = self._scalar(node) if isinstance(node, ScalarNode) else None
        if not isinstance(key, str) or not key:
            raise self._fault(node, "YAML: a key must be a word")
        return key

    def _scalar(self, node: Node) -> Any:
        if str(node.tag) in TEXT_TAGS:
            return node.value
        self._check_tag(node)
        try:
            return self._constructor.construct_object(node)
        except (ValueError, LookupError):  # a number too long, or what an explicit tag says it is and it is not
            raise self._fault(node, f"YAML: {shown(node.value)} is no {_shown_tag(node)}") from None

    def _check_tag(self, node: Node) -> None:
        if str(node.tag) not in PLAIN_TAGS:
            tag = _shown_tag(node)
            why = "nothing in a file is executed" if "python" in tag else "write a plain value"
            raise self._fault(node, f"YAML: the tag {tag} is refused: {why}")

    def _at(self, node: Node) -> Place:
        return Place(self._place.file, _line(self._place, node.start_mark.line))

    def _fault(self, node: Node, message: str, key: str | None = None) -> BadInput:
        place = self._at(node)
        return BadInput(message, file=place.file, line=place.line, key=key)
