"""A sweep: what its points came to, which are to be preferred, and how settings and measures go together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ...sweeps.outcome import DONE, Outcome
from ...sweeps.points import Point
from ..blocks import Block, Cell, Column, Note, Row, Section, Table
from ..definitions import Definitions
from ..fronts import scatter
from ..measures import FS_PER_S, SHOWN, amount, measured
from ..numbers import NONE, figure, prefixed, whole, words
from ..parallel import parallel
from ..reading import Results, Swept


def section(results: Results, _definitions: Definitions) -> Section | None:
    """All sweeps, one after the other."""
    if not results.sweeps:
        return None
    lead = "A point is a run. The front is of those to which none is preferable: nowhere worse, and somewhere better."
    blocks = [block for number, one in enumerate(results.sweeps) for block in _blocks(one, number)]
    return Section("sweep", "Sweep", lead, blocks)


def _blocks(swept: Swept, number: int) -> Iterator[Block]:
    told = swept.told
    done = [(point, outcome) for point, outcome in told.points if outcome and outcome.status == DONE]
    unreached = sum(outcome is None for _, outcome in told.points)
    yield Note(
        f"{swept.name}: {len(told.points):,} points, {len(done):,} done, {len(told.failed):,} failed, {unreached:,} "
        f"not run; {len(told.front):,} on the front of {', '.join(told.by)}."
    )
    if told.unmeasured:
        numbers = ", ".join(map(str, told.unmeasured))
        yield Note(f"Not compared, for {' or '.join(told.by)} is not known: points {numbers}.")
    yield scatter(swept, number, done)
    yield parallel(swept, number, done)
    yield _points(swept)
    if told.failed:
        yield _failed(swept)


def _points(swept: Swept) -> Table:
    told = swept.told
    measures = measured([(point, outcome) for point, outcome in told.points if outcome])
    columns = [
        Column("point", "Report.point"),
        Column("front", "Report.front", words=True),
        *(Column(key, "Report.setting", words=True) for key in told.keys),
        Column("status", "Report.status", words=True),
        *(Column(SHOWN[name].title, _define(name), SHOWN[name].unit) for name in measures),
    ]
    on_front = set(told.front)
    rows = [Row(list(_cells(point, outcome, told.keys, measures, on_front))) for point, outcome in told.points]
    return Table(f"Points of {swept.name}", columns, rows, of_points=True)


def _define(measure: str) -> str:
    return f"Run.{measure}" if measure != "offchip_bytes" else "Report.offchip_bytes"


def _cells(
    point: Point, outcome: Outcome | None, keys: Sequence[str], measures: Sequence[str], on_front: set[int]
) -> Iterator[Cell]:
    yield whole(point.number)
    yield Cell("★" if point.number in on_front else "", point.number in on_front)
    for key in keys:
        yield _setting(point, key)
    yield words(outcome.status if outcome else "not run")
    for name in measures:
        yield _measure(name, outcome.measure(name) if outcome else None)


def _setting(point: Point, key: str) -> Cell:
    """As it is written; amounts are sorted by their size."""
    text = point.written(key)
    if text is None:
        return NONE
    value = point.settings[key]
    return Cell(text, value if isinstance(value, (int, float, str)) else text, order=amount(value))


def _measure(name: str, value: float | None) -> Cell:
    if value is None:
        return NONE
    if name == "time_fs":
        return Cell(prefixed(value / FS_PER_S, "s", 4).text, value)
    if name == "energy_j":
        return prefixed(value, "J", 4)
    return whole(value) if isinstance(value, int) else figure(value)


def _failed(swept: Swept) -> Table:
    columns = [
        Column("point", "Report.point"),
        Column("settings", "Report.setting", words=True),
        Column("status", "Report.status", words=True),
        Column("message", "Report.message", words=True),
    ]
    rows = [
        Row(
            [
                whole(point.number),
                words(", ".join(f"{key}={point.written(key)}" for key in point.settings)),
                words(outcome.status),
                words(outcome.message),
            ]
        )
        for point, outcome in swept.told.failed
    ]
    return Table(f"Failed points of {swept.name}", columns, rows)
