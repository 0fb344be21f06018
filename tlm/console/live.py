"""The live view: while a simulation runs, a thread looks at its components a few times a second and draws them."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

from rich.console import Console
from rich.live import Live

from ..core import Module
from .cells import glyphs_for
from .frame import Frame, Summary, frame, rows_that_fit
from .reading import Sample, read_modules
from .rows import make_rows
from .stage import Stages, read_traffic

#: The view's own share of one processor, at most: frames that take long come less often.
MOST_SHARE = 0.05


class LiveView:
    """A view of the systems below `roots`, for as long as its context lasts: `with LiveView(system): env.run()`.

    It reads from a thread of its own, `per_second` times at most, and changes nothing: a run with it is the run
    without it, event for event. What goes wrong in the view itself ends up in `failure`, and is told when it is over.
    Where `console` is no terminal nothing is drawn; None is stderr's, where that and stdout are terminals. A run that
    is over before the first frame is due has no view. `now_s` is the wall clock.
    """

    def __init__(
        self,
        *roots: Module,
        console: Console | None = None,
        per_second: float = 4,
        now_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shown = on_terminal() if console is None else console.is_terminal and not console.is_dumb_terminal
        self.console = console or Console(stderr=True)
        self.failure: Exception | None = None
        self._roots = roots
        self._pause_s = 1 / per_second
        self._now_s = now_s
        self._stages = Stages(now_s)
        self._before: dict[str, Sample] = {}
        self._last = (now_s(), 0)
        self._glyphs = glyphs_for(self.console.encoding)
        self._screen = Screen(self.console)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._draw, name="live view", daemon=True)

    def __enter__(self) -> LiveView:
        if self.shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        try:
            if self._thread.ident is not None:
                self._thread.join()
        finally:
            with suppress(OSError, ValueError):  # the terminal may be gone
                self._screen.close()
                if self.failure is not None:
                    self.console.print(f"live view: {self.failure!r}", markup=False, highlight=False)

    def frame(self) -> Frame:
        """Look at everything once, and what to draw of it on the console as large as it is now."""
        modules = [module for root in self._roots for module in root.tree()]
        width, height = self.console.size
        summary = self._summary(modules)
        samples = read_modules(modules)
        room = height - 1
        rows = make_rows(samples, self._before, rows_that_fit(summary, room))
        self._before = {sample.name: sample for sample in samples}
        return frame(summary, rows, width, room, self._glyphs)

    def _summary(self, modules: list[Module]) -> Summary:
        wall, time_fs = self._now_s(), max(root.now for root in self._roots)
        elapsed, advanced = wall - self._last[0], time_fs - self._last[1]
        self._last = wall, time_fs
        return Summary(
            name=", ".join(root.name for root in self._roots),
            time_fs=time_fs,
            fs_per_s=advanced / elapsed if elapsed > 0 else None,
            wall_s=self._stages.wall_s,
            stages=self._stages.read(modules),
            traffic=read_traffic(modules),
        )

    def _draw(self) -> None:
        """The thread: whatever goes wrong here is the view's own affair, never the run's."""
        pause = self._pause_s
        while not self._over.wait(pause):
            began = time.thread_time()
            try:
                self._screen.show(self.frame())
            except Exception as error:
                self.failure = error
            pause = max(self._pause_s, (time.thread_time() - began) / MOST_SHARE)


class Screen:
    """Where frames are drawn, each over the one before; the first one opens it, and `close` leaves no trace of it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None
        self._size = console.size

    def show(self, drawn: Frame) -> None:
        """Draw a frame; where the terminal has another size than before, on a cleared screen."""
        if self._live is not None and self._console.size != self._size:
            self.close()
            self._console.clear()
        if self._live is None:
            self._size = self._console.size
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(drawn, refresh=True)

    def close(self) -> None:
        """Take the last frame away and leave the terminal as it was."""
        live, self._live = self._live, None
        if live is not None:
            live.update("")
            live.stop()


def on_terminal() -> bool:
    """Whether both of the command's outputs are terminals that a view can be drawn on."""
    return sys.stdout.isatty() and sys.stderr.isatty() and not Console(stderr=True).is_dumb_terminal
