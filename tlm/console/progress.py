"""Progress while a command works: what is being done, how far it is, and the live view while a simulation runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bar

from ..core import Module
from .live import LiveView, on_terminal


class Progress:
    """A line a phase, on stderr; nothing where `shown` is false or stdout or stderr is no terminal."""

    def __init__(self, shown: bool) -> None:
        self._shown = shown and on_terminal()
        self._bar = Bar(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not self._shown,
        )
        self._task = self._bar.add_task("", total=None)

    def __enter__(self) -> Progress:
        if self._shown:
            self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:  # before 14.3 rich ends a bar that is disabled with a newline
            self._bar.stop()

    def phase(self, name: str, total: int | None = None) -> None:
        """A new phase of `total` steps, or of unknown length."""
        self._bar.remove_task(self._task)
        self._task = self._bar.add_task(name, total=total)

    def advance(self, steps: int = 1) -> None:
        """So many steps more are done."""
        self._bar.advance(self._task, steps)

    @contextmanager
    def watch(self, *roots: Module) -> Iterator[None]:
        """The context of a simulation: the live view of the systems below `roots` in place of the line."""
        if not self._shown:
            yield
            return
        self._bar.stop()
        try:
            with LiveView(*roots):
                yield
        finally:
            self._bar.start()
