"""The precision study's tile as a whole system: its buffers, its own networks, and networks of other formats."""

from __future__ import annotations

from functools import cache

import pytest
import simpy
from small_networks import network, scenario

from tlm.core import simulate
from tlm.result import Result
from tlm.system import System, run
from tlm.system.comparing import compare, variants
from tlm.workload.layer import Workload
from tlm.workload.source import load_workload

#: Each format, the shipped LeNet of it (of 32 bits and floats there is none), and the codec of its weights.
FORMATS = {
    "fp32": ("fixed16", "none"),
    "fixed32": ("fixed16", "none"),
    "fixed16": ("fixed16", "none"),
    "fixed8": ("fixed8", "none"),
    "fixed4": ("fixed4", "profile"),
    "pow2": ("pow2", "pow2"),
    "binary": ("binary", "binary"),
}
LENET = [1440, 8000, 1600, 32]  # 576 x 20 / 16 x 2, 64 x 50 / 16 x 20 x 2, 50 x 32, 32 cycles
SIZES = (500, 25_000, 400_000, 5_000)
WEIGHTS = sum(SIZES)


def lenet(machine: str, form: str, *more: str) -> Result:
    """The scenario `lenet` with the network of a format on the tile of another."""
    weights = f"workload.weights=nets/checkpoints/lenet-{form}.pt"
    one = scenario(f"accelerator=nfu-{machine}", weights, "compression=none", "memory=hbm", *more)
    return run(one, [load_workload(one.workload, one.find)])


@pytest.mark.parametrize("form", FORMATS)
def test_a_network_of_the_format_runs_checked_in_the_formulas_cycles(form: str) -> None:
    network_form, codec = FORMATS[form]
    result = lenet(form, network_form, f"compression.weights={codec}")
    assert result.checked and result.notes == []
    assert [layer.compute_cycles for layer in result.layers] == [n + (16 if form == "fp32" else 0) for n in LENET]
    assert result.cycles < 1.01 * sum(LENET) + 64
    assert result.predictions == result.labels


@pytest.mark.parametrize(("form", "bits"), [("fixed16", 16), ("fixed8", 8), ("pow2", 6), ("binary", 1)])
def test_main_memory_holds_weights_of_the_formats_width(form: str, bits: int) -> None:
    result = lenet(form, *FORMATS[form][:1], f"compression.weights={FORMATS[form][1]}", "check=false")
    read = sum(layer.traffic["weights"].read_bytes for layer in result.layers)
    assert read == pytest.approx(WEIGHTS * bits / 8, rel=0.01)


def test_of_4_bits_main_memory_holds_those_that_a_layer_needs() -> None:
    result = lenet("fixed4", "fixed4", "compression.weights=profile", "check=false")
    read = [8 * layer.traffic["weights"].read_bytes / n for layer, n in zip(result.layers, SIZES, strict=True)]
    assert all(bits < 4.2 for bits in read[1:3])  # whole bursts


@cache
def machine_of(form: str, *more: str) -> System:
    """The small network on the tile of a format, run."""
    system = System(simpy.Environment(), scenario(f"accelerator=nfu-{form}", "check=false", *more), [network()])
    simulate(system)
    return system


@pytest.mark.parametrize("form", FORMATS)
def test_every_formats_buffers_have_as_many_entries_and_the_same_time(form: str) -> None:
    [own], [other] = machine_of(form).machines, machine_of("fixed16").machines
    assert own.plan.wm_values == other.plan.wm_values == 1 << 16
    assert own.plan.am == other.plan.am
    fills = 16 * sum(layer.kind in ("conv", "fc") for layer in network().layers) * 2 if form == "fp32" else 0
    found, expected = (sum(run.compute_cycles for run in one.dispatcher.ended) for one in (own, other))
    assert found == expected + fills


@pytest.mark.parametrize(("form", "weight_bits", "input_bits"), [("fp32", 32, 32), ("pow2", 6, 16), ("binary", 1, 16)])
def test_accesses_of_buffers_are_as_wide_as_their_entries(form: str, weight_bits: int, input_bits: int) -> None:
    """The workload's own width, 8 bits, is that of none of them."""
    [own], [other] = machine_of(form).machines, machine_of("fixed8").machines
    for mine, whose, bits in ((own.am, other.am, input_bits), (own.tiles[0].wm, other.tiles[0].wm, weight_bits)):
        for name in ("read_bytes", "written_bytes"):
            found, expected = (sum(getattr(one, name).values()) for one in (mine, whose))
            assert expected > 1000
            assert found == pytest.approx(expected * bits / 8, rel=0.03), name  # whole bytes a pass


def test_the_array_reads_the_inputs_of_every_window() -> None:
    """A pass of 16 windows and a set of filters takes 5 x 5 values of each channel for each of its windows."""
    program = machine_of("fixed8", "granularity=exact").machines[0].plan.programs[0]
    assert program.geometry.kernel == (5, 5) and program.geometry.steps == 3
    windows = program.windows[1] - program.windows[0]
    assert (program.reads == 25 * windows).all()


def test_a_network_of_another_format_is_told() -> None:
    assert lenet("fixed4", "fixed8", "check=false").notes == [
        "nfu-fixed4 is made for fixed4 weights and fixed4 inputs, as the weights of conv1, conv2, fc1, fc2 and the "
        "inputs of conv1, conv2, fc1, fc2 are not: its time, energy and room are as if they were"
    ]
    assert lenet("fixed16", "fixed8", "check=false").notes == []


def test_comparisons_tell_it_too() -> None:
    one = scenario("accelerator=nfu-fixed8", "compression=none", "check=false")
    others = variants(one, ["nfu-fixed16", "nfu-fixed4", "nfu-binary"])
    workload: Workload = load_workload(one.workload, one.find)
    wide, narrow, signs = compare(others, [workload])
    assert wide.cycles == narrow.cycles == signs.cycles
    assert wide.energy_j is not None and narrow.energy_j is not None and signs.energy_j is not None
    assert wide.energy_j > narrow.energy_j > signs.energy_j
    assert wide.notes == []
    assert [note.split(",")[0] for note in (*narrow.notes, *signs.notes)] == [
        "nfu-fixed4 is made for fixed4 weights and fixed4 inputs",
        "nfu-binary is made for binary weights and fixed16 inputs",
    ]


def test_maps_that_its_small_memory_cannot_stream_are_refused_with_the_way_out() -> None:
    one = scenario("accelerator={preset: nfu-fixed8, am: 1 KiB}")
    with pytest.raises(Exception, match=r"layer conv2 does not fit: .* am holds 1024; enlarge am"):
        run(one, [load_workload(one.workload, one.find)])
