"""Libraries that only some commands need: the extra that brings one, told where it is missing."""

from __future__ import annotations

from importlib.util import find_spec

from .errors import BadInput


def needs(extra: str, *modules: str, key: str | None = None) -> None:
    """BadInput, at `key`, where one of `modules` is not installed: it names pyproject.toml's extra that brings it.

    `modules` are top-level names, as they are imported; nothing is imported here.
    """
    for module in modules:
        if find_spec(module) is None:
            raise BadInput(f"needs {module}: install the extra, pip install 'tlm[{extra}]'", key=key)
