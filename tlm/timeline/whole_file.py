"""A file that is there when it is complete, and not before."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from ..core import BadInput


class WholeFile:
    """What is written lies beside `path` until `keep` puts it there; into a device or a pipe it goes as it comes.

    Where it cannot be written BadInput says so, once; what comes then goes nowhere, and there will be no file.
    """

    def __init__(self, path: str | Path, *, text: bool = False) -> None:
        self.path = Path(path)
        self.kept = self._failed = False
        self._temporary: Path | None = None
        try:
            self._file = self._opened("w" if text else "wb", "utf-8" if text else None)
        except OSError as error:
            raise self._failure(error) from None

    def write(self, data: Any) -> None:
        """Write some more."""
        if not self._failed:
            try:
                self._file.write(data)
            except OSError as error:
                raise self._failure(error) from None

    def flush(self) -> None:
        """As files have it; all is written at the end."""

    def keep(self) -> None:
        """It is complete: put it in its place, unless something could not be written; `kept` says whether it is."""
        if self._failed:
            return
        try:
            self._file.close()
            if self._temporary is not None:
                self._temporary.chmod(0o644)
                self._temporary.replace(os.path.realpath(self.path))
            self.kept = True
        except OSError as error:
            raise self._failure(error) from None

    def drop(self) -> None:
        """Leave nothing behind but what has been put in its place."""
        with suppress(OSError):
            self._file.close()
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def _opened(self, mode: str, encoding: str | None) -> IO[Any]:
        if self.path.exists() and not self.path.is_file():
            return self.path.open(mode, encoding=encoding)
        descriptor, temporary = tempfile.mkstemp(dir=Path(os.path.realpath(self.path)).parent, prefix=".tlm-")
        self._temporary = Path(temporary)
        return os.fdopen(descriptor, mode, encoding=encoding)

    def _failure(self, error: OSError) -> BadInput:
        self._failed = True
        return unwritten(self.path, error)


def unwritten(place: str | Path, error: OSError) -> BadInput:
    """Why something cannot be written there; all of it in the message, since SimPy copies what a process raises."""
    return BadInput(f"{place}: cannot be written: {error.strerror or error}")
