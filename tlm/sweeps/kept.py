"""What a store holds, read without a sweep file and without writing to it."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tlm.inputs.errors import BadInput, shown

from .outcome import Outcome
from .points import Point
from .store import APPLICATION, LIGHT, SCHEMA
from .told import NUMBERS, Told, told


def kept(file: Path, by: Sequence[str] = ()) -> Told:
    """The points of the store `file` that are in its sweep, with the front of the measures `by`.

    BadInput where it is no store, or cannot be read.
    """
    try:
        with closing(sqlite3.connect(f"{file.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            _check(connection, file)
            rows = connection.execute(
                f"SELECT number, key, settings, {', '.join(LIGHT)} FROM points WHERE number IS NOT NULL ORDER BY number"
            ).fetchall()
    except sqlite3.Error as error:
        raise BadInput(f"cannot be read as a store: {error}", file=str(file)) from None
    for row in rows:
        _check_row(dict(zip(("number", "key", "settings", *LIGHT), row, strict=True)), file)
    points = [Point(number, key, _settings(text, file)) for number, key, text, *_ in rows]
    known = {key: Outcome(**dict(zip(LIGHT, values, strict=True))) for _, key, _, *values in rows}
    keys = dict.fromkeys(key for point in points for key in point.settings)
    return told(list(keys), points, known, by)


def _check(connection: sqlite3.Connection, file: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
        raise BadInput("is no store of a sweep", file=str(file))
    if connection.execute("PRAGMA user_version").fetchone()[0] != SCHEMA:
        raise BadInput("is a store of another version of this program", file=str(file))


def _check_row(row: dict[str, Any], file: Path) -> None:
    """sqlite takes any value in any column."""
    for name, value in row.items():
        if not _fits(name, value):
            raise BadInput(f"not {shown(value)}", file=str(file), key=f"point {row['number']}: {name}")


def _fits(name: str, value: Any) -> bool:
    if name in NUMBERS:
        return value is None or (isinstance(value, (int, float)) and math.isfinite(value))
    if name == "number":
        return isinstance(value, int)
    return isinstance(value, str) or (name == "message" and value is None)


def _settings(text: Any, file: Path) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise BadInput("a point's settings are no mapping", file=str(file), key="settings")
    return found
