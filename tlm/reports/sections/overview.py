"""The summary: what each run came to, side by side, and what each is times the first."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import attrs

from ...result import Result
from ..blocks import Block, Cell, Column, Fact, Facts, Fold, Note, Row, Section, Table
from ..definitions import Definitions
from ..numbers import NONE, figure, prefixed, share, times, whole
from ..reading import Results, Run

FS_PER_S = 10**15
WORKLOADS = ("network", "profile", "traces", "onnx")


@attrs.frozen
class Line:
    """One line: its title and definition, its cell of a run, and the figure that runs are compared by, if any."""

    title: str
    define: str
    cell: Callable[[Result], Cell]
    compared: bool = False


def _time(time_fs: int) -> Cell:
    return attrs.evolve(prefixed(time_fs / FS_PER_S, "s", 5), value=time_fs)


def _memory_cost(run: Result) -> Cell:
    cycles = sum(layer.cycles for layer in run.layers)
    cost = cycles - sum(layer.compute_cycles or 0 for layer in run.layers)
    return Cell(f"{cost:,} ({share(cost, cycles).text})", cost)


def _bound_by(run: Result) -> str:
    named = [f"{one.name}: {one.bound_by}" if one.name else one.bound_by for one in run.accelerators]
    return ", ".join(named)


def _saved(run: Result) -> Cell:
    raw = sum(part.uncompressed_bytes for layer in run.layers for part in layer.traffic.values())
    saved = raw - run.offchip_bytes
    return Cell(f"{prefixed(saved, 'B', 4).text} ({share(saved, raw).text})", saved)


def _area(run: Result) -> Cell:
    return NONE if run.area_mm2 is None else Cell(f"{run.area_mm2:,.1f} mm²", run.area_mm2)


def _right(run: Result) -> Cell:
    told = [one for one in run.accelerators if one.predictions is not None and one.labels is not None]
    pairs = [pair for one in told for pair in zip(one.predictions or (), one.labels or (), strict=False)]
    if not pairs:
        return NONE
    right = sum(a == b for a, b in pairs)
    return Cell(f"{right} of {len(pairs)}", right)


def _of(run: Result) -> Cell:
    """What was run on what, as far as the scenario says it in so many words."""
    found = [one.preset for one in run.accelerators]
    for owner, keys in (("memory", ("standard",)), ("compression", ("codec",)), ("workload", WORKLOADS)):
        part = run.scenario.get(owner)
        told = [part[key] for key in keys if isinstance(part, dict) and isinstance(part.get(key), str)]
        found += told[:1]
    return Cell(", ".join(found), long=True)


def _versions(run: Result) -> Cell:
    return Cell(", ".join(f"{name} {one}" for name, one in run.versions.items()), long=True)


LINES = (
    Line("of", "Run.scenario", _of),
    Line("cycles", "Run.cycles", lambda run: whole(run.cycles), True),
    Line("simulated time", "Run.time_fs", lambda run: _time(run.time_fs), True),
    Line("images", "Run.images", lambda run: whole(run.images)),
    Line("images a second", "Run.images_per_s", lambda run: figure(run.images_per_s, 5), True),
    Line("latency of an image", "Run.latency_s", lambda run: prefixed(run.latency_s, "s", 4), True),
    Line("MACs a cycle", "Run.macs_per_cycle", lambda run: figure(run.macs_per_cycle, 5), True),
    Line("cycles the memory cost", "Report.memory_cost", _memory_cost),
    Line("what binds it", "Accelerators.bound_by", lambda run: Cell(_bound_by(run), long=True)),
    Line("off-chip bytes", "Report.offchip_bytes", lambda run: prefixed(run.offchip_bytes, "B", 4), True),
    Line("bytes saved", "Report.bytes_saved", _saved),
    Line("energy", "Run.energy_j", lambda run: prefixed(run.energy_j, "J", 4), True),
    Line("TOPS/W", "Run.tops_per_w", lambda run: figure(run.tops_per_w), True),
    Line("area", "Run.area_mm2", _area, True),
    Line("checked", "Run.checked", lambda run: Cell("bit for bit" if run.checked else "no", run.checked)),
    Line("right", "Report.right", _right),
    Line("events", "Run.events", lambda run: whole(run.events)),
    Line("simulated in", "Run.wall_s", lambda run: Cell(f"{run.wall_s:.2f} s", run.wall_s)),
    Line("versions", "Run.versions", _versions),
)

#: What is to be seen first, of one run.
FIRST = (
    "Run.cycles",
    "Run.time_fs",
    "Run.images_per_s",
    "Run.macs_per_cycle",
    "Accelerators.bound_by",
    "Report.memory_cost",
    "Run.energy_j",
    "Run.tops_per_w",
    "Run.area_mm2",
    "Report.offchip_bytes",
    "Report.bytes_saved",
    "Run.checked",
    "Report.right",
    "Run.scenario",
)


def section(results: Results, _definitions: Definitions) -> Section | None:
    """The summary, notes, and the scenarios as they were resolved."""
    if not results.runs:
        return None
    lead = "What each run came to." + (
        f" Behind a figure: how many times that of {results.runs[0].name} it is." if len(results.runs) > 1 else ""
    )
    table = _table(results.runs)
    told: list[Block] = [table]
    if len(results.runs) == 1:
        told = [_facts(results.runs[0].result), Fold("All of it as a table", blocks=[table])]
    blocks = [*told, *_notes(results.runs), *_folds(results.runs)]
    return Section("summary", "Summary", lead, blocks)


def _facts(run: Result) -> Facts:
    """FIRST, as far as it is known."""
    lines = {line.define: line for line in LINES}
    found = [Fact(lines[name].title, name, lines[name].cell(run)) for name in FIRST]
    return Facts([fact for fact in found if fact.cell != NONE])


def _table(runs: Sequence[Run]) -> Table:
    columns = [Column("", words=True), *(Column(run.name) for run in runs)]
    rows = [
        Row([Cell(line.title), *_cells(line, runs)], define=line.define)
        for line in LINES
        if any(line.cell(run.result) != NONE for run in runs)
    ]
    return Table("Runs", columns, rows, sortable=False)


def _cells(line: Line, runs: Sequence[Run]) -> Iterator[Cell]:
    first = line.cell(runs[0].result)
    for number, run in enumerate(runs):
        cell = line.cell(run.result)
        if number and line.compared and _is_number(cell.value) and _is_number(first.value) and first.value:
            ratio = times(float(cell.value or 0), float(first.value)).text
            cell = attrs.evolve(cell, text=f"{cell.text}  ({ratio})")
        yield cell


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _notes(runs: Sequence[Run]) -> Iterator[Block]:
    for run in runs:
        if run.result.partial:
            yield Note(f"{run.name} is partial: it was interrupted, and this is what had been done by then.", "warning")
        for note in run.result.notes:
            yield Note(f"{run.name}: {note}")


def _folds(runs: Sequence[Run]) -> Iterator[Block]:
    for run in runs:
        yield Fold(f"{run.name}: the resolved scenario", json.dumps(run.result.scenario, indent=2, ensure_ascii=False))
