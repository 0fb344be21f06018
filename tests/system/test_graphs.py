"""Networks that are graphs, run whole and checked: bit for bit, with all tensors in AM and with none."""

from __future__ import annotations

import numpy as np
import pytest
import simpy
from graph_workloads import NETWORKS, Graph, only_parts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tlm.accelerators.preset import preset_names
from tlm.core import BadInput
from tlm.result import Result
from tlm.scenario import Scenario, load
from tlm.system import System, run
from tlm.workload.layer import Workload

NARROW = ("memory.standard=lpddr4-4267", "memory.outstanding=4 KiB")
MEMORIES = {"hbm": (), "narrow": NARROW}


def scenario(*sets: str) -> Scenario:
    """The shipped LeNet scenario, checked, with `sets` laid over it; its workload is not what is run."""
    return load("lenet", ["unmodelled=pass", "check=true", *sets])


def tiled(result: Result) -> None:
    """Layers follow each other without a gap, and every component's time adds up to the run."""
    assert sum(layer.cycles for layer in result.layers) == result.cycles
    for layer in result.layers:
        assert layer.cycles == (layer.compute_cycles or 0) + sum(layer.stalls.values())
    for part in result.components:
        assert part.busy_fs + sum(part.waiting_fs.values()) + part.idle_fs == result.time_fs


def operand_bytes(result: Result) -> dict[str, tuple[int, int]]:
    """{operand: bytes (read, written)} of all layers."""
    return {
        operand: (
            sum(layer.traffic[operand].read_bytes for layer in result.layers),
            sum(layer.traffic[operand].written_bytes for layer in result.layers),
        )
        for operand in ("weights", "inputs", "outputs")
    }


def moved_as_planned(workload: Workload, *sets: str) -> Result:
    """Run it; every tensor off the chip is written once, and read once by each of its readers."""
    made = scenario(*sets)
    plan = System(simpy.Environment(), made, [workload]).machines[0].plan
    burst = plan.activation_cut.burst
    read = written = 0
    for tensor, regions in enumerate(plan.tensors):
        for region in regions:
            if region is not None:
                size = -(-region.size_bytes // burst) * burst
                loads = [plan.programs[layer].input_loads for layer in workload.readers(tensor)]
                read += size * sum(loads)
                written += size * (tensor >= workload.inputs)
    result = run(made, workload)
    moved = operand_bytes(result)
    assert moved["inputs"] == (read, 0)
    assert moved["outputs"] == (0, written)
    tiled(result)
    return result


@pytest.mark.parametrize("granularity", ["coarse", "exact"])
@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_computes_what_it_should(name: str, memory: str, granularity: str) -> None:
    workload = NETWORKS[name]()
    moved_as_planned(workload, f"granularity={granularity}", *MEMORIES[memory])


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("name", NETWORKS)
def test_tensors_spill_one_after_the_other(name: str, memory: str) -> None:
    """Down to an AM in which a layer cannot be streamed, which is refused by name."""
    workload, bytes_before = NETWORKS[name](), 0
    for size in (6000, 4000, 3500, 3000, 2500, 2000):
        try:
            result = moved_as_planned(workload, f"accelerator.am={size} B", *MEMORIES[memory])
        except BadInput as error:
            assert "does not fit" in str(error)
            return
        assert result.offchip_bytes >= bytes_before
        bytes_before = result.offchip_bytes


@pytest.mark.parametrize("name", ["residual", "shaped"])
def test_an_operand_that_is_the_only_one_need_not_be_a_part(name: str) -> None:
    workload = NETWORKS[name]()
    whole, plain = run(scenario(), workload).as_json(), run(scenario(), only_parts(workload)).as_json()
    del whole["wall_s"], plain["wall_s"]
    assert whole == plain


@pytest.mark.parametrize("preset", preset_names())
def test_other_machines_take_graphs_too(preset: str) -> None:
    for made in NETWORKS.values():
        tiled(run(scenario(f"accelerator={{preset: {preset}, am: 12000 B}}"), made()))


#: Every kind of layer with the maps in planes: SCNN's, and bricks' rules on them.
PLANES = {
    "scnn": ("accelerator={preset: scnn-8x8, rules: {conv: scnn, fc: dstripes, pointwise: pointwise}}",),
    "few_at_once": (
        "accelerator={preset: scnn-8x8, rows: 4, columns: 3, accumulators: 130, "
        "rules: {conv: scnn, fc: base, pointwise: pointwise}}",
        "granularity=exact",
    ),
    "dstripes": ("accelerator.layout=planes",),
}


@pytest.mark.parametrize("machine", PLANES)
@pytest.mark.parametrize("name", NETWORKS)
def test_maps_may_lie_in_planes(name: str, machine: str) -> None:
    workload = NETWORKS[name]()
    for size in ("4 MiB", "4000 B"):
        try:
            moved_as_planned(workload, *PLANES[machine], f"accelerator.am={size}")
        except BadInput as error:
            assert "does not fit" in str(error) and size == "4000 B"


def test_what_nobody_reads_is_kept_nowhere() -> None:
    workload = NETWORKS["unmodelled"]()
    unread = next(t for t in range(workload.inputs, workload.tensors) if not workload.readers(t))
    result = run(scenario("accelerator.am=2000 B"), workload)
    assert result.layers[unread - workload.inputs].traffic["outputs"].written_bytes == 0


def test_a_layer_nobody_models_is_refused_by_name_or_takes_no_array_time() -> None:
    workload = NETWORKS["unmodelled"]()
    with pytest.raises(BadInput, match=r"no cycle rule for other2 \(other: softmax, 0.0% of the MACs\)"):
        run(load("lenet", []), workload)
    layer = run(scenario(), workload).layers[2]
    assert (layer.kind, layer.compute_cycles) == ("other", None)
    assert layer.traffic["inputs"].read_bytes > 0


def test_a_machine_without_a_rule_for_pointwise_layers_passes_them() -> None:
    result = run(scenario("accelerator.rules.pointwise=null", "accelerator.am=6000 B"), NETWORKS["residual"]())
    assert {layer.kind for layer in result.layers if layer.compute_cycles is None} == {"pointwise"}
    with pytest.raises(BadInput, match=r"pointwise3 \(pointwise: add, 0.0% of the MACs\)"):
        run(load("lenet", ["accelerator.rules.pointwise=null"]), NETWORKS["residual"]())


def test_pointwise_cycles_are_the_windows_of_each_filter_set() -> None:
    net = Graph((300, 5, 7))
    net.add(0, 0)
    result = run(scenario("accelerator.rows=4"), net.done())
    assert result.layers[0].compute_cycles == 35 * -(-300 // (16 * 4))


@pytest.mark.parametrize("memory", MEMORIES)
@pytest.mark.parametrize("am", ["4 MiB", "24 KiB"])
def test_coarse_is_within_one_per_cent_of_exact(memory: str, am: str) -> None:
    """A residual network large enough for a request or a refresh not to count."""
    net = Graph((16, 24, 24))
    first = net.conv(0, filters=32)
    for _ in range(3):
        deep = net.conv(net.conv(first, filters=32), filters=32, signed=True)
        first = net.add(deep, first)
    net.fc(net.conv(first, net.conv(first, filters=16), filters=32, stride=(2, 2)))
    workload = net.done()
    coarse, exact = (
        run(scenario("check=false", f"granularity={word}", f"accelerator.am={am}", *MEMORIES[memory]), workload).cycles
        for word in ("coarse", "exact")
    )
    assert coarse == pytest.approx(exact, rel=0.01)


@st.composite
def graphs(draw: st.DrawFn) -> Workload:
    """Up to eight small layers, each reading any tensors before it that it can."""
    size = (draw(st.integers(3, 6)), draw(st.integers(3, 6)))
    net = Graph((3, *size), (4, *size), seed=draw(st.integers(0, 99)))
    maps, vectors = [0, 1], list[int]()
    for _ in range(draw(st.integers(1, 8))):
        kind = draw(st.sampled_from(["conv", "conv", "add", "multiply", "move", "other", "fc"]))
        some = draw(st.lists(st.sampled_from(maps), min_size=1, max_size=3))
        signed = draw(st.booleans())
        if kind == "conv":
            groups = draw(st.sampled_from([1, 1, 2]))
            if sum(net.tensors[one].shape[1] for one in some) % groups:
                groups = 1
            zeros = (draw(st.integers(-3, 9)), draw(st.integers(-3, 3)))
            filters = groups * draw(st.sampled_from([1, 5, 17]))
            maps.append(net.conv(*some, filters=filters, groups=groups, zeros=zeros, signed=signed))
        elif kind in ("add", "multiply"):
            channels = net.tensors[some[0]].shape[1]
            fitting = [one for one in some if net.tensors[one].shape[1] in (1, channels)]
            gates = [one for one in vectors if net.tensors[one].shape[1] == channels]
            maps.append(getattr(net, kind)(some[0], *fitting[1:], *gates[:1], signed=signed))
        elif kind == "move":
            count = sum(net.tensors[one][0].size for one in some)
            index = net.rng.integers(-1, count, (draw(st.sampled_from([2, 9])), *size))
            maps.append(net.move(*some, shape=index.shape, index=index, signed=signed))
        elif kind == "other":
            maps.append(net.other(*some, shape=(4, *size)))
        else:
            join = draw(st.sampled_from(["channels", "sequence"]))
            vectors.append(net.fc(*some, join=join, filters=draw(st.sampled_from([4, 17]))))
    layers = range(net.inputs, len(net.tensors))
    return net.done(*sorted({*draw(st.sets(st.sampled_from(layers), max_size=2)), layers[-1]}))


SMALL_GRID = ("accelerator.tiles=4", "accelerator.rows=2", "accelerator.columns=4", "accelerator.lanes=4")


@given(
    graphs(),
    st.sampled_from([1200, 1600, 2500, 10**6]),
    st.sampled_from(["coarse", "exact"]),
    st.booleans(),
    st.sampled_from([SMALL_GRID, SMALL_GRID, *PLANES.values()]),
)
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_graph_runs_bit_exact_and_conserves_bytes_and_time(
    workload: Workload, am: int, granularity: str, narrow: bool, machine: tuple[str, ...]
) -> None:
    sets = (*machine, f"accelerator.am={am} B", f"granularity={granularity}", *(NARROW if narrow else ()))
    try:
        moved_as_planned(workload, *sets)
    except BadInput as error:
        assert "does not fit" in str(error) and am < 10**6


def test_broadcast_in_one_direction() -> None:
    net = Graph((3, 6, 4), (1, 6, 1), (3, 1, 4))
    net.multiply(net.add(0, 1), 2)
    moved_as_planned(net.done())


def test_an_input_that_is_also_read_last_comes_again() -> None:
    net = Graph((3, 6, 4))
    net.add(net.conv(net.conv(0, filters=3), filters=3), 0)
    result = moved_as_planned(net.done())
    reads = [layer.traffic["inputs"].read_bytes for layer in result.layers]
    assert reads[0] == reads[2] > 0 == reads[1]


def test_rounding_of_arrays_is_integer() -> None:
    """The hand-made networks are what they say: 8-bit codes."""
    for made in NETWORKS.values():
        for layer in made().layers:
            assert int(np.abs(layer.outputs).max()) <= 255
