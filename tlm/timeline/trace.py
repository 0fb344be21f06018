"""Looking inside a run: `with Trace(soc, perfetto="run.pftrace", vcd="run.vcd"): simulate(soc)`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from ..core import FS_PER_NS, BadInput, ElaborationError, Module
from .interrupts import Interrupts
from .perfetto_file import PerfettoFile
from .recorder import Recorder
from .stream import Sink, Stream
from .vcd_file import VcdFile
from .whole_file import WholeFile
from .windows import Windows

WINDOW_FS = 1000 * FS_PER_NS


class Trace:
    """Writes what happens in the trees of `roots`, of one environment, for as long as its context lasts.

    The context is entered before elaboration, and changes nothing in the run. `perfetto` and `vcd` are the files;
    `signals` are patterns of the names of those signals that go into the VCD, such as "soc.memory.*.state"; without
    any, all do. Bandwidth is told, and levels are looked at, once in `window_fs`. `windows` sums it all up as well, in
    the attribute of that name. A context that ends with an exception
    leaves files of what there was until then, and a note on it where one cannot be written; one in which no simulation
    began leaves none. `written` are those there, `partial` says whether they stop short. An interrupt from the keyboard
    waits for the end of the event that it falls into.

    Raises ElaborationError where it is too late, BadInput where a file cannot be written or a pattern matches nothing.
    """

    def __init__(
        self,
        root: Module,
        *roots: Module,
        perfetto: str | Path | None = None,
        vcd: str | Path | None = None,
        signals: str | Iterable[str] = (),
        windows: bool = False,
        window_fs: int = WINDOW_FS,
    ) -> None:
        if window_fs < 1:
            raise BadInput(f"a window of {window_fs} fs; it has a femtosecond at least", key="window_fs")
        self.written: list[Path] = []
        self.partial = False
        self.windows = Windows(root.now) if windows else None
        self._roots = root, *roots
        self._names = perfetto, vcd
        self._signals = (signals,) if isinstance(signals, str) else tuple(signals)
        self._window_fs = window_fs
        self._files: list[WholeFile] = []
        self._interrupts = Interrupts(root.env)

    def __enter__(self) -> Trace:
        late = [root.full_name for root in self._roots if root.elaborated]
        if late:
            raise ElaborationError(f"{late[0]}: a trace that begins after elaboration is too late")
        try:
            stream = Stream(self._sinks(), self._window_fs, self._roots[0].now)
            self._recorder = Recorder(stream, self._roots)
        except BaseException:
            self._drop()
            raise
        self._interrupts.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.partial = error is not None
        try:
            if self._recorder.begun:
                self._recorder.close()
        except BadInput as unwritten:
            if error is None:
                raise
            error.add_note(str(unwritten))
        finally:
            self.written = [file.path for file in self._files if file.kept]
            self._drop()
            self._interrupts.__exit__(kind, error, trace)

    def _sinks(self) -> list[Sink]:
        perfetto, vcd = self._names
        sinks: list[Sink] = []
        if perfetto is not None:
            sinks.append(PerfettoFile(self._opened(perfetto)))
        if vcd is not None:
            sinks.append(VcdFile(self._opened(vcd, text=True), self._signals))
        if self.windows is not None:
            sinks.append(self.windows)
        return sinks

    def _opened(self, path: str | Path, *, text: bool = False) -> WholeFile:
        file = WholeFile(path, text=text)
        self._files.append(file)
        return file

    def _drop(self) -> None:
        for file in self._files:
            file.drop()
