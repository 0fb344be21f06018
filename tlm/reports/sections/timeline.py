"""What was when: the states of components in each window, and how full FIFOs and buffers were."""

from __future__ import annotations

from collections.abc import Iterator

from ..blocks import Block, Fold, Note, Panes, Section
from ..definitions import Definitions
from ..gauges import gauges, levels_chart, moved_chart
from ..reading import Results, Run
from ..strips import busy_chart, states_chart, strips

HOW = "was not recorded: run it again with --timeline beside --json or --out, and make the page of that result."


def section(results: Results, definitions: Definitions) -> Section | None:
    """Strips of components and lines of levels, of each run."""
    if not results.runs:
        return None
    lead = "What components did and how full buffers were, window by window. Numbered ones are taken together."
    panes = [(run.name, list(_blocks(run, number, definitions))) for number, run in enumerate(results.runs)]
    return Section("timeline", "Over time", lead, [Panes(panes)])


def _blocks(run: Run, number: int, definitions: Definitions) -> Iterator[Block]:
    timeline = run.result.timeline
    if timeline is None:
        yield Note(f"The timeline of {run.name} {HOW}")
        return
    found = strips(timeline.components)
    if found:
        yield states_chart(run, f"states-{number}", timeline, found, definitions)
        yield Fold("Each component by itself", blocks=[busy_chart(run, f"busy-{number}", timeline)])
    if levels := gauges(timeline.levels):
        yield levels_chart(run, f"levels-{number}", timeline, levels)
    if timeline.moved:
        yield moved_chart(run, f"moved-{number}", timeline)
