"""The errors a user meets: what was wrong, where, what is allowed, and the nearest match."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: How many words a message lists, at most.
MOST_LISTED = 12

_MOST_SHOWN = 100  # characters of a value


class BadInput(ValueError):
    """Input that cannot be used; one message that names file, line and key, and says what to do.

    Commands turn it into exit code 2. `allowed` lists what would have been accepted; where `given` is
    close to one of them, the message offers it. Whatever a terminal would not print as it is, is escaped.
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
        parts = [_escaped(part) for part in (place, self.key) if part]
        text = ": ".join([*parts, _escaped(self.message, keep="\n")])
        if self.allowed:
            text += f" (allowed: {_listed(self.given, self.allowed)})"
        match = nearest(self.given, self.allowed)
        return f"{text}; did you mean {match!r}?" if match else text


def shown(value: Any) -> str:
    """A value for a message, as the user wrote it; of a long one its beginning, of a structure what it is."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (Mapping, list, tuple)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    if not isinstance(value, (int, float, str)):
        return f"an object of type {type(value).__name__}"
    return cut(repr(value))


def cut(text: str) -> str:
    """`text`, of a long one its beginning and how long it is."""
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 20]}... ({len(text)} characters)"


def first_line(error: BaseException) -> str:
    """The first line of what an exception says; its type where it says nothing."""
    return next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)


class CheckFailed(RuntimeError):
    """A run whose data are not what they must be: corrupted bytes or a wrong result. Exit code 1."""


def nearest(given: str | None, allowed: Iterable[str]) -> str | None:
    """The one of `allowed` most like `given`, of equals that with the longest part of it; None where none is close."""
    if given is None:
        return None
    by_lower = {word.lower(): word for word in allowed}
    found = difflib.get_close_matches(given.lower(), by_lower)
    if not found:
        return None
    likeness = difflib.SequenceMatcher(b=given.lower())

    def like(word: str) -> tuple[float, int]:
        likeness.set_seq1(word)
        return likeness.ratio(), likeness.find_longest_match().size

    best = by_lower[max(found, key=like)]
    return best if best != given else None


def _escaped(text: str, keep: str = "") -> str:
    """`text` with what is not printable, other than `keep`, written as Python does."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() or one in keep else repr(one)[1:-1] for one in text)


def _listed(given: str | None, allowed: Sequence[str]) -> str:
    """`allowed` as it is; of a long list those most like `given`, and how many more there are."""
    if len(allowed) <= MOST_LISTED:
        return ", ".join(allowed)
    likeness = difflib.SequenceMatcher(b=(given or "").lower())

    def unlike(word: str) -> float:
        likeness.set_seq1(word.lower())
        return -likeness.ratio()

    shown = sorted(allowed, key=unlike)[:MOST_LISTED] if given else allowed[:MOST_LISTED]
    return f"{', '.join(shown)} and {len(allowed) - MOST_LISTED} more"
