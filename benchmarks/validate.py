"""`make validate`: how far the model is from what it is held against, written into docs/validation.md.

DRAM: every row of tests/memory/dram_reference.csv is played again, exactly and coarsely. Granularity: each shipped
scenario below runs in both under every change of the list; the measure is total cycles. Named as an argument, one of
these parts alone is measured again. Energy is in `tlm.reproduce`.
"""

from __future__ import annotations

import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tlm.core import BadInput
from tlm.memory.player import Played
from tlm.result import Result
from tlm.scenario import load
from tlm.system import run
from tlm.workload.source import load_workload

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "memory"))

from dram_reference import Row, rows  # noqa: E402

PAGE = ROOT / "docs" / "validation.md"
SCENARIOS = ("dstripes_hbm", "lenet")
CHANGES = (
    (),
    ("memory.standard=ddr4-3200",),
    ("memory={standard: ddr4-3200, width: 16}",),
    ("memory.standard=lpddr4-3200",),
    ("memory.outstanding=512 B",),
    ("memory.request=256 B",),
    ("compression.codec=none",),
    ("compression.align_bits=64",),
    ("compression.decompressors=16",),
    ("accelerator=base",),
    ("accelerator=dstripes-column",),
    ("accelerator.wm=32 KiB",),
    ("accelerator.wm=8 KiB",),
    ("accelerator.am=16 KiB",),
    ("accelerator.am=10 KiB", "compression.compressors=1"),
    ("accelerator.am=10 KiB", "memory={standard: ddr4-3200, width: 16}"),
    ("accelerator.activation_memory={banks: 2, width_bits: 256}",),
)
HEAD = """# Validation

Written by `make validate`; measured, not asserted. The tests hold the compute cycles to published integers, unloaded
DRAM latencies to a cycle of a cycle-accurate simulator's, and coarse runs to 1 % of exact ones on LeNet; this
page shows more of the same, and what it costs. Energies are beside the published ones in
[reproduced/dpred.md](reproduced/dpred.md) and [reproduced/precision.md](reproduced/precision.md).
"""
GRANULARITY = """| scenario | change | coarse, cycles | exact, cycles | difference | coarse, s | exact, s |
|---|---|---|---|---|---|---|
"""
DRAM = """Every row is a configuration and a pattern of requests (`tests/memory/patterns.py`), played again by both
granularities; the reference is DRAMsim3, a cycle-accurate simulator (`tests/memory/dram_reference.csv`, where its
settings are). *band* is how far cycles may be off; **bold** is outside. p50 is the median of the reads' latencies from
their acceptance, in cycles: a saturated one is the queue's depth, and coarsely it is told only where reads come no
faster than they are served. us: processor time for each burst, its making included.

"""
COLUMNS = (
    *("configuration", "pattern", "reference, cycles", "exact", "difference", "coarse", "difference", "band"),
    *("p50, reference", "exact", "coarse", "exact, us", "coarse, us"),
)


def granularity() -> Iterator[str]:
    """The lines about coarse runs against exact ones."""
    yield GRANULARITY.rstrip("\n")
    for scenario in SCENARIOS:
        for change in CHANGES:
            yield run_row(scenario, change)


def result(scenario: str, granularity: str, change: tuple[str, ...]) -> Result:
    """One run of two images, not checked: timing alone."""
    sets = [*change, f"granularity={granularity}", "workload.images=2", "check=false"]
    loaded = load(scenario, sets)
    return run(loaded, load_workload(loaded.workload, loaded.find))


def run_row(scenario: str, change: tuple[str, ...]) -> str:
    """One line of the table; what is refused says so."""
    name = " ".join(f"`{part}`" for part in change) or "as shipped"
    try:
        coarse, exact = (result(scenario, granularity, change) for granularity in ("coarse", "exact"))
    except BadInput as error:
        return f"| {scenario} | {name} | refused: {error.message} | | | | |"
    apart = coarse.cycles / exact.cycles - 1
    cells = (f"{coarse.cycles:,}", f"{exact.cycles:,}", f"{apart:+.2%}", f"{coarse.wall_s:.2f}", f"{exact.wall_s:.2f}")
    return f"| {scenario} | {name} | {' | '.join(cells)} |"


def dram() -> Iterator[str]:
    """The lines about the memory against the reference."""
    reference, table = rows(), []
    apart: dict[str, list[tuple[float, float]]] = {"exact": [], "coarse": []}
    for row in reference:
        cells = [row.configuration, f"`{row.pattern}`", f"{row.cycles:,}"]
        outcomes = {granularity: timed(row, granularity) for granularity in apart}
        for granularity, (played, _) in outcomes.items():
            difference = played.cycles / row.cycles - 1
            apart[granularity].append((abs(difference), row.band))
            mark = "**" if abs(difference) > row.band else ""
            cells += [f"{played.cycles:,}", f"{mark}{difference:+.2%}{mark}"]
        medians = [row.p50, *(median(played) for played, _ in outcomes.values())]
        cells += [f"{row.band:.0%}", *("-" if each is None else str(each) for each in medians)]
        table.append(f"| {' | '.join([*cells, *(f'{us:.1f}' for _, us in outcomes.values())])} |")
        print(table[-1], file=sys.stderr, flush=True)
    yield DRAM.rstrip("\n") + "\n"
    yield from (summary(granularity, found) for granularity, found in apart.items())
    yield f"\n| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"
    yield from table


def timed(row: Row, granularity: str) -> tuple[Played, float]:
    """What playing a row comes to, and microseconds of processor time for each burst."""
    began = time.process_time()
    played = row.play(granularity)
    return played, (time.process_time() - began) / (played.reads + played.writes) * 1e6


def median(played: Played) -> int | None:
    return played.read_latency_cycles and played.read_latency_cycles.p50


def summary(granularity: str, found: list[tuple[float, float]]) -> str:
    """How far all rows are off, and how many are inside their bands."""
    off = [apart for apart, _ in found]
    inside = sum(apart <= band for apart, band in found)
    middle, worst = statistics.median(off), max(off)
    return f"- {granularity}: median {middle:.2%}, worst {worst:.2%}, {inside} of {len(found)} rows inside their bands"


PARTS: dict[str, tuple[str, Callable[[], Iterator[str]]]] = {
    "dram": ("DRAM: against a cycle-accurate simulator", dram),
    "granularity": ("Granularity: coarse against exact, two images", granularity),
}


def sections() -> dict[str, str]:
    """What the page has under each heading now."""
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    return {title: body.strip("\n") for title, body in re.findall(r"^## (.*)\n((?:(?!## ).*\n)*)", text, re.MULTILINE)}


def main(argv: list[str]) -> int:
    """Measure the parts that are named, or all, and write the page whole."""
    if unknown := set(argv) - set(PARTS):
        print(f"error: no such part: {', '.join(sorted(unknown))} (allowed: {', '.join(PARTS)})", file=sys.stderr)
        return 2
    there, page = sections(), [HEAD]
    for name, (title, measure) in PARTS.items():
        if name in argv or not argv or title not in there:
            lines = []
            for line in measure():
                lines.append(line)
                print(line, flush=True)
            there[title] = "\n".join(lines)
        page.append(f"## {title}\n\n{there[title]}\n")
    PAGE.write_text("\n".join(page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
