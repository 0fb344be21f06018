"""Where the data sets lie that are too large to ship, and what is said where one does not."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

VARIABLE = "TLM_DATA"
DEFAULT = "data"


class MissingData(FileNotFoundError, ValueError):
    """A data set that is not there; its text says what to put where."""


def place(name: str, path: str | Path | None = None) -> Path:
    """The folder of a data set: `path`, else `name` in the folder that `TLM_DATA` names, else in `data`."""
    return Path(path) if path is not None else Path(os.environ.get(VARIABLE) or DEFAULT) / name


def find(folder: Path, names: Sequence[str], what: str) -> Path:
    """The first of `names` that is a file in `folder`; `what` tells the data set's files, for the message."""
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise missing(folder, names[0], what)


def missing(folder: Path, name: str, what: str) -> MissingData:
    """The error that there is no `name` in `folder`, and what to put where."""
    lacking = f"{name} in {folder}" if folder.is_dir() else f"folder {folder}"
    usual = f", or name in {VARIABLE} the folder that holds {folder.name}/" if folder == place(folder.name) else ""
    return MissingData(f"there is no {lacking}: put {what} there{usual}")
