"""A network's or an input's function by name, and the source files it stands on."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from ..inputs.blame import is_local
from ..inputs.errors import BadInput
from ..inputs.usercode import Find, UserCode, load


@attrs.frozen
class UserFunction:
    """A function that a scenario names, as `module:function` or `file.py:function`."""

    code: UserCode

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        """Call it; a signature that does not fit, and whatever it raises, becomes BadInput."""
        function = self.code.value
        name = getattr(function, "__name__", repr(function))
        if options:
            with self.code.running(f"{name}() with the checkpoint's options {', '.join(options)}"):
                return function(*arguments, **options)
        self.code.check_arguments(function, name, arguments)
        with self.code.running(f"{name}()"):
            return function(*arguments)

    def sources(self) -> tuple[Path, ...]:
        """The module's file and, as far as import statements tell, the local files it imports, sorted.

        Modules imported in other ways are not seen; data files are, where the function names them in an attribute
        `files`.
        """
        with self.code.running():
            found = {Path(file).resolve() for file in getattr(self.code.value, "files", ())}
        waiting = [self.code.module]
        while waiting:
            module = waiting.pop()
            file = _source(module)
            if file is None or file in found or (module is not self.code.module and not is_local(file)):
                continue
            found.add(file)
            waiting += [sys.modules[name] for name in _imports(file, module) if name in sys.modules]
        return tuple(sorted(found))


def load_function(name: str, key: str, find: Find) -> UserFunction:
    """The function that `name` names; `key` is the scenario's, for messages; `find` finds a relative file."""
    code = load(name, key, find, "function")
    if not callable(code.value):
        raise BadInput(f"{name!r} is no function but of type {type(code.value).__name__}", key=key)
    return UserFunction(code)


def _source(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file and file.endswith(".py") else None


def _imports(file: Path, module: ModuleType) -> Iterator[str]:
    """Every name that a file's import statements may mean a module by, and the packages around it."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _absolute(node: ast.ImportFrom, module: ModuleType) -> str:
    if not node.level:
        return node.module or ""
    return importlib.util.resolve_name("." * node.level + (node.module or ""), module.__package__ or "")
