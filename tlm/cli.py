"""What all commands share: errors and exit codes, options, files written whole; and the command `tlm`."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

# Nothing heavy may be imported up here (`tlm.core` brings simpy): `--help` answers at once.

#: Each subcommand: its module, whose `main(argv)` returns an exit code, and what it does.
COMMANDS = {
    "run": ("tlm.run", "run a scenario and tell where every cycle went"),
    "sweep": ("tlm.sweep", "run a scenario at many points, again only where that is missing"),
    "report": ("tlm.report", "make a page of what runs and sweeps were, to look at and to send"),
    "stats": ("tlm.stats", "tell how wide, how often zero and how compressible a workload's tensors are"),
    "reproduce": ("tlm.reproduce", "compute a paper's tables and figures again, beside what is published"),
    "play": ("tlm.play", "play a memory trace and tell what it took"),
    "memories": ("tlm.memories", "list the memory standards, or show one"),
    "completion": ("tlm.completion", "print the script that completes tlm in bash, zsh or fish"),
}

DONE, FAILED, BAD_INPUT = 0, 1, 2
INTERRUPTED, BROKEN_PIPE = 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """The console script `tlm`: hands over to a subcommand's `main`."""
    args = list(sys.argv[1:] if argv is None else argv)
    sys.path.insert(0, str(Path.cwd()))  # as `python -m` does: a user's own module may lie here
    if args and not args[0].startswith("-"):
        return run_command(lambda: _subcommand(args[0])(args[1:]))
    parser = main_parser()
    parser.parse_args(args)
    parser.print_help()
    return DONE


def main_parser() -> Parser:
    """The options of `tlm` itself, which has no subcommand among them: those are its modules' own."""
    made = Parser("tlm", description=_overview(), formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--version", action="version", version=_version())
    return made


def run_command(command: Callable[[], int | None]) -> int:
    """Call `command` and turn what comes of it into an exit code, with one message and no traceback.

    0 done, 1 a failed check or a deadlock, 2 bad input, 130 interrupted; a reader of our output that went
    away ends us quietly, with 141. Any other error is a bug, and keeps its traceback.
    """
    if sys.stdout is None:  # closed by the shell's >&-
        sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    try:
        code = command() or DONE
        with printing():
            sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _drop_stdout()
        return BROKEN_PIPE
    except Exception as error:
        code = _exit_code(error)
        print(f"error: {error}", file=sys.stderr)
        return code


@contextmanager
def printing() -> Iterator[None]:
    """Around what is printed: BadInput where stdout takes nothing, BrokenPipeError where nobody reads it."""
    from .inputs.errors import BadInput

    try:
        with _written("standard output"):
            yield
    except SystemExit:  # rich's answer to a broken pipe
        raise BrokenPipeError from None
    except BadInput:
        _drop_stdout()
        raise


class Parser(argparse.ArgumentParser):
    """A parser that takes no abbreviations and answers an unknown option with the nearest one; exit 2."""

    def __init__(self, prog: str, **options: Any) -> None:
        super().__init__(prog, allow_abbrev=False, **options)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but what is left over is named one by one."""
        found, extra = self.parse_known_args(args, namespace)
        if extra:
            self.error(_unknown(extra[0], self._option_string_actions))
        return found

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, and where to find help."""
        self.exit(BAD_INPUT, f"error: {message} (see {self.prog} --help)\n")


def command_parser(name: str, description: str, epilog: str) -> Parser:
    """A subcommand's parser, which calls itself what it was called by; options are the caller's to add."""
    prog = f"tlm {name}" if Path(sys.argv[0]).stem == "tlm" else f"python -m tlm.{name}"
    plain = argparse.RawDescriptionHelpFormatter
    return Parser(prog, description=description, epilog=epilog, formatter_class=plain)


def check_writable(path: str | Path) -> Path:
    """`path`, where a file can be written there; BadInput says before the run why it cannot."""
    from .inputs.errors import BadInput

    with _written(path):
        file = Path(path)
        if file.is_dir():
            raise BadInput("is a folder; name a file in it", file=str(path))
        if str(path) == "-":
            raise BadInput("is no file's name; /dev/stdout prints it", file=str(path))
        folder = Path(os.path.realpath(file)).parent  # a link may lead to a file that is yet to be
        if not file.exists() and not folder.is_dir():
            raise BadInput(f"cannot be written: there is no folder {str(folder)!r}", file=str(path))
        if not os.access(file if file.exists() else folder, os.W_OK):
            raise BadInput("cannot be written: no permission", file=str(path))
        if not _in_place(file):
            _try_folder(folder)
    return Path(path)


def check_folder(path: str | Path) -> Path:
    """`path`, where a folder is or can be made; BadInput says before the run why it cannot."""
    from .inputs.errors import BadInput

    with _written(path):
        inner = Path(os.path.realpath(path))
        there = next(folder for folder in (inner, *inner.parents) if folder.is_symlink() or folder.exists())
        if not there.is_dir():
            raise BadInput(f"cannot be made a folder: {str(there)!r} is a file", file=str(path))
        if not os.access(there, os.W_OK):
            raise BadInput(f"cannot be made a folder: no permission in {str(there)!r}", file=str(path))
        _try_folder(there)
    return Path(path)


def check_apart(file: Path, files: Sequence[Path]) -> None:
    """BadInput where `file`, one of those to be written, is another of `files` too; a device may be several."""
    from .inputs.errors import BadInput

    device = file.exists() and not file.is_file()
    if not device and [other.resolve() for other in files].count(file.resolve()) > 1:
        raise BadInput("is to be written twice; name another file", file=str(file))


def as_json(document: Any) -> str:
    """`document` as the text of a JSON file."""
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def write_text(path: str | Path, text: str) -> None:
    """Write a file: all of it or, should we be stopped, nothing; the folder is made."""
    with _written(path):
        if str(path) == "/dev/stdout":  # ours may be a file, into which a second opening would write over us
            sys.stdout.write(text)
        elif _in_place(Path(path)):
            Path(path).write_text(text, encoding="utf-8")
        else:
            _write_whole(Path(os.path.realpath(path)), text)


def _try_folder(folder: Path) -> None:
    """Make a nameless file in `folder`: a permission alone does not tell, as in /proc, that files can be there."""
    with tempfile.TemporaryFile(dir=folder):
        pass


def _in_place(path: Path) -> bool:
    """Whether `path` is a device or a pipe, which nothing can take the place of."""
    return path.exists() and not path.is_file()


def _write_whole(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=file.parent, prefix=".tlm-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(file)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextmanager
def _written(path: str | Path) -> Iterator[None]:
    """An OSError while `path` is written, or is looked at for that, as BadInput; a broken pipe stays one."""
    from .inputs.errors import BadInput

    if "\0" in str(path):
        raise BadInput("cannot be written: no file has such a name", file=str(path))
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise BadInput(f"cannot be written: {error.strerror or error}", file=str(path)) from None


def _drop_stdout() -> None:
    """Throw away what is still to be printed, or Python complains when it flushes stdout at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_code(error: Exception) -> int:
    from .core import Deadlock
    from .inputs.errors import BadInput, CheckFailed

    if isinstance(error, BadInput):
        return BAD_INPUT
    if isinstance(error, (CheckFailed, Deadlock)):
        return FAILED
    raise error


def _subcommand(name: str) -> Callable[[Sequence[str]], int]:
    from .inputs.errors import BadInput

    if name not in COMMANDS:
        raise BadInput(f"there is no command {name!r}", given=name, allowed=COMMANDS)
    found: Callable[[Sequence[str]], int] = importlib.import_module(COMMANDS[name][0]).main
    return found


def _unknown(option: str, known: Sequence[str] | dict[str, Any]) -> str:
    from .inputs.errors import nearest

    match = nearest(option.partition("=")[0], known)
    what = "unknown option" if option.startswith("-") else "one argument too many:"
    return f"{what} {option!r}" + (f"; did you mean {match!r}?" if match else "")


def _overview() -> str:
    rows = "\n".join(f"  {name:11}{what}" for name, (_module, what) in COMMANDS.items())
    return f"tlm COMMAND ...\n\n{rows}\n\nEach command explains itself: tlm COMMAND --help"


def _version() -> str:
    from . import __version__

    return f"tlm {__version__}"
