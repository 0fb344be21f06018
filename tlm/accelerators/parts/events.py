"""What a machine did, counted for energy, and what it is built of, for area: the names are those of `tlm.energy`."""

from __future__ import annotations

from collections import Counter

from ...energy import EVENTS, PARTS
from ..program import Program
from ..rules import KINDS, columns
from .machine import Machine
from .memories import ByLayer


def spans(machine: Machine, time_fs: int) -> ByLayer:
    """How long each layer ran, and how long there was nothing left to do in a run of `time_fs`, in fs."""
    found: ByLayer = Counter({None: time_fs})
    for run in machine.dispatcher.ended:
        found[run.layer] += run.end_fs - run.start_fs
        found[None] -= run.end_fs - run.start_fs
    return found


def events(machine: Machine, time_fs: int) -> dict[str, ByLayer]:
    """{event: how many there were of it for each layer}."""
    counts: dict[str, ByLayer] = {event: Counter() for event in EVENTS}
    units, period = array_units(machine), machine.clock.period_fs
    counts["cycles"] = Counter({layer: span // period for layer, span in spans(machine, time_fs).items()})
    for run in machine.dispatcher.ended:
        program = machine.plan.programs[run.layer]
        if not program.modelled:
            continue
        made = program.multiplications
        counts["macs"][run.layer] += program.layer.macs
        counts["multiplications"][run.layer] += program.layer.macs if made is None else int(made[run.image])
        if program.layer.kind in KINDS:
            for event in ("unit_cycles", f"{program.layer.kind}_unit_cycles"):
                counts[event][run.layer] += units * run.compute_cycles
            counts["broadcast_bits"][run.layer] += _broadcast_bits(machine, program) * run.compute_cycles
    for layer, cycles in counts["cycles"].items():
        counts["standing_unit_cycles"][layer] = units * cycles - counts["unit_cycles"][layer]
    counts["output_values"].update(machine.reducers.values)
    counts["decompressed_values"].update(machine.expanded)
    for output in machine.outputs.values():
        if output.region.codec.engine:
            counts["compressed_values"][output.layer] += output.drained.count
    for name, memories in (("am", [machine.am]), ("wm", [tile.wm for tile in machine.tiles])):
        for memory in memories:
            counts[f"{name}_read_bytes"].update(memory.read_bytes)
            counts[f"{name}_written_bytes"].update(memory.written_bytes)
    return counts


def parts(machine: Machine) -> dict[str, float]:
    """{part: how many there are of it}."""
    spec = machine.spec
    found = {
        "machine": 1,
        "tiles": spec.tiles,
        "units": array_units(machine),
        "broadcast_wires": columns(spec) * spec.lanes * spec.serial_bits,
        "am_bytes": spec.am,
        "wm_bytes": spec.tiles * spec.wm,
        "am_bank_mm2": machine.am.array.area_mm2,
        "wm_bank_mm2": sum(tile.wm.array.area_mm2 for tile in machine.tiles),
    }
    assert set(found) == set(PARTS)
    return found


def array_units(machine: Machine) -> int:
    """Inner-product units of all tiles."""
    return machine.spec.tiles * machine.spec.rows * columns(machine.spec)


def _broadcast_bits(machine: Machine, program: Program) -> int:
    """Bits of activations that arrive at all tiles in a cycle; of units that take a whole one, no more than it has."""
    grid = program.geometry.grid
    return grid.tiles * grid.columns * grid.lanes * min(machine.spec.serial_bits, program.layer.bits)
