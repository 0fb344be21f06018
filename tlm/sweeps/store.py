"""The store of a sweep: an sqlite file to which points are added one by one, each whole or not at all.

sqlite, for a point is one transaction: what is committed survives the death of the process at any moment, and of the
machine (write-ahead log, synchronous), where a columnar file is only whole once it is closed. Only the process that
was started writes; those that run points hand it what they found.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import attrs

from tlm.inputs.errors import BadInput

from .outcome import Outcome
from .points import Point
from .spec import Settings

#: Marks our files, and the version of what is in them.
APPLICATION, SCHEMA = 0x746C6D73, 1

COLUMNS = {
    "key": "TEXT PRIMARY KEY",
    "number": "INTEGER",
    "settings": "TEXT NOT NULL",
    "status": "TEXT NOT NULL",
    "message": "TEXT",
    "cycles": "INTEGER",
    "time_fs": "INTEGER",
    "energy_j": "REAL",
    "area_mm2": "REAL",
    "offchip_bytes": "INTEGER",
    "images_per_s": "REAL",
    "wall_s": "REAL",
    "result": "BLOB",
}
OUTCOME = [field.name for field in attrs.fields(Outcome)]
LIGHT = [name for name in OUTCOME if name != "result"]


class Store:
    """A context: the points of `file`, which is made where it is not there; BadInput where it is something else."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._told():
            self._connection = sqlite3.connect(file, isolation_level=None)
            try:
                self._open()
            except BaseException:
                self._connection.close()
                raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def number(self, points: Iterable[Point]) -> None:
        """Give the points of this sweep that are there their numbers; others, of an earlier one, lose theirs."""
        with self._told(), self._transaction():
            self._connection.execute("UPDATE points SET number = NULL")
            numbers = [(point.number, point.key) for point in points]
            self._connection.executemany("UPDATE points SET number = ? WHERE key = ?", numbers)

    def add(self, point: Point, outcome: Outcome) -> None:
        """Keep what `point` came to, in place of what it came to before."""
        row = (point.key, point.number, json.dumps(point.settings), *attrs.astuple(outcome))
        marks = ", ".join("?" * len(row))
        with self._told(), self._transaction():
            names = ", ".join(["key", "number", "settings", *OUTCOME])
            self._connection.execute(f"INSERT OR REPLACE INTO points ({names}) VALUES ({marks})", row)

    def outcomes(self) -> Mapping[str, Outcome]:
        """What every point that is there came to, by its key; without the result documents."""
        with self._told():
            rows = self._connection.execute(f"SELECT key, {', '.join(LIGHT)} FROM points").fetchall()
        return {key: Outcome(**dict(zip(LIGHT, values, strict=True))) for key, *values in rows}

    def settings(self) -> Mapping[str, Settings]:
        """What every point that is there sets, by its key, in the order of their numbers; those without one last."""
        with self._told():
            question = "SELECT key, settings FROM points ORDER BY number IS NULL, number, key"
            return {key: json.loads(settings) for key, settings in self._connection.execute(question)}

    def _open(self) -> None:
        self._connection.execute("PRAGMA busy_timeout = 60000")  # ms: another sweep may be writing
        with self._transaction():
            self._check()
            columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS points ({columns})")
            self._connection.execute(f"PRAGMA application_id = {APPLICATION}")
            self._connection.execute(f"PRAGMA user_version = {SCHEMA}")
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")

    def _check(self) -> None:
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables:
            return
        if self._pragma("application_id") != APPLICATION:
            raise BadInput("is no store of a sweep; name another file", file=str(self._file))
        if self._pragma("user_version") != SCHEMA:
            raise BadInput("is a store of another version of this program; name another file", file=str(self._file))

    def _pragma(self, name: str) -> int:
        found: int = self._connection.execute(f"PRAGMA {name}").fetchone()[0]
        return found

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What sqlite cannot do with the file, as BadInput."""
        try:
            yield
        except sqlite3.Error as error:
            raise BadInput(f"cannot be used as a store: {error}", file=str(self._file)) from None
