"""The store: what is kept, what is refused, and what a point in it comes back as."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import attrs
import pytest

from tlm.inputs.errors import BadInput
from tlm.sweeps.outcome import DONE, Outcome
from tlm.sweeps.points import Point
from tlm.sweeps.store import COLUMNS, OUTCOME, Store

FILE = Path("a.sqlite")
POINTS = [Point(number, f"key{number}", {"memory.channels": number}) for number in (1, 2, 3)]
GOOD = Outcome(DONE, None, 7, 8, 0.5, None, 9, 2.5, 0.25, b"x")


def numbers() -> list[tuple[str, int | None]]:
    with sqlite3.connect(FILE) as connection:
        found = connection.execute("SELECT key, number FROM points ORDER BY key").fetchall()
    connection.close()
    return found


def test_what_is_added_is_there_for_the_next(folder: Path) -> None:
    with Store(FILE) as store:
        store.add(POINTS[0], GOOD)
        store.add(POINTS[1], Outcome("deadlock", "why"))
    with Store(FILE) as store:
        assert store.outcomes() == {"key1": attrs.evolve(GOOD, result=None), "key2": Outcome("deadlock", "why")}


def test_a_point_that_is_added_again_takes_its_own_place(folder: Path) -> None:
    with Store(FILE) as store:
        store.add(POINTS[0], Outcome("died", "why"))
        store.add(POINTS[0], GOOD)
        assert store.outcomes() == {"key1": attrs.evolve(GOOD, result=None)}


def test_points_of_an_earlier_sweep_stay_without_a_number(folder: Path) -> None:
    with Store(FILE) as store:
        for point in POINTS:
            store.add(point, GOOD)
        store.number([attrs.evolve(POINTS[2], number=1), attrs.evolve(POINTS[0], number=2)])
    assert numbers() == [("key1", 2), ("key2", None), ("key3", 1)]


def test_its_columns_are_those_of_an_outcome() -> None:
    assert [*COLUMNS][3:] == OUTCOME


@pytest.mark.parametrize("content", [b"no database, and longer than a header" * 9, None, b"other version"])
def test_another_file_is_refused_and_left_as_it_is(content: bytes | None, folder: Path) -> None:
    if content is None or content == b"other version":
        connection = sqlite3.connect(FILE)
        connection.execute("CREATE TABLE points (mine TEXT)")
        if content:
            connection.execute("PRAGMA application_id = 1953262963")
            connection.execute("PRAGMA user_version = 99")
        connection.commit()
        connection.close()
    else:
        FILE.write_bytes(content)
    before = FILE.read_bytes()
    with pytest.raises(BadInput, match="another version" if content == b"other version" else "store"):
        Store(FILE)
    assert FILE.read_bytes() == before
