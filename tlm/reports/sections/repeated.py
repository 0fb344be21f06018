"""The run again: with another machine or codec, and with each resource doubled."""

from __future__ import annotations

from collections.abc import Iterator

from ...result import Result
from .. import bars, colours
from ..blocks import Block, Cell, Chart, Column, Panes, Row, Section, Table
from ..definitions import Definitions
from ..numbers import cut, plain, prefixed, share, times, whole, words
from ..reading import Results, Run

OWN = "(as it is)"


def section(results: Results, definitions: Definitions) -> Section | None:
    """Comparisons and widenings, of the runs that have any."""
    panes = [(run.name, list(_blocks(run, number, definitions))) for number, run in enumerate(results.runs)]
    panes = [(name, blocks) for name, blocks in panes if blocks]
    if not panes:
        return None
    lead = (
        "The run repeated: with another machine or codec in place of its own, and with each resource doubled by itself."
    )
    return Section("repeated", "What if", lead, [Panes(panes)])


def _blocks(run: Run, number: int, definitions: Definitions) -> Iterator[Block]:
    if run.result.compare:
        yield _compared(run.result, number)
    if run.result.widen:
        yield _widened(run.result, number, definitions)


def _compared(run: Result, number: int) -> Chart:
    lines = [(OWN, run.cycles, run.time_fs, run.energy_j, run.offchip_bytes)]
    lines += [(one.name, one.cycles, one.time_fs, one.energy_j, one.offchip_bytes) for one in run.compare]
    columns = [
        Column("with", "Comparisons.name", words=True),
        Column("cycles", "Comparisons.cycles", "cycles"),
        Column("simulated time", "Comparisons.time_fs"),
        Column("times", "Report.times"),
        Column("energy", "Comparisons.energy_j"),
        Column("off-chip", "Comparisons.offchip_bytes", "B"),
    ]
    rows = [
        Row(
            [
                words(name),
                whole(cycles),
                Cell(prefixed(time_fs / 1e15, "s", 4).text, time_fs),
                times(time_fs, run.time_fs),
                prefixed(energy_j, "J", 4),
                whole(offchip_bytes),
            ]
        )
        for name, cycles, time_fs, energy_j, offchip_bytes in lines
    ]
    part = bars.Part("time", "Comparisons.time_fs", colours.ACCENT, [time_fs / 1e15 for _, _, time_fs, _, _ in lines])
    drawn = bars.stacked([name for name, *_ in lines], [part], "simulated time", "s")
    drawn["data"][0]["marker"]["color"] = [colours.GREY, *([colours.ACCENT] * len(run.compare))]
    return Chart(
        name=f"compared-{number}",
        title="With another machine or codec",
        says="Bars of the simulated time of the run and of its repetitions.",
        figure=drawn,
        height_px=bars.height_px(len(lines)),
        table=Table("Comparisons", columns, rows),
    )


def _widened(run: Result, number: int, definitions: Definitions) -> Chart:
    columns = [
        Column("resource", "Widenings.resource", words=True),
        Column("from", "Widenings.before", words=True),
        Column("to", "Widenings.after", words=True),
        Column("cycles", "Widenings.cycles", "cycles"),
        Column("gained", "Widenings.gained", "cycles"),
        Column("share", "Report.gained_share"),
    ]
    rows = [
        Row(
            [
                words(one.resource),
                words(one.before),
                words(one.after),
                whole(one.cycles),
                whole(one.gained),
                share(one.gained, run.cycles),
            ]
        )
        for one in run.widen
    ]
    names = [f"{one.resource} {one.before} → {one.after}" for one in run.widen]
    part = bars.Part("gained", "Widenings.gained", colours.of_reason("busy"), [one.gained for one in run.widen])
    drawn = bars.stacked(names, [part], "cycles gained", says=definitions.all)
    drawn["layout"]["yaxis"]["ticktext"] = [plain(cut(one.resource)) for one in run.widen]
    return Chart(
        name=f"widened-{number}",
        title="With one resource doubled",
        says="Bars of the cycles that doubling each resource gains.",
        figure=drawn,
        height_px=bars.height_px(len(run.widen)),
        table=Table("Widenings", columns, rows),
    )
