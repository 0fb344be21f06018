"""One frame of the live view: how far the run is, what crosses the memory's port, and a row per component."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from rich.console import Console, ConsoleOptions, RenderResult

from ..core import BUSY, IDLE
from .cells import GAP, STYLES, UNICODE, WAITING, Cell, Glyphs, columns_of, cut, fit, segments
from .quantities import clock, duration, named, percent, printable, size
from .rows import Row, visible
from .stage import PortTraffic, Stage

LABEL = 7  # columns of the word that a line begins with
BAR, MOST_BAR = 16, 60  # columns of a bar of progress, at least and at most
BESIDE_BAR = 20  # columns of the blanks, the share and the time that is left
LEAST_FULL = 14  # lines of a terminal from which there is room for more than bars and rows
QUIET = "bright_black"


@attrs.frozen
class Summary:
    """What stands above the rows: simulated time (and how fast it goes), wall time, each machine's stage, traffic."""

    name: str
    time_fs: int
    fs_per_s: float | None
    wall_s: float
    stages: Sequence[Stage] = ()
    traffic: Sequence[PortTraffic] = ()


@attrs.frozen
class Frame:
    """Lines of pieces of text with styles, none longer than the terminal is wide."""

    lines: list[Cell]

    def __rich_console__(self, _console: Console, _options: ConsoleOptions) -> RenderResult:
        return segments(self.lines)


def frame(summary: Summary, rows: Sequence[Row], width: int, height: int, glyphs: Glyphs = UNICODE) -> Frame:
    """What fits into `width` x `height`; it says how many rows it left out, and leaves the least telling lines out."""
    head = _head(summary, glyphs, width, full=height >= LEAST_FULL)
    spare = height - len(head) - len(rows) - 1
    blank: list[Cell] = [[]] if spare >= 2 else []
    legend = [_legend(glyphs)] if spare >= 1 else []
    body = table(rows, width, height - len(head) - len(blank) - len(legend), glyphs)
    lines = [*head, *blank, *body, *legend][: max(1, height)]
    return Frame([cut(line, width, glyphs.cut) for line in lines])


def rows_that_fit(summary: Summary, height: int) -> int:
    """How many rows there is room for in a frame, below its summary and a heading."""
    return height - len(_head(summary, UNICODE, 0, full=height >= LEAST_FULL)) - 1


def table(rows: Sequence[Row], width: int, height: int, glyphs: Glyphs) -> list[Cell]:
    """A heading and the rows, in `height` lines; the last says what is hidden where something is."""
    if height < 2 or not rows:
        return []
    shown = list(rows) if len(rows) < height else visible(rows, height - 2)
    columns = columns_of(list(rows), width, live=True)
    heading = _joined([fit([(c.title, "bold")], c.width, glyphs.cut, right=c.right) for c in columns])
    lines = [heading, *(_joined([column.drawn(row, glyphs) for column in columns]) for row in shown)]
    if len(shown) < len(rows):
        lines.append([(f"{glyphs.cut} {len(rows) - len(shown)} more rows in a taller terminal", QUIET)])
    return lines


def _head(summary: Summary, glyphs: Glyphs, width: int, *, full: bool) -> list[Cell]:
    lines = [_time_line(summary)]
    texts = [_stage_text(stage) for stage in summary.stages]
    longest = max((len(text) for text in texts), default=0)
    room = max(LABEL + 4, min(longest, width - BAR - BESIDE_BAR))
    for stage, text in zip(summary.stages, texts, strict=True):
        lines += _stage_lines(stage, text, room, width, glyphs)
        lines += [_array_line(stage, width, glyphs)] if full else []
    if summary.traffic and full:
        lines.append(_traffic_line(summary.traffic))
    return lines


def _time_line(summary: Summary) -> Cell:
    cycles = [stage.cycle for stage in summary.stages if stage.cycle is not None]
    cycle = f", cycle {cycles[0]:,}" if len(cycles) == 1 else ""
    pace = "" if summary.fs_per_s is None else f", {duration(summary.fs_per_s)} a second"
    return [
        (_word(printable(summary.name)), "bold"),
        (duration(summary.time_fs), "bold cyan"),
        (f" simulated{cycle}", ""),
        (f"{pace}, {clock(summary.wall_s)} elapsed", QUIET),
    ]


def _stage_text(stage: Stage) -> str:
    return _word("layer") + named(stage.machine, f"{stage.layer} ({stage.place})")


def _stage_lines(stage: Stage, text: str, room: int, width: int, glyphs: Glyphs) -> list[Cell]:
    bar = max(BAR, min(MOST_BAR, width - room - BESIDE_BAR))
    run = _word("run") + printable(stage.machine)
    lines = [(text, stage.layer_done, stage.layer_left_s), (run, stage.run_done, stage.run_left_s)]
    return [
        [*fit([(name, "")], room, glyphs.cut), (GAP, ""), *_bar(done, None if stage.finished else left_s, bar, glyphs)]
        for name, done, left_s in lines
    ]


def _bar(done: float, left_s: float | None, bar: int, glyphs: Glyphs) -> Cell:
    full = int(done * bar)
    return [
        (glyphs.done * full, "magenta"),
        (glyphs.left * (bar - full), QUIET),
        (f" {percent(done):>4}", ""),
        (f" {clock(left_s):>8} left", QUIET) if left_s is not None else ("", ""),
    ]


def _array_line(stage: Stage, width: int, glyphs: Glyphs) -> Cell:
    """What the layer's cycles went to so far: as many reasons as there is room for, the largest first."""
    cycles = stage.compute_cycles + sum(stage.stalls.values())
    if not cycles:
        waits = f"; waits for {printable(stage.waits_for)}" if stage.waits_for else ""
        return [(_word("array"), ""), ("has not begun with this layer", QUIET), (waits, WAITING)]
    text = f"busy {percent(stage.compute_cycles / cycles)}"
    largest = sorted(stage.stalls.items(), key=lambda item: -item[1])
    told = [f"{printable(reason)} {percent(count / cycles)}" for reason, count in largest]
    stalled = _listed("; stalled for ", told, width - LABEL - len(text) - 14, glyphs)
    return [(_word("array"), ""), (text, STYLES[BUSY]), (" of this layer", ""), (stalled, WAITING)]


def _listed(begin: str, items: Sequence[str], width: int, glyphs: Glyphs) -> str:
    """The first of `items` that fit into `width`, behind `begin`; nothing where there are none."""
    for count in range(len(items), 0, -1):
        text = begin + ", ".join(items[:count]) + (f", {glyphs.cut}" if count < len(items) else "")
        if len(text) <= width:
            return text
    return ""


def _traffic_line(traffic: Sequence[PortTraffic]) -> Cell:
    """Read and written, by operand."""
    line: Cell = [(_word("DRAM"), "")]
    for what, field in (("read ", "read_bytes"), (", written ", "written_bytes")):
        counts = [(part.name, getattr(part, field)) for part in traffic]
        told = ", ".join(f"{printable(name)} {size(count)}" for name, count in counts if count) or size(0)
        line += [(what, QUIET), (told, "")]
    return line


def _legend(glyphs: Glyphs) -> Cell:
    return [
        (f"{glyphs.busy} busy", STYLES[BUSY]),
        (f"  {glyphs.waiting} waiting", WAITING),
        (f"  {glyphs.idle} idle", STYLES[IDLE]),
        ("   Ctrl-C ends the run with what there is", QUIET),
    ]


def _joined(cells: Sequence[Cell]) -> Cell:
    line: Cell = []
    for index, cell in enumerate(cells):
        line += [(GAP, ""), *cell] if index else cell
    return line


def _word(text: str) -> str:
    return f"{text:<{LABEL - 1}} "
