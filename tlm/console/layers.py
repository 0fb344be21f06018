"""The table of layers: where each one's cycles went, what binds it, what memory cost and compression saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

import attrs
from rich.table import Table
from rich.text import Text

from ..result import AcceleratorResult, Comparison, LayerResult, Result, Traffic, total
from .quantities import kib, named, printable, title

RAW = "none"  # the codec that stores values as they are: what compression is measured against

WIDE, WIDEST = 100, 150  # columns of a terminal from which on more is told


@attrs.frozen
class Line:
    """What one line of the table tells: of a layer, or of all layers of one accelerator."""

    name: str
    cycles: int
    compute_cycles: int | None
    stalls: Mapping[str, int]
    traffic: Sequence[Traffic]
    bound_by: str
    roofline_cycles: int
    raw_cycles: int | None  # of the same without compression, where that was run

    @property
    def memory_cost(self) -> int:
        """Cycles above the array alone."""
        return self.cycles - (self.compute_cycles or 0)

    @property
    def moved_bytes(self) -> int:
        """What crossed the pins."""
        return sum(part.read_bytes + part.written_bytes for part in self.traffic)

    @property
    def raw_bytes(self) -> int:
        """The same values uncompressed."""
        return sum(part.uncompressed_bytes for part in self.traffic)

    @property
    def roofline(self) -> float | None:
        """How many times its roofline's time it took."""
        return self.cycles / self.roofline_cycles if self.roofline_cycles else None


@attrs.frozen
class Column:
    """A column: its title, what it says of a line, from which width on, and whether only where there is a raw run.

    `words`: it is read, not compared by its digits.
    """

    title: str
    cell: Callable[[Line], str]
    from_width: int = 0
    raw_run: bool = False
    words: bool = False


COLUMNS = (
    Column("cycles", lambda line: f"{line.cycles:,}"),
    Column("array", lambda line: "-" if line.compute_cycles is None else f"{line.compute_cycles:,}", WIDE),
    Column("memory\ncost", lambda line: _with_share(line.memory_cost, line.cycles)),
    Column("bound by", lambda line: line.bound_by, words=True),
    Column("stalled for (cycles)", lambda line: _stalls(line.stalls), WIDEST, words=True),
    Column("off-chip\nKiB", lambda line: kib(line.moved_bytes), WIDE),
    Column("bytes\nsaved", lambda line: _share(line.raw_bytes - line.moved_bytes, line.raw_bytes)),
    Column("cycles\nsaved", lambda line: f"{(line.raw_cycles or 0) - line.cycles:,}", raw_run=True),
    Column("times\nroofline", lambda line: "-" if line.roofline is None else f"{line.roofline:.2f}"),
)


def layer_table(result: Result, width: int) -> Table:
    """A line a layer, and one for all of each accelerator, in a terminal of `width` columns."""
    images = f"{result.images} image{'s' if result.images != 1 else ''}"
    table = Table(title=title(f"Layers, over {images}", partial=result.partial))
    raw = any(one.name == RAW for one in result.compare)
    columns = [column for column in COLUMNS if width >= column.from_width and (raw or not column.raw_run)]
    table.add_column("layer", no_wrap=True)
    for column in columns:
        ratio = 1 if column.from_width == WIDEST else None
        table.add_column(column.title, justify="left" if column.words else "right", ratio=ratio)
    for one in result.accelerators:
        for line in lines_of(result, one):
            table.add_row(*_row(line, columns))
        table.add_section()
        table.add_row(*_row(whole(result, one), columns), style="bold")
        table.add_section()
    return table


def lines_of(result: Result, one: AcceleratorResult) -> list[Line]:
    """A line for each layer of an accelerator."""
    raw = _raw(result)
    return [
        _line(layer, raw.layers[place] if raw else None)
        for place, layer in enumerate(result.layers)
        if layer.accelerator == one.name
    ]


def whole(result: Result, one: AcceleratorResult) -> Line:
    """The line for all layers of an accelerator."""
    lines = lines_of(result, one)
    raw = [line.raw_cycles for line in lines if line.raw_cycles is not None]
    return Line(
        name=named(one.name, "all"),
        cycles=one.cycles,
        compute_cycles=sum(line.compute_cycles or 0 for line in lines),
        stalls=total(line.stalls for line in lines),
        traffic=[part for line in lines for part in line.traffic],
        bound_by=one.bound_by,
        roofline_cycles=one.roofline_cycles,
        raw_cycles=sum(raw) if raw else None,
    )


def reason(result: Result, one: AcceleratorResult) -> str:
    """One sentence: what binds it, what the memory cost, what compression bought, how far from the roofline."""
    line, compressed = whole(result, one), any(part.codec != RAW for part in one.compression.values())
    parts = [
        f"the memory cost {line.memory_cost:,} of {line.cycles:,} cycles ({_share(line.memory_cost, line.cycles)})"
    ]
    saved = line.raw_bytes - line.moved_bytes
    if compressed:
        what = "saved" if saved >= 0 else "ADDED"
        text = f"compression {what} {kib(abs(saved))} of {kib(line.raw_bytes)} KiB"
        parts.append(text + ("" if line.raw_cycles is None else f" and {line.raw_cycles - line.cycles:,} cycles"))
    else:
        parts.append("nothing is compressed")
    if line.roofline is not None:
        parts.append(f"{line.roofline:.2f} times the roofline")
    return f"bound by {line.bound_by}: {'; '.join(parts)}"


def _line(layer: LayerResult, raw_cycles: int | None) -> Line:
    return Line(
        name=named(layer.accelerator, layer.name),
        cycles=layer.cycles,
        compute_cycles=layer.compute_cycles,
        stalls=layer.stalls,
        traffic=list(layer.traffic.values()),
        bound_by=layer.bound_by,
        roofline_cycles=layer.roofline_cycles,
        raw_cycles=raw_cycles,
    )


def _raw(result: Result) -> Comparison | None:
    return next((one for one in result.compare if one.name == RAW), None)


def _row(line: Line, columns: Iterable[Column]) -> list[Text | str]:
    return [Text(line.name), *(column.cell(line) for column in columns)]


def _with_share(part: int, of: int) -> str:
    return f"{part:,} {_share(part, of):>4}"


def _share(part: float, of: float) -> str:
    return f"{round(100 * part / of)}%" if of else "-"


def _stalls(stalls: Mapping[str, int], shown: int = 3) -> str:
    largest = sorted(stalls.items(), key=lambda item: -item[1])
    text = ", ".join(f"{printable(name)} {cycles:,}" for name, cycles in largest[:shown])
    rest = sum(cycles for _, cycles in largest[shown:])
    return text + (f", other {rest:,}" if rest else "")
