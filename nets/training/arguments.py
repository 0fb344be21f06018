"""Values of the command line: text as what is meant, or argparse's error that says what would be."""

from __future__ import annotations

import argparse
import difflib
from collections.abc import Callable, Sequence


def one_of(allowed: Sequence[str]) -> Callable[[str], str]:
    """One of the words `allowed`."""

    def check(given: str) -> str:
        if given in allowed:
            return given
        match = difflib.get_close_matches(given, allowed, n=1)
        hint = f"; did you mean {match[0]!r}?" if match else ""
        raise argparse.ArgumentTypeError(f"unknown: {given!r} (allowed: {', '.join(allowed)}){hint}")

    return check


def count(text: str) -> int:
    """A whole number of at least 0."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"a whole number of at least 0, not {text!r}")
    return int(text)


def whole(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number of at least 1, not {text!r}")
    return int(text)


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a number, not {text!r}") from None


def positive(text: str) -> float:
    """A number above 0."""
    if not 0 < (value := number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"a number above 0, not {text}")
    return value


def weight(text: str) -> float:
    """A number of at least 0."""
    if not 0 <= (value := number(text)) < float("inf"):
        raise argparse.ArgumentTypeError(f"a number of at least 0, not {text}")
    return value


def share(text: str) -> float:
    """A number from 0 to below 1."""
    if not 0 <= (value := number(text)) < 1:
        raise argparse.ArgumentTypeError(f"a number from 0 to below 1, not {text}")
    return value
