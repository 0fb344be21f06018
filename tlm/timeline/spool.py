"""Sorting what does not fit into memory: sorted parts in temporary files, merged at the end."""

from __future__ import annotations

import heapq
import marshal
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

from .stream import Value
from .whole_file import unwritten

#: When, the how manieth it is, of which signal, and its value: no two agree in the first two.
Change = tuple[int, int, int, Value | str]

#: So many changes are kept in memory, a block of so many is written at once, so many files are merged into one.
KEPT, BLOCK, FILES = 100_000, 1_000, 32


class Spool:
    """Changes that come in any order of time; `merged` gives them sorted, those of one time as they came."""

    def __init__(self, kept: int = KEPT, files: int = FILES) -> None:
        self._kept = kept
        self._most = files
        self._count = 0
        self._fresh: list[Change] = []
        self._levels: list[list[IO[bytes]]] = []

    def add(self, time: int, signal: int, value: Value | str) -> None:
        """One more."""
        self._count += 1
        self._fresh.append((time, self._count, signal, value))
        if len(self._fresh) >= self._kept:
            self._fresh.sort()
            self._store(self._fresh, 0)
            self._fresh = []

    def merged(self) -> Iterator[Change]:
        """All that have come."""
        self._fresh.sort()
        return heapq.merge(*(_read(file) for level in self._levels for file in level), self._fresh)

    def close(self) -> None:
        """Give back what it takes."""
        for level in self._levels:
            _close(level)
        self._levels, self._fresh = [], []

    def _store(self, changes: Iterable[Change], level: int) -> None:
        """A file on that level; as many as may be there are one on the next, so that each change moves seldom."""
        if level == len(self._levels):
            self._levels.append([])
        files = self._levels[level]
        files.append(_written(changes))
        if len(files) == self._most:
            self._store(heapq.merge(*map(_read, files)), level + 1)
            _close(files)
            self._levels[level] = []


def _written(changes: Iterable[Change]) -> IO[bytes]:
    try:
        file = tempfile.TemporaryFile()  # noqa: SIM115
        left = iter(changes)
        while block := list(islice(left, BLOCK)):
            marshal.dump(block, file)
        file.flush()
    except OSError as error:
        raise unwritten(tempfile.gettempdir(), error) from None
    return file


def _read(file: IO[bytes]) -> Iterator[Change]:
    file.seek(0)
    while True:
        try:
            block = marshal.load(file)
        except EOFError:
            return
        yield from block


def _close(files: Iterable[IO[bytes]]) -> None:
    for file in files:
        file.close()
