"""Several accelerators on one memory: each one's layers, what they cost each other, bytes conserved."""

from __future__ import annotations

import attrs
import pytest
import simpy
from small_networks import scenario

from tlm.core import BadInput, Module
from tlm.memory import Dram
from tlm.result import REASONS, Result
from tlm.scenario import Scenario
from tlm.system import System, attach, run
from tlm.system.collect import collect
from tlm.workload.layer import Workload

LEFT, RIGHT = "{name: left, preset: dstripes}", "{name: right, preset: base, tiles: 4, clock: 700 MHz}"
NARROW = "memory={standard: ddr4-3200, width: 16}"


def both(*sets: str) -> Scenario:
    return scenario(f"accelerator=[{LEFT}, {RIGHT}]", *sets)


@pytest.fixture(scope="module")
def together(small_network: Workload) -> Result:
    return run(both(NARROW), small_network)


def alone(entry: str, workload: Workload) -> Result:
    return run(scenario(f"accelerator=[{entry}]", NARROW), workload)


def test_each_one_s_layers_tile_its_time_and_the_rest_is_idle(together: Result) -> None:
    for one in together.accelerators:
        own = [layer for layer in together.layers if layer.accelerator == one.name]
        assert sum(layer.cycles for layer in own) == one.cycles
        assert all((layer.compute_cycles or 0) + sum(layer.stalls.values()) == layer.cycles for layer in own)
        period = own[-1].end_fs // one.cycles
        assert one.cycles + one.idle_cycles == together.time_fs // period
    assert min(one.idle_cycles for one in together.accelerators) == 0
    assert max(one.idle_cycles for one in together.accelerators) > 0


def test_component_names_carry_the_accelerator_s(together: Result) -> None:
    names = {part.name.split(".")[1] for part in together.components}
    assert names == {"memory", "left", "right"}
    for part in together.components:
        assert part.busy_fs + sum(part.waiting_fs.values()) + part.idle_fs == together.time_fs, part.name
        assert set(part.waiting_fs) <= set(REASONS)


def test_sharing_a_narrow_memory_costs_both(together: Result, small_network: Workload) -> None:
    for one, entry in zip(together.accelerators, (LEFT, RIGHT), strict=True):
        assert one.cycles > 1.2 * alone(entry, small_network).accelerators[0].cycles
        assert one.bound_by == "offchip_bandwidth"


def test_on_an_ideal_memory_they_do_not_see_each_other(small_network: Workload) -> None:
    shared = run(both("memory=ideal"), small_network)
    for one, entry in zip(shared.accelerators, (LEFT, RIGHT), strict=True):
        single = run(scenario(f"accelerator=[{entry}]", "memory=ideal"), small_network)
        assert one.cycles == single.accelerators[0].cycles


def test_outputs_of_both_are_checked_and_their_operands_lie_apart(small_network: Workload) -> None:
    system = System(simpy.Environment(), both(NARROW, "check=true"), [small_network, small_network])
    system.env.run()
    assert system.finished
    left, right = (machine.plan for machine in system.machines)
    ends = [region.address + region.size_bytes for layer in left.weights for tile in layer for region in tile]
    starts = [region.address for layer in right.weights for tile in layer for region in tile]
    assert max(ends) <= left.end_address <= min(starts)
    result = collect(system, partial=False, wall_s=0.0)
    assert [one.predictions for one in result.accelerators] == [list(small_network.predictions or ())] * 2
    moved = sum(machine.dma.read_bytes + machine.dma.written_bytes for machine in system.machines)
    assert moved == result.offchip_bytes == system.memory.read_bytes + system.memory.written_bytes


def test_what_belongs_to_one_accelerator_is_told_of_the_run_only_where_it_is_alone(together: Result) -> None:
    assert (together.predictions, together.labels, together.compression) == (None, None, {})
    assert together.images == sum(one.images for one in together.accelerators) == 4


def test_one_of_a_list_is_the_same_as_one_without_a_name(small_network: Workload) -> None:
    named, unnamed = alone(LEFT, small_network), run(scenario("accelerator=dstripes", NARROW), small_network)
    assert (named.cycles, named.time_fs) == (unnamed.cycles, unnamed.time_fs)
    strip = [attrs.evolve(layer, accelerator=None) for layer in named.layers]
    assert strip == unnamed.layers


def test_a_layer_that_does_not_fit_is_named_with_its_accelerator(small_network: Workload) -> None:
    small = both("accelerator.right.am='128 B'")
    with pytest.raises(BadInput) as caught:
        System(simpy.Environment(), small, [small_network, small_network])
    assert caught.value.key == "accelerator.right.am"
    assert "does not fit" in str(caught.value)


def test_all_operands_together_must_fit_the_memory(small_network: Workload) -> None:
    soc = Module(simpy.Environment(), "soc")
    memory = Dram(soc, "memory", standard="hbm")
    left = both().machines[0]
    first = attach(soc, "left", left, memory, small_network).plan.end_address
    memory.capacity_bytes = 2 * first - 1
    with pytest.raises(BadInput, match=f"the operands take {2 * first} B of a memory of {2 * first - 1} B"):
        attach(soc, "right", left, memory, small_network, address=first)
    memory.capacity_bytes += 1
    assert attach(soc, "third", left, memory, small_network, address=first).plan.end_address == 2 * first
