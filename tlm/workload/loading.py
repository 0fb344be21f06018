"""A user's own function by name, `module:function` or `file.py:function`, and the source files it stands on."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import pkgutil
import sys
import sysconfig
import traceback
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import attrs

from ..core.errors import BadInput, first_line

Search = Callable[[str], Path]

_INSTALLED = tuple(Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib"))
_OURS = Path(__file__).resolve().parents[1]


@attrs.frozen
class UserFunction:
    """A function, the module that was named for it, and the scenario's key that names both, for messages.

    `folder` is where a module that was named by its file finds its neighbours; None for any other.
    """

    function: Callable[..., Any]
    module: ModuleType
    key: str
    folder: Path | None

    def __call__(self, *arguments: Any) -> Any:
        """Call it; a signature that does not fit, and whatever it raises, becomes BadInput.

        A ValueError is how it says what is wrong with what it was asked for, so that comes without its place.
        """
        name = getattr(self.function, "__name__", repr(self.function))
        try:
            inspect.signature(self.function).bind(*arguments)
        except (TypeError, ValueError) as error:
            raise BadInput(f"{name}() must take {len(arguments)} arguments: {error}", key=self.key) from error
        with _neighbours(self.folder), blamed_on_user(self.key):
            try:
                return self.function(*arguments)
            except (ImportError, ValueError) as error:
                raise BadInput(f"{name}(): {first_line(error)}", key=self.key) from error

    def sources(self) -> tuple[Path, ...]:
        """The module's file and, as far as import statements tell, the local files it imports, sorted.

        Local are those that lie neither in the standard library nor among installed packages; modules imported
        in other ways are not seen; data files are, where the function names them in an attribute `files`.
        """
        with blamed_on_user(self.key):
            found = {Path(file).resolve() for file in getattr(self.function, "files", ())}
        waiting = [self.module]
        while waiting:
            module = waiting.pop()
            file = _source(module)
            if file is None or file in found or (module is not self.module and not _is_local(file)):
                continue
            found.add(file)
            waiting += [sys.modules[name] for name in _imports(file, module) if name in sys.modules]
        return tuple(sorted(found))


def load_function(name: str, key: str, search: Search) -> UserFunction:
    """The function that `name` names; `key` is the scenario's, for messages; `search` finds a relative file."""
    place, _, function = name.rpartition(":")
    path = search(place).resolve() if place.endswith(".py") else None
    with _import_errors(place, key), _neighbours(path and path.parent):
        module = _run_file(path) if path else importlib.import_module(place)
        found = getattr(module, function, None)
    if not callable(found):
        own = [word for word, value in vars(module).items() if callable(value) and not word.startswith("_")]
        raise BadInput(f"{place!r} has no function {function!r}", key=key, given=function, allowed=sorted(own))
    return UserFunction(found, module, key, path and path.parent)


@contextmanager
def blamed_on_user(key: str) -> Iterator[None]:
    """Whatever a user's own code raises, sys.exit() included, as BadInput that names its place in that code."""
    try:
        yield
    except BadInput:
        raise
    except (Exception, SystemExit) as error:
        said = "" if first_line(error) == type(error).__name__ else f": {first_line(error)}"
        raise BadInput(f"{_place_of(error)}{type(error).__name__}{said}", key=key) from error


def _place_of(error: BaseException) -> str:
    """The innermost line of the user's own code that `error` passed through, as "file.py:3: ", or ""."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = Path(frame.filename)
        if file.is_file() and _is_local(file) and not file.resolve().is_relative_to(_OURS):
            return f"{_short(file)}:{frame.lineno}: "
    return ""


def _short(file: Path) -> Path:
    return file.relative_to(Path.cwd()) if file.is_relative_to(Path.cwd()) else file


@contextmanager
def _import_errors(name: str, key: str) -> Iterator[None]:
    """What can be wrong with a module of that name, as BadInput."""
    with blamed_on_user(key):
        try:
            yield
        except SyntaxError as error:
            raise BadInput(f"is not Python: {error.msg}", file=error.filename, line=error.lineno) from error
        except ImportError as error:
            if f"{name}.".startswith(f"{error.name}."):
                allowed = _modules_beside(name)
                raise BadInput(f"there is no module {name!r}", key=key, given=name, allowed=allowed) from error
            raise BadInput(f"{name!r} cannot be imported: {first_line(error)}", key=key) from error


def _modules_beside(name: str) -> list[str]:
    """The modules in the package of `name`, where there is one."""
    package = name.rpartition(".")[0]
    try:
        folders = importlib.import_module(package).__path__ if package else []
    except (ImportError, AttributeError):
        return []
    return [f"{package}.{module.name}" for module in pkgutil.iter_modules(folders)]


def _run_file(path: Path) -> ModuleType:
    name = f"tlm_user_{zlib.crc32(bytes(path)):08x}_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError("not a Python file")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def _neighbours(folder: Path | None) -> Iterator[None]:
    """Let a file import the files beside it, as a script does."""
    before = list(sys.path)
    if folder is not None:
        sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        if folder is not None:
            sys.path[:] = before


def _source(module: ModuleType) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if file and file.endswith(".py") else None


def _is_local(file: Path) -> bool:
    return not any(file.is_relative_to(folder) for folder in _INSTALLED)


def _imports(file: Path, module: ModuleType) -> Iterator[str]:
    """Every name that a file's import statements may mean a module by, and the packages around it."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, module)
            names = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            yield from (".".join(parts[:end]) for end in range(1, len(parts) + 1))


def _absolute(node: ast.ImportFrom, module: ModuleType) -> str:
    if not node.level:
        return node.module or ""
    return importlib.util.resolve_name("." * node.level + (node.module or ""), module.__package__ or "")
