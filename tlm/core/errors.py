"""The errors a user meets: what was wrong, where, what is allowed, and the nearest match."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class BadInput(ValueError):
    """Input that cannot be used; one message that names file, line and key, and says what to do.

    Commands turn it into exit code 2. `allowed` lists what would have been accepted; where `given` is
    close to one of them, the message offers it.
    """

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        key: str | None = None,
        given: str | None = None,
        allowed: Iterable[str] = (),
    ) -> None:
        self.message = message
        self.file = file
        self.line = line
        self.key = key
        self.given = given
        self.allowed = tuple(allowed)
        super().__init__(message)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        parts = [place] if place else []
        if self.key:
            parts.append(self.key)
        text = ": ".join([*parts, self.message])
        if self.allowed:
            text += f" (allowed: {', '.join(self.allowed)})"
        match = nearest(self.given, self.allowed)
        return f"{text}; did you mean {match!r}?" if match else text


class CheckFailed(RuntimeError):
    """A run whose data are not what they must be: corrupted bytes or a wrong result. Exit code 1."""


class Deadlock(RuntimeError):
    """A run that stopped with work left; the message says who waits for what. Exit code 1."""


class ElaborationError(RuntimeError):
    """A system that is put together wrongly: an unbound socket, a name used twice, a late module."""


def nearest(given: str | None, allowed: Iterable[str]) -> str | None:
    """The one of `allowed` most like `given`, or None where nothing comes close."""
    if given is None:
        return None
    by_lower = {word.lower(): word for word in allowed}
    found = difflib.get_close_matches(given.lower(), by_lower, n=1)
    return by_lower[found[0]] if found and by_lower[found[0]] != given else None
