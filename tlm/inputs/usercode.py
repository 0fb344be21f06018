"""A user's own code by name, `file.py:name` or `module:name`: found, run, and shown where it raises.

A name may go on inside what it names: `my.py:Machine.rules.conv` follows attributes and the items of mappings. A
file is executed once in a process, and again where its content has changed; it finds the files beside it, as a
script does, and nothing is written beside it. What user code raises becomes BadInput with that code's own traceback.
"""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from .blame import MODULE_PREFIX, UserFault, blamed_on_user, short, user_fault
from .errors import BadInput

Find = Callable[[str], Path]

_NOTHING = object()
_executed: dict[Path, tuple[bytes, ModuleType]] = {}


@attrs.frozen
class UserCode:
    """What a name means: `value`, found in `module`.

    `name` means the same wherever it is written: its file is absolute. `key` is the scenario's, for messages.
    `folder` is where a file finds its neighbours; None for what was named by its module.
    """

    value: Any
    module: ModuleType
    name: str
    key: str
    folder: Path | None

    @property
    def shown(self) -> str:
        """The name for messages: its file as seen from here."""
        place, path = _split(self.name)
        return f"{short(Path(place)) if self.folder else place}:{path}"

    @contextmanager
    def running(self, doing: str = "", passing: tuple[type[BaseException], ...] = ()) -> Iterator[None]:
        """Around a call of the user's code: its imports work, and what it raises is blamed on it."""
        with _neighbours(self.folder), blamed_on_user(self.key, doing, passing):
            yield

    def check_arguments(self, function: Any, called: str, arguments: Sequence[Any], *, named: bool = False) -> None:
        """BadInput unless `function`, which messages call `called`, can be given that many arguments.

        `named`: they are the arguments' names, and told.
        """
        try:
            inspect.signature(function).bind(*arguments)
        except (TypeError, ValueError) as error:
            names = f" ({', '.join(arguments)})" if named else ""
            raise self.fault(f"{called}() must take {len(arguments)} arguments{names}: {error}") from error

    def fault(self, message: str) -> UserFault:
        """What is wrong with it, as an error to raise."""
        return UserFault(message, self.key)


def is_user_code(name: str) -> bool:
    """Whether `name` is written as a user's code is: `file.py:name` or `module:name`."""
    return ":" in name or name.endswith(".py")


def absolute(name: str, find: Find) -> str:
    """`name` with its file, where it names one, as an absolute path; BadInput where that is not there."""
    place, path = _split(name)
    return f"{find(place).resolve()}:{path}" if place.endswith(".py") else name


def here(name: str) -> Path:
    """The file `name`, looked for in the working directory."""
    if not Path(name).is_file():
        raise BadInput(f"there is no file {name!r}")
    return Path(name)


def load(name: str, key: str, find: Find = here, what: str = "object") -> UserCode:
    """What `name` names, a `what` for messages; `key` is the scenario's; `find` finds a relative file.

    Raises BadInput: no such file, module or name in it, with the nearest; not Python; whatever running it raises.
    """
    place, path = _split(name)
    if not place or not all(path.split(".")):
        raise BadInput(f"{name!r} names no {what}; write `file.py:name` or `module:name`", key=key)
    file = find(place).resolve() if place.endswith(".py") else None
    with _neighbours(file and file.parent), _import_errors(place, key):
        module = _run_file(file) if file else importlib.import_module(place)
        value = _inside(module, place, path, (key, what))
    return UserCode(value, module, f"{file or place}:{path}", key, file and file.parent)


def _split(name: str) -> tuple[str, str]:
    """The file or module, and the path of names in it; "my.py" alone is a file and no path."""
    return (name, "") if ":" not in name else (name[: name.rindex(":")], name[name.rindex(":") + 1 :])


def _inside(value: Any, place: str, path: str, named: tuple[str, str]) -> Any:
    """What `path` leads to from `value`; `named` is the scenario's key and what is sought, for messages."""
    for part in path.split("."):
        found = value.get(part, _NOTHING) if isinstance(value, Mapping) else getattr(value, part, _NOTHING)
        if found is _NOTHING:
            key, what = named
            raise BadInput(f"{place!r} has no {what} {part!r}", key=key, given=part, allowed=_names(value))
        place, value = f"{place}{'.' if ':' in place else ':'}{part}", found
    return value


def _names(value: Any) -> list[str]:
    """The public names in a module that were defined there, or in an object or mapping."""
    if isinstance(value, Mapping):
        return sorted(map(str, value))
    return sorted(name for name in dir(value) if not name.startswith("_") and _is_own(value, getattr(value, name)))


def _is_own(value: Any, inner: Any) -> bool:
    if not isinstance(value, ModuleType):
        return True
    return not isinstance(inner, ModuleType) and getattr(inner, "__module__", value.__name__) == value.__name__


@contextmanager
def _import_errors(name: str, key: str) -> Iterator[None]:
    """What can be wrong with a module of that name, as BadInput."""
    with blamed_on_user(key):
        try:
            yield
        except SyntaxError as error:
            if not error.filename or not Path(error.filename).is_file():
                raise
            raise BadInput(f"is not Python: {error.msg}", file=error.filename, line=error.lineno) from error
        except ImportError as error:
            if not name.endswith(".py") and f"{name}.".startswith(f"{error.name}."):
                allowed = _modules_beside(name)
                raise BadInput(f"there is no module {name!r}", key=key, given=name, allowed=allowed) from error
            raise user_fault(error, key, f"{name!r} cannot be imported") from error


def _modules_beside(name: str) -> list[str]:
    """The modules in the package of `name`, where there is one."""
    package = name.rpartition(".")[0]
    try:
        folders = importlib.import_module(package).__path__ if package else []
    except (ImportError, AttributeError):
        return []
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(folders)]


def _run_file(path: Path) -> ModuleType:
    """The module that `path` makes: compiled here, so that what runs is what was read, and never an older copy."""
    try:
        source = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read: {error.strerror}", file=str(path)) from None
    before, known = _executed.get(path, (None, None))
    if known is not None and source == before:
        return known
    name = f"{MODULE_PREFIX}{zlib.crc32(bytes(path)):08x}_{path.stem}"
    module = _new_module(name, path)
    sys.modules[name] = module
    try:
        exec(_compiled(source, path), module.__dict__)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    _executed[path] = (source, module)
    return module


def _compiled(source: bytes, path: Path) -> Any:
    try:
        return compile(source, path, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:  # a ValueError has neither message nor line
        message = getattr(error, "msg", None) or str(error)
        raise BadInput(f"is not Python: {message}", file=str(path), line=getattr(error, "lineno", None)) from error
    except (MemoryError, RecursionError) as error:
        raise BadInput("is not Python that can be read: nested too deeply", file=str(path)) from error


def _new_module(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None:
        raise ImportError("not a Python file")
    return importlib.util.module_from_spec(spec)


@contextmanager
def _neighbours(folder: Path | None) -> Iterator[None]:
    """Let a file import the files beside it, as a script does."""
    if folder is None:
        yield
        return
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        with suppress(ValueError):
            sys.path.remove(str(folder))
