"""A notebook as a script: run scenarios, compare memories and codecs, and put what comes out into tables.

    python examples/compare_memories.py

Each `# %%` begins a cell: editors that know them run the file cell by cell.
"""

# %% A scenario is a file; what is varied is laid over it. A run gives a result: plain data, all fields documented.
from rich.console import Console
from rich.table import Table

from tlm.scenario import load, varied
from tlm.system import compare, run, variants, widen, widened

scenario = varied(load("dstripes_lpddr4"), ["workload.images=1", "check=false"])
result = run(scenario)
console = Console(width=100)
console.print(f"{result.cycles:,} cycles on LPDDR4, bound by {result.accelerators[0].bound_by}")

# %% Where the cycles of each layer went.
table = Table("layer", "cycles", "array", "largest stall", "bound by", title="Layers")
for layer in result.layers:
    stall = max(layer.stalls, key=layer.stalls.__getitem__, default="-")
    table.add_row(layer.name, f"{layer.cycles:,}", f"{layer.compute_cycles:,}", stall, layer.bound_by)
console.print(table)

# %% The same network on other memories: one row each.
table = Table("memory", "cycles", "array busy", "images/s", title="Memories")
for memory in ("hbm", "ddr4-3200", "lpddr4-3200", "{standard: ddr4-3200, width: 16}"):
    one = run(varied(scenario, [f"memory={memory}"]))
    busy = sum(layer.compute_cycles or 0 for layer in one.layers) / one.cycles
    table.add_row(memory, f"{one.cycles:,}", f"{busy:.1%}", f"{one.images_per_s:,.0f}")
console.print(table)

# %% What compression buys here, and what another machine would do.
table = Table("in its place", "cycles", "off-chip KiB", title="Compared")
table.add_row("(as it is)", f"{result.cycles:,}", f"{result.offchip_bytes / 1024:,.0f}")
for other in compare(variants(scenario, ["none", "stripes", "base"])):
    table.add_row(other.name, f"{other.cycles:,}", f"{other.offchip_bytes / 1024:,.0f}")
console.print(table)

# %% What should be widened?
table = Table("doubled", "from", "to", "cycles gained", title="Widened")
for wider in sorted(widen(widened(scenario), result), key=lambda wider: -wider.gained)[:3]:
    table.add_row(wider.resource, wider.before, wider.after, f"{wider.gained:,}")
console.print(table)
