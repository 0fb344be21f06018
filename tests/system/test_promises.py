"""What every result promises of itself, on random systems of up to three accelerators, whole and interrupted."""

from __future__ import annotations

import json

import pytest
import simpy
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st
from small_networks import network, scenario

from tlm.accelerators.parts import Machine
from tlm.core import BadInput, Module, simulate
from tlm.memory import Dram
from tlm.result import ARRAY, REASONS, Result
from tlm.system import System, accelerator, attach, layers
from tlm.system.collect import collect


def fields(**choices: list[object]) -> st.SearchStrategy[str]:
    """A mapping of some of these keys, as a scenario writes it."""
    drawn = st.fixed_dictionaries({}, optional={key: st.sampled_from(values) for key, values in choices.items()})
    return drawn.map(lambda chosen: "{" + ", ".join(f"{key}: {value}" for key, value in chosen.items()) + "}")


ENGINES = fields(
    codec=["dpred", "none", "profile", "bitmap"],
    decompressors=[1, 4, 64],
    compressors=[1, 8],
    clock=["200 MHz", "2 GHz"],
)
MACHINES = st.tuples(
    st.sampled_from(["base", "stripes", "dstripes", "dstripes-column"]),
    fields(tiles=[1, 4], columns=[1, 8], clock=["333 MHz", "2 GHz"], am=["4 KiB", "64 KiB"], wm=["2 KiB", "16 KiB"]),
    ENGINES,
)
MEMORIES = fields(standard=["ddr4-3200", "lpddr4-3200", "hbm"], channels=[1, 2], width=[16, 32], outstanding=["1 KiB"])


def entry(name: str, preset: str, own: str, engines: str) -> str:
    rest = own.strip("{}")
    return f"{{name: {name}, preset: {preset}, compression: {engines}{', ' + rest if rest else ''}}}"


def assert_promises(system: System, result: Result) -> None:
    for machine, told in zip(system.machines, result.accelerators, strict=True):
        own = [layer for layer in result.layers if layer.accelerator == told.name]
        compute = sum(layer.compute_cycles or 0 for layer in own)
        assert sum(layer.cycles for layer in own) == told.cycles >= told.roofline_cycles >= compute
        assert told.cycles + told.idle_cycles == result.time_fs // machine.clock.period_fs
        assert {told.bound_by} | {layer.bound_by for layer in own} <= {ARRAY, *REASONS}
        for layer in own:
            assert (layer.compute_cycles or 0) + sum(layer.stalls.values()) == layer.cycles
            assert layer.cycles >= layer.roofline_cycles >= (layer.compute_cycles or 0)
            assert all(0 <= taken <= layer.cycles for taken in layer.occupied.values())
    for part in result.components:
        assert part.busy_fs + sum(part.waiting_fs.values()) + part.idle_fs == result.time_fs, part.name
        assert min(part.busy_fs, part.idle_fs, *part.waiting_fs.values()) >= 0, part.name
        if part.rate is not None and part.kind == "memory channel":
            assert part.rate.moved <= part.rate.peak_per_s * part.busy_fs / 1e15 + 1, part.name
    assert result.offchip_bytes == sum(one.dma.read_bytes + one.dma.written_bytes for one in system.machines)
    json.dumps(result.as_json(), allow_nan=False)


@given(st.lists(MACHINES, min_size=1, max_size=3), MEMORIES, st.floats(0, 1))
@settings(max_examples=8, deadline=None, phases=[Phase.generate], derandomize=True)
def test_a_result_keeps_its_promises_whole_and_interrupted(
    machines: list[tuple[str, str, str]], memory: str, share: float
) -> None:
    listed = ", ".join(entry(name, *one) for name, one in zip("abc", machines, strict=False))
    own = scenario(f"accelerator=[{listed}]", f"memory={memory}")
    workloads = [network()] * len(machines)
    try:
        whole = System(simpy.Environment(), own, workloads)
    except BadInput:
        assume(False)
    simulate(whole)
    result = collect(whole, partial=False, wall_s=0.0)
    assert_promises(whole, result)
    assert whole.memory.read_bytes + whole.memory.written_bytes == result.offchip_bytes
    part = System(simpy.Environment(), own, workloads)
    part.env.run(until=1 + int(share * (result.time_fs - 1)))
    for machine in part.machines:
        machine.dispatcher.interrupt()
    assert_promises(part, collect(part, partial=True, wall_s=0.0))


@pytest.mark.parametrize("began_fs", [1_000_000, 987_654_321_987])
def test_a_machine_in_an_environment_that_began_later_tells_its_own_time(began_fs: int) -> None:
    def ran(initial_fs: int) -> Machine:
        soc = Module(simpy.Environment(initial_fs), "soc")
        memory = Dram(soc, "memory", standard="hbm")
        machine = attach(soc, "machine", scenario("check=false"), memory, network())
        simulate(soc)
        return machine

    machine = ran(began_fs)
    told = layers(machine)
    for layer in told:
        assert (layer.compute_cycles or 0) + sum(layer.stalls.values()) == layer.cycles
        assert all(0 <= taken <= layer.cycles for taken in layer.occupied.values())
    early = layers(ran(0))
    assert sum(layer.cycles for layer in told) == pytest.approx(sum(layer.cycles for layer in early), rel=0.02)
    assert accelerator(machine).cycles == sum(layer.cycles for layer in told)
