"""A YAML file of numbers, read so that every fault names its file, line and key. Nothing is executed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ..core import BadInput

Built = TypeVar("Built")
KINDS: dict[type, str] = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}


def load(path: Path) -> CommentedMap:
    """The keys and values in the YAML file at `path`; BadInput where it holds none."""
    try:
        data = YAML(typ="rt", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", file=str(path)) from None
    except UnicodeDecodeError:
        raise BadInput("is not text in UTF-8", file=str(path)) from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise BadInput(f"YAML: {error.problem}", file=str(path), line=line) from None
    except YAMLError as error:
        raise BadInput(f"YAML: {str(error).splitlines()[0]}", file=str(path)) from None
    if not isinstance(data, CommentedMap):
        raise BadInput("must hold `key: value` lines", file=str(path))
    return data


class Node:
    """A mapping of a YAML file: takes values of the right kind out of it, or says what is wrong where."""

    def __init__(self, data: CommentedMap, file: str, path: str = "", line: int | None = None) -> None:
        self.data = data
        self.file = file
        self._path = path
        self._line = line

    def fault(self, message: str, key: Any = None, **more: Any) -> BadInput:
        """A BadInput at `key`, or at the mapping itself."""
        path = ".".join(part for part in (self._path, "" if key is None else str(key)) if part)
        return BadInput(message, file=self.file, line=self._line_of(key), key=path or None, **more)

    def only(self, *keys: str) -> None:
        """Refuse every key that is not one of `keys`."""
        for key in self.data:
            if key not in keys:
                raise self.fault("unknown key", key, given=str(key), allowed=keys)

    def take(self, key: str, kind: type) -> Any:
        """The value of `key`, which must be there and of `kind`."""
        if key not in self.data:
            raise self.fault("is missing", key)
        value = self.data[key]
        fits = isinstance(value, (int, float) if kind is float else kind)
        if not fits or isinstance(value, bool) is not (kind is bool):
            raise self.fault(f"must be {KINDS[kind]}, not {value!r}", key)
        return kind(value)

    def section(self, key: str) -> Node:
        """The mapping under `key`."""
        if key not in self.data:
            raise self.fault("is missing", key)
        value = self.data[key]
        if not isinstance(value, CommentedMap):
            raise self.fault("must hold keys and values", key)
        return Node(value, self.file, key, self._line_of(key))

    def build(self, make: Callable[..., Built], **values: Any) -> Built:
        """`make(**values)`; a ValueError whose text begins with a key becomes a fault there."""
        try:
            return make(**values)
        except ValueError as error:
            message = str(error.args[0])
            key = message.split(" ", 1)[0].strip("'")
            raise self.fault(message, key if key in self.data else None) from None

    def _line_of(self, key: Any) -> int | None:
        return int(self.data.lc.key(key)[0]) + 1 if key in self.data else self._line
