"""The source files that a user's own code stands on."""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from types import ModuleType

from .blame import is_local
from .usercode import UserCode


def sources(code: UserCode) -> tuple[Path, ...]:
    """The module's file and, as far as import statements tell, the local files it imports, sorted.

    Modules imported in other ways are not seen; data files are, where what is named has them in an attribute `files`.
    """
    with code.running():
        found = {Path(file).resolve() for file in getattr(code.value, "files", ())}
    waiting = [code.module]
    while waiting:
        module = waiting.pop()
        file = _source(module)
        if file is None or file in found or (module is not code.module and not is_local(file)):
            continue
        found.add(file)
        names = _imports(file.read_bytes(), module.__package__ or "")
        waiting += [sys.modules[name] for name in names if name in sys.modules]
    return tuple(sorted(found))


def _source(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file and file.endswith(".py") else None


@lru_cache
def _imports(source: bytes, package: str) -> tuple[str, ...]:
    """Every name that the import statements of a file in `package` may mean a module by, and the packages around it."""
    return tuple(dict.fromkeys(_named(ast.parse(source), package)))


def _named(tree: ast.AST, package: str) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    return importlib.util.resolve_name("." * node.level + (node.module or ""), package)
