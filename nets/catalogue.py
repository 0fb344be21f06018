"""The networks there are: every file of this folder that defines `build`, found without importing any of them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
BUILD = "build"


@cache
def networks() -> dict[str, str]:
    """Each network's name and what its file says it is, in one line; `nets.NAME:build` builds it."""
    found = ((file.stem, _told(file)) for file in sorted(FOLDER.glob("*.py")))
    return {name: told for name, told in found if told is not None}


def _told(file: Path) -> str | None:
    """The first line of a network file's docstring; None where it is no network."""
    tree = ast.parse(file.read_bytes())
    if not any(isinstance(part, ast.FunctionDef) and part.name == BUILD for part in tree.body):
        return None
    return (ast.get_docstring(tree) or "").partition("\n")[0]
