"""Whole systems on a small real network: outputs, conservation, tiling of time, contention, granularity."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

import pytest
import simpy
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from small_networks import network, scenario

from tlm.core import READ, WRITE, BadInput, CheckFailed, Deadlock, Payload
from tlm.engines import Region
from tlm.result import REASONS, Result
from tlm.system import System, run
from tlm.system.collect import collect
from tlm.workload.layer import Workload

NARROW = "memory={standard: ddr4-3200, width: 16}"


def assert_whole(result: Result) -> None:
    """Everything a result promises of itself."""
    period = result.time_fs // result.cycles
    assert result.cycles * period == result.time_fs
    assert sum(layer.cycles for layer in result.layers) == result.cycles
    for layer in result.layers:
        assert (layer.compute_cycles or 0) + sum(layer.stalls.values()) == layer.cycles
        assert set(layer.stalls) <= set(REASONS)
    for part in result.components:
        assert part.busy_fs + sum(part.waiting_fs.values()) + part.idle_fs == result.time_fs, part.name
        assert min(part.busy_fs, part.idle_fs, *part.waiting_fs.values(), 0) >= 0
        assert set(part.waiting_fs) <= set(REASONS)


def assert_bytes_conserved(system: System, result: Result) -> None:
    """What the memory sent the DMA received; what the layers are told to have moved was moved."""
    stats, dma = system.memory.stats, system.machines[0].dma
    read = sum(part.read_bytes for layer in result.layers for part in layer.traffic.values())
    written = sum(part.written_bytes for layer in result.layers for part in layer.traffic.values())
    assert (stats.read_bytes, stats.written_bytes) == (dma.read_bytes, dma.written_bytes) == (read, written)


def run_whole(workload: Workload, *sets: str) -> Result:
    """Run, with every promise of the result and every stream's end checked."""
    system = System(simpy.Environment(), scenario(*sets), [workload])
    system.env.run()
    assert system.machines[0].dispatcher.finished
    result = collect(system, partial=False, wall_s=0.0)
    assert_whole(result)
    assert_bytes_conserved(system, result)
    for reads in (system.machines[0].am.stream, *(tile.wm.stream for tile in system.machines[0].tiles)):
        assert reads.head is None
        assert reads.arrived.count == reads.reserved == reads.freed
    assert system.machines[0].dma.in_flight == 0
    return result


SYSTEMS = {
    "as shipped": (),
    "one narrow channel": (NARROW,),
    "no compression": ("compression.codec=none",),
    "weights raw": ("compression.weights=none",),
    "aligned containers": ("compression.align_bits=64",),
    "one decompressor": ("compression.decompressors=1",),
    "few engines": ("compression.decompressors=3", "compression.compressors=1"),
    "small activation memory": ("accelerator.am=3 KiB",),
    "weights loaded again and again": ("accelerator.wm=2 KiB",),
    "both small, narrow": ("accelerator.am=3 KiB", "accelerator.wm=2 KiB", NARROW),
    "two bursts in flight": ("memory.outstanding=128 B",),
    "bit-parallel": ("accelerator=base",),
    "columns run ahead": ("accelerator=dstripes-column", "accelerator.registers=4"),
    "a small grid": ("accelerator.tiles=3", "accelerator.columns=4", "accelerator.rows=5"),
    "ideal memory": ("memory=ideal",),
    "slow activation memory": ("accelerator.activation_memory.banks=1", "accelerator.activation_memory.width_bits=64"),
    "slow weight memory's writes": ("accelerator.weight_memory.banks=1", "accelerator.weight_memory.width_bits=2048"),
}


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("granularity", ["coarse", "exact"])
def test_every_system_is_bit_exact_whole_and_loses_no_byte(
    name: str, granularity: str, small_network: Workload
) -> None:
    result = run_whole(small_network, *SYSTEMS[name], f"granularity={granularity}")
    assert result.checked
    assert result.predictions == list(small_network.predictions or ())


@pytest.mark.parametrize("name", SYSTEMS)
def test_coarse_is_within_one_percent_of_exact(name: str, lenet: Workload) -> None:
    sets = (*SYSTEMS[name], "check=false")
    coarse, exact = (run(scenario(*sets, f"granularity={g}"), lenet) for g in ("coarse", "exact"))
    assert coarse.cycles == pytest.approx(exact.cycles, rel=0.01)


@pytest.mark.parametrize("name", ["as shipped", "both small, narrow"])
def test_a_checked_run_takes_the_same_time_as_one_that_is_not(name: str, small_network: Workload) -> None:
    checked, timed = (run(scenario(*SYSTEMS[name], f"check={check}"), small_network) for check in ("true", "false"))
    assert checked.cycles == timed.cycles
    assert checked.layers == timed.layers
    assert not timed.checked


def test_two_runs_are_identical_but_for_the_wall_s_time(small_network: Workload) -> None:
    def document() -> str:
        found: dict[str, Any] = run(scenario(), small_network).as_json()
        return json.dumps({key: value for key, value in found.items() if key != "wall_s"})

    assert document() == document()


def stalls(result: Result, *reasons: str) -> int:
    return sum(layer.stalls.get(reason, 0) for layer in result.layers for reason in reasons)


def test_a_narrow_memory_stalls_the_array_and_says_so(small_network: Workload) -> None:
    wide, narrow = run(scenario(), small_network), run(scenario(NARROW), small_network)
    assert narrow.cycles > 1.5 * wide.cycles
    assert stalls(narrow, "offchip_bandwidth") > 10 * stalls(wide, "offchip_bandwidth")
    assert sum(layer.compute_cycles or 0 for layer in narrow.layers) == sum(
        layer.compute_cycles or 0 for layer in wide.layers
    )


def test_one_decompressor_is_the_bottleneck_and_named(small_network: Workload) -> None:
    result = run(scenario("compression.decompressors=1"), small_network)
    assert stalls(result, "decompression") > 0.8 * (
        result.cycles - sum(layer.compute_cycles or 0 for layer in result.layers)
    )
    engine = next(part for part in result.components if part.kind == "decompressor")
    assert engine.busy_fs > 0.8 * result.time_fs


SPILLING = ("accelerator.am=3000 B", NARROW)


@pytest.mark.parametrize(
    ("rest", "key", "values"),
    [
        ((), "memory.channels", (1, 2, 4, 8)),
        (SPILLING, "memory.channels", (1, 2, 4, 8)),
        ((), "compression.decompressors", (1, 16, 64, 256)),
        (SPILLING, "compression.decompressors", (1, 16, 64, 256)),
        (SPILLING, "compression.compressors", (1, 4, 64)),
        ((), "memory.outstanding", ("1 KiB", "8 KiB", "64 KiB", "1 MiB")),
        ((), "accelerator.wm", ("2 KiB", "16 KiB", "320 KiB")),
    ],
)
def test_more_of_anything_never_makes_a_run_slower(
    rest: tuple[str, ...], key: str, values: tuple[object, ...], lenet: Workload
) -> None:
    cycles = [run(scenario(*rest, f"{key}={value}", "check=false"), lenet).cycles for value in values]
    assert all(later <= 1.01 * earlier for earlier, later in pairwise(cycles)), cycles


def test_nothing_beats_its_roofline(small_network: Workload) -> None:
    for sets in SYSTEMS.values():
        system = System(simpy.Environment(), scenario(*sets, "check=false"), [small_network])
        system.env.run()
        result = collect(system, partial=False, wall_s=0.0)
        seconds, stats = result.time_fs / 1e15, system.memory.stats
        assert result.cycles >= sum(layer.compute_cycles or 0 for layer in result.layers)
        assert stats.read_bytes + stats.written_bytes <= stats.peak_bytes_per_s * seconds
        lanes = system.scenario.compression.decompressors
        values = sum(engine.values for engine in system.machines[0].decompressors.engines)
        assert values <= lanes * result.cycles


def test_no_compression_moves_more_where_compression_gains(small_network: Workload) -> None:
    """The small network is dense: its weights grow under DPRed, and the result says so."""
    packed, raw = (run(scenario(f"compression.codec={codec}"), small_network) for codec in ("dpred", "none"))
    assert packed.compression["weights"].ratio > 1
    assert raw.compression["weights"].ratio == 1
    assert packed.compression["weights"].entropy_bytes <= packed.compression["weights"].uncompressed_bytes


# --- corruption -------------------------------------------------------------------------------------------------


def corrupted(workload: Workload, region_of: Any, bit: int, *sets: str) -> str:
    """Flip a bit of a region where it lies in memory; the message of the run that finds it."""
    system = System(simpy.Environment(), scenario(*sets), [workload])
    region: Region = region_of(system.machines[0].plan)
    place = Payload(READ, region.address_of(bit // 8), bytearray(1))
    assert system.memory.transport_dbg(place) == 1
    flipped = bytearray([place.data[0] ^ 1 << bit % 8])
    assert system.memory.transport_dbg(Payload(WRITE, place.address, flipped)) == 1
    with pytest.raises(CheckFailed) as found:
        system.env.run()
    return str(found.value)


def test_a_flipped_bit_in_a_header_is_found_and_named(small_network: Workload) -> None:
    message = corrupted(small_network, lambda plan: plan.weights[2][0][0], 0)
    assert small_network.layers[2].name in message
    assert "weights, tile 0" in message


def test_a_flipped_bit_in_a_value_is_found_and_named(small_network: Workload) -> None:
    message = corrupted(small_network, lambda plan: plan.weights[0][1][0], 25)
    assert small_network.layers[0].name in message
    assert "value 0 arrived as" in message or "container of values 0" in message


def test_a_flipped_bit_of_the_input_is_found_and_named(small_network: Workload) -> None:
    assert "inputs, image 1" in corrupted(small_network, lambda plan: plan.tensors[0][1], 100)


def test_a_flipped_bit_of_alignment_padding_is_found(small_network: Workload) -> None:
    def padding(plan: Any) -> Region:
        region: Region = plan.weights[0][0][0]
        return region

    system = System(simpy.Environment(), scenario("compression.align_bits=64"), [small_network])
    first_end = int(padding(system.machines[0].plan).offsets[1]) - 1
    assert small_network.layers[0].name in corrupted(small_network, padding, first_end, "compression.align_bits=64")


def test_a_flipped_bit_behind_a_region_s_end_is_found(small_network: Workload) -> None:
    """The rest of the last burst: nobody decodes it, and it arrived all the same."""
    system = System(simpy.Environment(), scenario(), [small_network])
    region = system.machines[0].plan.weights[1][0][0]
    assert region.size_bytes % 64
    message = corrupted(small_network, lambda plan: plan.weights[1][0][0], 8 * region.size_bytes)
    assert "(padding)" in message
    assert f"byte {region.size_bytes} " in message


# --- refusals, deadlock -----------------------------------------------------------------------------------------


def test_a_layer_without_a_rule_is_refused_by_name_with_its_share(small_network: Workload) -> None:
    with pytest.raises(BadInput, match=r"no cycle rule for .* \(fc, [0-9.]+% of the MACs\)"):
        run(scenario("accelerator.rules.fc=null"), small_network)


def test_a_layer_that_is_passed_takes_no_array_time_but_its_traffic_counts(small_network: Workload) -> None:
    modelled = run_whole(small_network)
    result = run_whole(small_network, "accelerator.rules.fc=null", "unmodelled=pass")
    for layer, whole in zip(result.layers, modelled.layers, strict=True):
        assert (layer.compute_cycles is None) == (layer.kind == "fc")
        assert layer.traffic == whole.traffic
    assert result.predictions == modelled.predictions


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (("accelerator.am=512 B",), r"layer .* does not fit: .* activation memory"),
        (("accelerator.wm=256 B",), r"layer .* does not fit: .* tile's weight memory, which holds 256"),
        (("memory.outstanding=32 B",), "32 B in flight are less than one burst, 64 B"),
        (("accelerator.weight_memory.banks=1",), "the weight memory gives 256 bits a cycle"),
    ],
)
def test_what_does_not_fit_is_refused_before_the_run(
    sets: tuple[str, ...], message: str, small_network: Workload
) -> None:
    with pytest.raises(BadInput, match=message) as found:
        System(simpy.Environment(), scenario(*sets), [small_network])
    assert found.value.key


def test_a_run_that_stops_with_work_left_says_who_waits_for_what(
    small_network: Workload, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlm.engines.flow.ReadStream.free_to", lambda _stream, _count: None)
    with pytest.raises(Deadlock, match=r"deadlock at [\d,]+ fs: soc.accelerator.dma -> soc.accelerator.tile0 -> soc."):
        run(scenario("accelerator.wm=2 KiB"), small_network)


def test_an_interrupt_ends_with_what_there_is_marked_partial(small_network: Workload) -> None:
    whole = run(scenario(), small_network)

    @contextmanager
    def interrupted(system: System) -> Iterator[None]:
        def interrupt(_event: object) -> None:
            raise KeyboardInterrupt

        system.env.timeout(whole.layers[1].start_fs + 1).callbacks.append(interrupt)
        yield

    result = run(scenario(), small_network, watch=interrupted)
    assert result.partial
    assert result.layers[0].end_fs == whole.layers[1].start_fs  # of the first image
    assert [layer.cycles > 0 for layer in result.layers[2:]] == [False] * (len(small_network.layers) - 2)
    assert_whole(result)


@pytest.mark.parametrize("share", [0.001, 0.1, 0.37, 0.5, 0.83, 0.999])
@pytest.mark.parametrize("name", ["as shipped", "both small, narrow"])
def test_a_run_stopped_anywhere_holds_every_promise_so_far(name: str, share: float, small_network: Workload) -> None:
    whole = run(scenario(*SYSTEMS[name]), small_network)
    system = System(simpy.Environment(), scenario(*SYSTEMS[name]), [small_network])
    system.env.run(until=int(whole.time_fs * share))
    system.machines[0].dispatcher.interrupt()
    result = collect(system, partial=True, wall_s=0.0)
    assert_whole(result)
    assert 0 <= result.time_fs - int(whole.time_fs * share) < result.time_fs // result.cycles
    moved = [part for layer in result.layers for part in layer.traffic.values()]
    assert sum(part.read_bytes for part in moved) == system.machines[0].dma.read_bytes
    assert all(a.cycles <= b.cycles for a, b in zip(result.layers, whole.layers, strict=True))


def test_too_little_weight_memory_is_named_where_nothing_else_holds_the_weights_up(lenet: Workload) -> None:
    """With an ideal memory and quick engines only room is missing: more of it removes the stall, and it alone."""
    sets = ("memory=ideal", "accelerator.wm=4 KiB", "accelerator.weight_memory.latency_cycles=500", "check=false")
    small, large = run(scenario(*sets), lenet), run(scenario(*sets, "accelerator.wm=320 KiB"), lenet)
    assert stalls(small, "wm_capacity") > 0.8 * (small.cycles - large.cycles)
    assert large.cycles < 0.7 * small.cycles


sizes = st.fixed_dictionaries(
    {
        "accelerator.am": st.sampled_from(["1 KiB", "2 KiB", "3 KiB", "5 KiB", "64 KiB"]),
        "accelerator.wm": st.sampled_from(["256 B", "1 KiB", "2 KiB", "5 KiB", "64 KiB"]),
        "memory.request": st.sampled_from(["64 B", "192 B", "1 KiB", "16 KiB"]),
        "memory.outstanding": st.sampled_from(["64 B", "320 B", "4 KiB", "1 MiB"]),
        "memory.standard": st.sampled_from(["hbm", "ddr4-3200", "ideal"]),
        "compression.codec": st.sampled_from(["dpred", "none", "profile", "bitmap"]),
        "compression.align_bits": st.sampled_from(["null", "64"]),
        "compression.decompressors": st.integers(1, 40),
        "compression.compressors": st.integers(1, 20),
        "accelerator.tiles": st.sampled_from([1, 2, 16]),
        "accelerator.columns": st.sampled_from([1, 5, 16]),
        "accelerator.rows": st.sampled_from([3, 16]),
        "granularity": st.sampled_from(["coarse", "exact"]),
    }
)


@given(sizes)
@settings(max_examples=40, deadline=None, phases=[Phase.generate], derandomize=True)
def test_any_sizes_are_refused_before_the_run_or_complete_bit_exact(sizes: dict[str, object]) -> None:
    sets, workload = [f"{key}={value}" for key, value in sizes.items()], network()
    try:
        System(simpy.Environment(), scenario(*sets), [workload])
    except BadInput as error:
        assert "does not fit" in str(error) or "in flight" in str(error)
        return
    run_whole(workload, *sets)


def test_the_dispatcher_tells_how_far_the_run_is(small_network: Workload) -> None:
    system = System(simpy.Environment(), scenario(), [small_network])
    assert system.machines[0].dispatcher.standing() is None
    system.env.run()
    standing = system.machines[0].dispatcher.standing()
    assert standing is not None
    assert (standing.layer, standing.image) == (small_network.layers[-1].name, small_network.layers[0].images - 1)
    assert standing.passes_done == standing.passes
    assert 0 < standing.cycles_done == standing.cycles


def test_a_dma_that_may_have_little_in_flight_is_not_taken_for_a_slow_array(small_network: Workload) -> None:
    result = run(scenario("memory.outstanding='64 B'", "compression=none"), small_network)
    assert result.accelerators[0].bound_by == "offchip_latency"
    layer = max(result.layers, key=lambda layer: layer.cycles)
    assert 0.9 * layer.cycles < layer.occupied["dma"] <= layer.cycles
    assert all(
        layer.occupied["dma"] == 0 for layer in run(scenario("memory.outstanding='64 MiB'"), small_network).layers
    )
