"""`make validate`: how far coarse runs are from exact ones, written into docs/validation.md.

Each shipped scenario below runs in both granularities under every change of the list; the measure is total cycles.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tlm.core import BadInput
from tlm.result import Result
from tlm.scenario import load
from tlm.system import run
from tlm.workload.source import load_workload

PAGE = Path(__file__).parents[1] / "docs" / "validation.md"
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

Written by `make validate`; measured, not asserted. The tests hold the compute cycles to published integers and coarse
runs to 1 % of exact ones on LeNet; this page shows the same on the shipped network, and how much an exact run costs.

## Granularity: coarse against exact, two images

| scenario | change | coarse, cycles | exact, cycles | difference | coarse, s | exact, s |
|---|---|---|---|---|---|---|
"""


def result(scenario: str, granularity: str, change: tuple[str, ...]) -> Result:
    """One run of two images, not checked: timing alone."""
    sets = [*change, f"granularity={granularity}", "workload.images=2", "check=false"]
    loaded = load(scenario, sets)
    return run(loaded, load_workload(loaded.workload, loaded.find))


def row(scenario: str, change: tuple[str, ...]) -> str:
    """One line of the table; what is refused says so."""
    name = " ".join(f"`{part}`" for part in change) or "as shipped"
    try:
        coarse, exact = (result(scenario, granularity, change) for granularity in ("coarse", "exact"))
    except BadInput as error:
        return f"| {scenario} | {name} | refused: {error.message} | | | | |"
    apart = coarse.cycles / exact.cycles - 1
    cells = (f"{coarse.cycles:,}", f"{exact.cycles:,}", f"{apart:+.2%}", f"{coarse.wall_s:.2f}", f"{exact.wall_s:.2f}")
    return f"| {scenario} | {name} | {' | '.join(cells)} |"


def main() -> int:
    """Run all and write the page whole."""
    rows = []
    for scenario in SCENARIOS:
        for change in CHANGES:
            rows.append(row(scenario, change))
            print(rows[-1], flush=True)
    PAGE.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
