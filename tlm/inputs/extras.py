"""Libraries that only some commands need: the extra that brings one, told where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import BadInput


def needs(extra: str, *modules: str) -> None:
    """BadInput where one of `modules` is not installed: it names the extra of pyproject.toml that brings it.

    `modules` are top-level names, as they are imported; nothing is imported here.
    """
    for module in modules:
        if find_spec(module) is None:
            raise BadInput(f"needs {module}: install the extra, pip install 'tlm[{extra}]'")
