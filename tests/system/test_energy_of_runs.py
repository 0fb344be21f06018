"""Energy and area: every figure is a count times a cost, for the layer it was for; the published ones come out."""

from __future__ import annotations

import itertools
from pathlib import Path

import attrs
import numpy as np
import pytest
import simpy
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from small_networks import network, scenario

from tlm.accelerators.parts.events import events
from tlm.core import BadInput, simulate
from tlm.energy import EVENTS
from tlm.memory.standards import FOLDER
from tlm.result import Result, total
from tlm.scenario import Scenario, load
from tlm.system import System, run
from tlm.system.collect import collect
from tlm.workload.layer import Layer, Workload


def layer(kind: str, channels: int, filters: int, bits: int, side: int = 1, kernel: int = 1) -> Layer:
    """A layer of random values, activations of up to `bits` bits, its accumulators nobody's."""
    rng = np.random.default_rng(7)
    place, window, out = ((side, side), (kernel, kernel), (side - kernel + 1,) * 2) if kind == "conv" else ((), (), ())
    inputs = rng.integers(0, 1 << bits, (1, channels, *place))
    weights = rng.integers(-100, 100, (filters, channels, *window))
    result = np.zeros((1, filters, *out), np.int64)
    return Layer("one", kind, inputs, weights, None, result, result, (1, 1), (0, 0), 1, 16, bits, 9)  # type: ignore[arg-type]


def alone(one: Layer) -> Workload:
    return Workload("one", (one,), chained=False)


def of(result: Result) -> dict[tuple[str, str], float]:
    """{(component, event): count}."""
    return {(row.component, row.event): row.count for row in result.energy}


# --- counts and costs, by hand

ONE_PJ = "energy:\n  array:\n" + "".join(
    f"    {event}: {{pJ: 1, node_nm: 1, status: assumed, source: by hand}}\n" for event in EVENTS
)


def by_hand(folder: Path, machine: str, *more: str) -> Scenario:
    """That machine in which each event costs 1 pJ, the memories none."""
    (folder / "one.yaml").write_text(f"source: by hand\nmemories: none\n{ONE_PJ}", encoding="utf-8")
    return load("ideal", [f"accelerator={{{machine}, energy: {{table: {folder / 'one.yaml'}}}}}", *more])


def test_a_convolution_by_hand(tmp_path: Path) -> None:
    """20 channels, 10 filters, 3 x 3 windows of 2 x 2: 4 steps of 2 bricks; 2 tiles of 4 rows and 2 columns."""
    one = layer("conv", channels=20, filters=10, bits=5, side=4, kernel=2)
    machine = "preset: stripes, tiles: 2, rows: 4, columns: 2"
    result = run(by_hand(tmp_path, machine, "compression=dpred"), alone(one))
    [told] = result.layers
    found = {event: count for (_, event), count in of(result).items()}
    sets, filter_sets, steps = 5, 2, 2 * 2 * 2  # of 2 windows, of 8 filters
    compute = sets * filter_sets * steps * 5  # P is 5
    assert told.compute_cycles == compute
    assert found == {
        "cycles": told.cycles,
        "macs": 20 * 10 * 9 * 4,
        "multiplications": 20 * 10 * 9 * 4,
        "unit_cycles": 2 * 4 * 2 * compute,
        "conv_unit_cycles": 2 * 4 * 2 * compute,
        "fc_unit_cycles": 0,
        "standing_unit_cycles": 2 * 4 * 2 * (told.cycles - compute),
        "broadcast_bits": 2 * 2 * 16 * compute,  # to 2 tiles, of 2 columns of 16 lanes a bit
        "output_values": 9 * 10,
        "am_read_bytes": filter_sets * 9 * steps * 16 * 2,  # whole bricks
        "am_written_bytes": 2 * (16 * 20 + 9 * 10),
        "wm_read_bytes": 2 * 10 * 20 * 4,  # one block of 16 windows: each weight once
        "wm_written_bytes": 2 * 10 * 20 * 4,
        "decompressed_values": 16 * 20 + 10 * 20 * 4,
        "compressed_values": 9 * 10,
    }
    assert result.energy_j == pytest.approx(sum(found.values()) * 1e-12)
    assert told.energy_j == {"array": pytest.approx(result.energy_j)}
    assert result.tops_per_w == pytest.approx(2 * one.macs / result.energy_j / 1e12)
    assert {(row.table, row.status) for row in result.energy} == {("one", "assumed")}


def test_a_fully_connected_layer_by_hand(tmp_path: Path) -> None:
    """64 inputs, 20 outputs on BASE's 2 tiles of 4 rows: 4 bricks for each of 3 filter sets, a cycle each."""
    result = run(by_hand(tmp_path, "preset: base, tiles: 2, rows: 4, columns: 8"), alone(layer("fc", 64, 20, bits=9)))
    found = {event: count for (_, event), count in of(result).items()}
    assert result.layers[0].compute_cycles == 12
    assert found["unit_cycles"] == found["fc_unit_cycles"] == 2 * 4 * 12  # one column, whatever the scenario says
    assert found["conv_unit_cycles"] == 0
    assert found["broadcast_bits"] == 2 * 16 * 16 * 12  # whole activations
    assert found["am_read_bytes"] == 3 * 64 * 2
    assert found["wm_read_bytes"] == 20 * 64 * 2
    assert found["decompressed_values"] == found["compressed_values"] == 0  # nothing is compressed


@pytest.mark.parametrize(("machine", "bits"), [("stripes", 16), ("tartan", 9), ("loom", 9)])
def test_weights_that_are_read_bit_by_bit_are_read_as_far_as_they_go(tmp_path: Path, machine: str, bits: int) -> None:
    result = run(by_hand(tmp_path, f"preset: {machine}"), alone(layer("fc", 64, 4096, bits=9)))
    assert {event: count for (_, event), count in of(result).items()}["wm_read_bytes"] == 64 * 4096 * bits / 8


def test_a_machine_that_skips_products_has_them_counted(tmp_path: Path) -> None:
    one = layer("conv", channels=20, filters=10, bits=2, side=6, kernel=3)
    result = run(by_hand(tmp_path, "preset: scnn-8x8"), alone(one))
    found = {event: count for (_, event), count in of(result).items()}
    assert found["multiplications"] == result.layers[0].multiplications
    assert 0 < found["multiplications"] < found["macs"] == one.macs


def test_what_no_rule_models_is_not_counted_as_done(tmp_path: Path) -> None:
    machine = "preset: base, rules: {conv: null}"
    result = run(by_hand(tmp_path, machine), alone(layer("conv", channels=20, filters=10, bits=5, side=4, kernel=2)))
    found = {event: count for (_, event), count in of(result).items()}
    assert (found["macs"], found["multiplications"], found["unit_cycles"], result.tops_per_w) == (0, 0, 0, 0)


def test_layers_without_weights_leave_the_array_standing(tmp_path: Path) -> None:
    one = attrs.evolve(layer("fc", 64, 20, bits=9), kind="other", weights=np.zeros(0, np.int64))
    result = run(by_hand(tmp_path, "preset: base", "unmodelled=pass"), alone(one))
    found = {event: count for (_, event), count in of(result).items()}
    assert found["unit_cycles"] == 0
    assert found["standing_unit_cycles"] == 256 * result.cycles


@pytest.mark.parametrize("preset", ["base", "dstripes-tartan-2bit"])
def test_an_exact_run_reads_no_other_bytes(preset: str, small_network: Workload) -> None:
    """A block's windows share its weights, whatever a transaction moves."""

    def read(granularity: str) -> list[float]:
        result = run(scenario(f"accelerator={preset}", f"granularity={granularity}", "check=false"), small_network)
        return [row.count for row in result.energy if row.event in ("unit_cycles", "broadcast_bits", "reads")]

    coarse, exact = read("coarse"), read("exact")
    assert exact == pytest.approx(coarse, rel=0.02)


# --- what a result says adds up


def assert_adds_up(system: System, result: Result) -> None:
    for row in result.energy:
        assert row.joules == pytest.approx(row.count * row.cost_pj * 1e-12)
        assert row.count >= 0
    if result.energy_j is None:
        assert result.tops_per_w is None
        return
    spent = [sum(one.energy_j.values()) for one in result.layers if one.energy_j is not None]
    idle = [one.idle_energy_j for one in result.accelerators if one.idle_energy_j is not None]
    assert len(spent) == len(result.layers) and len(idle) == len(result.accelerators)
    assert min([*spent, *idle]) >= 0
    assert sum(spent) + sum(idle) == pytest.approx(result.energy_j)
    assert sum(row.joules for row in result.energy) == pytest.approx(result.energy_j)
    assert sum(total(one.energy_j for one in result.accelerators).values()) == pytest.approx(result.energy_j)
    by_component = total({row.component: row.joules} for row in result.energy if row.joules)
    told = total({name: part for name, part in one.energy_j.items() if part} for one in result.accelerators)
    assert told == pytest.approx(by_component)
    for machine, told in zip(system.machines, result.accelerators, strict=True):
        own = [layer.energy_j for layer in result.layers if layer.accelerator == told.name]
        assert sum(total(own).values()) + told.idle_energy_j == pytest.approx(sum(told.energy_j.values()))
        counted = events(machine, result.time_fs)
        array = machine.am.array, *(tile.wm.array for tile in machine.tiles)
        assert counted["am_read_bytes"].total() == array[0].stats.read_bytes
        assert counted["am_written_bytes"].total() == array[0].stats.written_bytes
        assert counted["wm_read_bytes"].total() == sum(one.stats.read_bytes for one in array[1:])
        assert counted["wm_written_bytes"].total() == sum(one.stats.written_bytes for one in array[1:])
        mine = [row for row in result.energy if row.accelerator == told.name and row.component in ("am", "wm")]
        assert sum(row.joules for row in mine) == pytest.approx(sum(one.stats.energy_pJ for one in array) * 1e-12)
    memory = [row.joules for row in result.energy if row.component == "memory"]
    assert sum(memory) == pytest.approx(sum((result.memory_energy_j or {}).values()))


MEMORIES = ["ideal", "hbm", "{standard: lpddr4-3200, width: 16}", "{standard: ddr4-3200, channels: 2}"]
ENTRIES = st.tuples(
    st.sampled_from(["base", "stripes", "dstripes", "tartan", "tartan-2bit", "dstripes-tartan-2bit", "loom"]),
    st.sampled_from(["am: 4 KiB", "am: 64 KiB", "wm: 8 KiB", "tiles: 4", "clock: 333 MHz"]),
    st.sampled_from(["dpred", "none"]),
)


@given(
    st.lists(ENTRIES, min_size=1, max_size=2),
    st.sampled_from(MEMORIES),
    st.sampled_from(["coarse", "exact"]),
    st.floats(0, 1),
)
@settings(max_examples=6, deadline=None, phases=[Phase.generate], derandomize=True)
def test_energies_add_up_whole_and_interrupted(
    machines: list[tuple[str, str, str]], memory: str, granularity: str, share: float
) -> None:
    listed = [
        f"{{name: {name}, preset: {preset}, {own}, compression: {codec}}}"
        for name, (preset, own, codec) in zip("ab", machines, strict=False)
    ]
    sets = [f"accelerator=[{', '.join(listed)}]", f"memory={memory}", f"granularity={granularity}", "check=false"]
    workloads = [network()] * len(machines)
    try:
        system = System(simpy.Environment(), scenario(*sets), workloads)
    except BadInput:
        assume(False)
    simulate(system)
    result = collect(system, partial=False, wall_s=0.0)
    assert result.energy_j
    assert_adds_up(system, result)
    part = System(simpy.Environment(), scenario(*sets), workloads)
    part.env.run(until=1 + int(share * (result.time_fs - 1)))
    for machine in part.machines:
        machine.dispatcher.interrupt()
    assert_adds_up(part, collect(part, partial=True, wall_s=0.0))


def test_a_machine_alone_has_nothing_left_over(small_network: Workload) -> None:
    result = run(scenario(), small_network)
    assert [one.idle_energy_j for one in result.accelerators] == [0]
    assert set(result.layers[0].energy_j or {}) == {row.component for row in result.energy} - {"compressors"}


def test_what_waits_for_others_goes_on_taking_energy(small_network: Workload) -> None:
    two = "accelerator=[{name: a, preset: dstripes}, {name: b, preset: dstripes, clock: 100 MHz}]"
    result = run(scenario(two), small_network)
    first, last = result.accelerators
    assert first.idle_cycles and first.idle_energy_j
    assert not last.idle_cycles
    assert last.idle_energy_j == pytest.approx(0, abs=1e-3 * first.idle_energy_j)  # less than a cycle of its clock


# --- what is not known


def test_without_figures_nothing_is_known(small_network: Workload) -> None:
    result = run(scenario("accelerator.energy=null"), small_network)
    assert (result.energy_j, result.tops_per_w, result.area_mm2, result.area) == (None, None, None, [])
    assert {row.component for row in result.energy} == {"memory"}
    assert all(one.energy_j is None for one in (*result.layers, *result.accelerators))


def test_a_memory_without_figures_leaves_the_whole_unknown(tmp_path: Path, small_network: Workload) -> None:
    text = (FOLDER / "ddr4-3200.yaml").read_text(encoding="utf-8")
    (tmp_path / "mine.yaml").write_text(text[: text.index("energy:")], encoding="utf-8")
    result = run(scenario(f"memory.standard={tmp_path / 'mine.yaml'}"), small_network)
    assert (result.energy_j, result.tops_per_w) == (None, None)
    assert {"array", "wm"} <= {row.component for row in result.energy}
    assert result.layers[0].energy_j is None
    assert result.area_mm2


def test_an_ideal_memory_takes_nothing(small_network: Workload) -> None:
    result = run(scenario("memory=ideal"), small_network)
    assert result.energy_j
    assert "memory" not in {row.component for row in result.energy}


def test_of_loom_the_area_is_not_known(small_network: Workload) -> None:
    result = run(scenario("accelerator=loom"), small_network)
    assert result.energy_j
    assert result.area_mm2 is result.accelerators[0].area_mm2 is None


def test_one_of_two_that_is_not_known_leaves_the_other_known(small_network: Workload) -> None:
    two = "accelerator=[{name: a, preset: dstripes}, {name: b, preset: base, energy: null}]"
    result = run(scenario(two), small_network)
    known, unknown = result.accelerators
    assert (result.energy_j, result.area_mm2, unknown.energy_j, unknown.area_mm2) == (None, None, None, None)
    assert known.energy_j and known.area_mm2
    assert known.area_mm2 == pytest.approx(sum(row.mm2 for row in result.area))


# --- what is published (DPRed)

AREAS = {  # mm2; table 6, section 6.1 (1.32 times BASE) and section 1 (less than 1 % over Stripes)
    "base": 80.41,
    "dstripes-tartan": 121.55,
    "dstripes-tartan-2bit": 101.27,  # the table's own sum
    "dstripes": 1.32 * 80.41,
    "dstripes-column": 1.32 * 80.41,
}


def area(machine: str, small: Workload) -> float:
    found = run(scenario(f"accelerator={{{machine}}}", "memory=ideal", "check=false"), small).area_mm2
    assert found is not None
    return found


@pytest.mark.parametrize("preset", AREAS)
def test_a_chip_of_the_paper_s_weight_memories_takes_the_paper_s_area(preset: str, small_network: Workload) -> None:
    assert area(f"preset: {preset}, wm: 2 MiB", small_network) == pytest.approx(AREAS[preset], abs=6e-3)


def test_dstripes_takes_less_than_a_percent_more_than_stripes(small_network: Workload) -> None:
    stripes = area("preset: stripes, wm: 2 MiB", small_network)
    assert stripes < 1.32 * 80.41 < 1.01 * stripes


def test_area_goes_with_what_is_built(small_network: Workload) -> None:
    base, more = (area(f"preset: dstripes, {own}", small_network) for own in ("tiles: 16", "tiles: 32"))
    shared = 7.13 + 0.39  # AM and dispatcher
    assert more - shared == pytest.approx(2 * (base - shared), rel=1e-4)
    columns = area("preset: dstripes, columns: 8", small_network)
    assert base - columns == pytest.approx((1.32 * 80.41 - 62.95) / 2 + 0.39 / 2, rel=1e-3)
    assert area("preset: base, columns: 8", small_network) == area("preset: base", small_network)
    assert area("preset: base, wm: 2 MiB", small_network) > area("preset: base, wm: 1 MiB", small_network)


def test_table_9_areas(small_network: Workload) -> None:
    table = "wm: 2 MiB, energy: {table: dpred-65nm-8bit}"
    machines = (f"preset: base, serial_bits: 8, {table}", f"preset: dstripes-tartan, columns: 8, {table}")
    results = [
        run(scenario(f"accelerator={{{own}}}", "memory=ideal", "check=false"), small_network) for own in machines
    ]
    base, own = ({row.component: row.mm2 for row in result.area} for result in results)
    assert own["array"] / base["array"] == pytest.approx(1.87, abs=5e-3)
    assert sum(own.values()) / sum(base.values()) == pytest.approx(1.05, abs=5e-3)


CONV = layer("conv", channels=256, filters=256, bits=7, side=18, kernel=3)  # all units at work; P as in table 3
FC = layer("fc", channels=1024, filters=4096, bits=9)
EIGHT = attrs.evolve(layer("conv", channels=64, filters=256, bits=6, side=18, kernel=3), bits=8)


def power(machine: str, one: Layer) -> float:
    """Energy over compute cycles, all data on chip."""
    result = run(load("ideal", [f"accelerator={{{machine}, wm: 2 MiB}}"]), alone(one))
    [told] = result.layers
    working = (told.compute_cycles or 0) / told.cycles
    shares = {("wm", "writes"): 0.0, ("array", "standing_unit_cycles"): 0.0}
    shares |= dict.fromkeys(itertools.product(("am", "wm"), ("refreshes", "bank_ns")), working)
    joules = sum(row.joules * shares.get((row.component, row.event), 1.0) for row in result.energy)
    return joules / (told.compute_cycles or 1)


@pytest.mark.parametrize(
    ("machine", "one", "published"),
    [
        ("preset: stripes", CONV, 1.38),  # table 4
        ("preset: dstripes", CONV, 1.42),
        ("preset: dstripes-tartan", CONV, 2.19),  # table 5
        ("preset: dstripes-tartan", FC, 1.46),
        ("preset: stripes", FC, 1 / 0.73),  # section 5.3
        ("preset: dstripes-tartan-2bit", CONV, 1.67),  # section 6.3 and table 7
        ("preset: dstripes-tartan-2bit", FC, 1.49 / 1.24),
    ],
)
def test_a_machine_takes_the_power_that_the_paper_s_ratios_imply(machine: str, one: Layer, published: float) -> None:
    assert power(machine, one) / power("preset: base", one) == pytest.approx(published, rel=0.035)


def test_table_9_power() -> None:
    table = "energy: {table: dpred-65nm-8bit}"
    base = power(f"preset: base, serial_bits: 8, {table}", EIGHT)
    assert power(f"preset: dstripes-tartan, columns: 8, {table}", EIGHT) / base == pytest.approx(1.64, rel=0.035)


def test_base_takes_the_power_it_is_assumed_to() -> None:
    assert power("preset: base", CONV) * 980e6 == pytest.approx(18.8, rel=0.05)
