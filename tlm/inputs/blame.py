"""What a user's own code raises: told with its place and that code's own lines, and none of ours."""

from __future__ import annotations

import re
import sysconfig
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import BadInput, first_line

#: What the names of modules that are executed from a user's file begin with; messages leave it out.
MODULE_PREFIX = "tlm_user_"

_INSTALLED = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_PACKAGES = {"site-packages", "dist-packages"}
_DISTRIBUTION = Path(__file__).resolve().parents[2]
_OURS = tuple(_DISTRIBUTION / name for name in ("tlm", "nets"))
_MOST_LINES = 40  # of a traceback
_MOST_CAUSES = 4


class UserFault(BadInput):
    """BadInput for what a user's own code did; a copy made from its `args`, as SimPy makes one, is whole."""

    def __init__(self, message: str, key: str | None = None) -> None:
        super().__init__(message, key=key)
        self.args = (message, key)


@contextmanager
def blamed_on_user(key: str, doing: str = "", passing: tuple[type[BaseException], ...] = ()) -> Iterator[None]:
    """Whatever a user's code raises, sys.exit() included, as BadInput with its place and the user's own traceback.

    `doing` says what was being done. BadInput goes on as it is, with `key` where it has none; so do an interrupt
    from the keyboard and what is `passing`.
    """
    try:
        yield
    except BaseException as error:
        if isinstance(error, (KeyboardInterrupt, *passing)):
            raise
        if not isinstance(error, BadInput):
            raise user_fault(error, key, doing) from error
        if error.key or error.file:
            raise
        raise UserFault(str(error), key) from error


def is_local(file: Path) -> bool:
    """Whether a file lies neither in the standard library nor among installed packages."""
    return not _PACKAGES.intersection(file.parts) and not any(file.is_relative_to(folder) for folder in _INSTALLED)


def short(file: Path) -> Path:
    """A file as seen from the working directory."""
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


def with_traceback(message: str, error: BaseException) -> str:
    """`message` and, where `error` passed through lines of the user's, its traceback as Python prints it: of those."""
    told = _of_user(traceback.TracebackException.from_exception(error))
    if told is None:
        return message
    lines = re.sub(rf"{MODULE_PREFIX}[0-9a-f]{{8}}_", "", "".join(told.format())).splitlines()
    if len(lines) > _MOST_LINES:
        half = _MOST_LINES // 2
        lines[half:-half] = [f"  [{len(lines) - 2 * half} lines left out]"]
    return "\n".join([message, *lines])


def user_fault(error: BaseException, key: str, doing: str = "") -> UserFault:
    """What was being done, the user's innermost place, what was raised there, and below that the traceback.

    Where no line is the user's, a ValueError or ImportError is how our own networks say what is wrong: text alone.
    """
    place, said = _place_of(error), _said(error)
    kind = type(error).__name__
    if place or not isinstance(error, (ValueError, ImportError)):
        said = kind if said == kind else f"{kind}: {said}"
    return UserFault(with_traceback(": ".join(filter(None, (doing, place, said))), error), key)


def _said(error: BaseException) -> str:
    """The first line of what it says; its type where it says nothing, or fails to."""
    try:
        return first_line(error)
    except Exception:
        return type(error).__name__


def _of_user(
    told: traceback.TracebackException | None, causes: int = _MOST_CAUSES
) -> traceback.TracebackException | None:
    """`told` and what it came from, up to so many causes, with the user's frames only; None where there are none."""
    if told is None or causes < 0:
        return None
    files = {name: _is_users(name) for name in {frame.filename for frame in told.stack}}
    told.stack[:] = [frame for frame in told.stack if files[frame.filename]]
    told.__cause__ = _of_user(told.__cause__, causes - 1)
    told.__context__ = _of_user(told.__context__, causes - 1)
    return told if told.stack else None


def _place_of(error: BaseException) -> str:
    """The innermost line of the user's own code that `error` passed through, as "file.py:3", or ""."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if _is_users(frame.filename):
            return f"{short(Path(frame.filename))}:{frame.lineno}"
    return ""


def _is_users(filename: str) -> bool:
    file = Path(filename)
    return file.is_file() and is_local(file) and not any(file.resolve().is_relative_to(ours) for ours in _OURS)
