"""Several operands as one stream: against a plain reading of what each pass reads, value by value."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from graph_workloads import NETWORKS, Graph
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm.accelerators.joined import Joined
from tlm.accelerators.order import Order
from tlm.accelerators.plan import Arrivals
from tlm.accelerators.program import Pass, Program
from tlm.accelerators.spec import AcceleratorSpec
from tlm.codecs import codec
from tlm.engines import Cut, Load
from tlm.mapping.encoding import Encoding
from tlm.mapping.passes import Shape, structure
from tlm.mapping.tensors import Tensors
from tlm.memory import OnChipSpec
from tlm.workload.layer import Layer, Workload

CUT = Cut(burst=32, request=128, values=64)


def machine(columns: int = 4) -> AcceleratorSpec:
    port = OnChipSpec(16, 256)
    rules = {"conv": "dstripes", "fc": "dstripes", "pointwise": "pointwise"}
    return AcceleratorSpec("test", rules, 3, 4, columns, 16, 1e9, 2**20, 2**20, port, port)


def tensors_of(workload: Workload) -> Tensors:
    return Tensors(workload, Encoding(codec("dpred"), "compression.codec", None, False, lambda _size: 0).region, CUT)


def arriving(workload: Workload, layer: int, loads: int, exact: bool) -> tuple[Program, Arrivals]:
    """Layer number `layer` with all its operands streamed."""
    program = structure(workload.layers[layer], machine(), Shape(Order(input_loads=loads), 2, exact))
    found = tensors_of(workload).arrivals(layer, program, [False] * workload.tensors)[0]
    assert found is not None
    return program, found


def order(arrivals: Arrivals) -> list[tuple[int, int]]:
    """(region, value) of every value of the stream, by taking the runs one after the other."""
    load = Load(arrivals.regions, arrivals.need, arrivals.need, 0, 0, (), arrivals.turns)
    before, stream = Counter[int](), []
    for number, _wanted_by, run in load.runs(CUT):
        stream += [(number, value) for value in range(before[number], run[-1].values)]
        before[number] = run[-1].values
    return stream


CASES = [
    (name, layer)
    for name, made in NETWORKS.items()
    for layer, one in enumerate(made().layers)
    if one.kind in ("conv", "fc", "pointwise")
]


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("again", [False, True])
@pytest.mark.parametrize(("name", "layer"), CASES)
def test_what_a_pass_reads_has_arrived_and_is_not_free(name: str, layer: int, again: bool, exact: bool) -> None:
    workload = NETWORKS[name]()
    one = workload.layers[layer]
    once = structure(one, machine(), Shape(Order(), 2, exact))
    units = {"fc": once.geometry.filter_sets, "conv": one.groups, "pointwise": 1}[one.kind]
    program, arrivals = arriving(workload, layer, units if again else 1, exact)
    stream = order(arrivals)
    assert len(set(stream)) == len(stream) == arrivals.count
    place = {value: number for number, value in enumerate(stream)}
    sources = workload.sources(layer)
    numbers = [region.tensor for region in arrivals.regions]
    reads = [
        {(numbers.index(sources[operand]), value) for operand, value in values_read(program, work)}
        for work in program.run(0)
    ]
    load = program.input_unit.tolist() if program.input_loads > 1 else [0] * program.passes
    later: list[set[tuple[int, int]]] = [set()] * program.passes  # of the same load, what later passes read
    for index in reversed(range(program.passes - 1)):
        same = load[index + 1] == load[index]
        later[index] = (later[index + 1] | reads[index + 1]) if same else set()
    for index, values in enumerate(reads):
        base = load[index] * arrivals.count
        assert all(base + place[value] < arrivals.need[index] for value in values)
        held = max(0, arrivals.need[index] - arrivals.free[index])  # of what has come, what must still have room
        assert held >= sum(base + place[value] < arrivals.need[index] for value in later[index])
    assert (np.diff(arrivals.need) >= 0).all() and (np.diff(arrivals.free) >= 0).all()
    assert arrivals.need[-1] == arrivals.free[-1] == program.input_loads * arrivals.count


def values_read(program: Program, work: Pass) -> set[tuple[int, int]]:
    """(operand, value) that a pass reads, by plain loops."""
    layer, geometry = program.layer, program.geometry
    if layer.kind == "pointwise":
        return pointwise_reads(layer, program, work)
    joined = Joined.of(layer)
    at = {
        int(place): (operand, value)
        for operand, count in enumerate(joined.counts)
        for value, place in enumerate(joined.places(operand, np.arange(count)))
    }
    steps = slice(*(int(program.reduction.step_starts[step]) for step in work.steps))
    own = program.reduction.order[steps].tolist()
    if layer.kind == "fc":
        return {at[value] for value in own}
    _, _, height, width = layer.inputs.shape
    found = set()
    for window in range(*work.windows):
        oy, ox = divmod(window, geometry.out_size[1])
        for tap in own:
            channel, position = divmod(tap, geometry.kernel[0] * geometry.kernel[1])
            ky, kx = divmod(position, geometry.kernel[1])
            y = oy * layer.stride[0] - layer.padding[0] + ky * layer.dilation[0]
            x = ox * layer.stride[1] - layer.padding[1] + kx * layer.dilation[1]
            if 0 <= y < height and 0 <= x < width:
                found.add(at[(y * width + x) * joined.width + channel + work.group * geometry.group_channels])
    return found


def pointwise_reads(layer: Layer, program: Program, work: Pass) -> set[tuple[int, int]]:
    rule, found = layer.pointwise, set()
    assert rule is not None
    first = work.filter_set * program.geometry.grid.filters
    for filter_ in range(first, min(first + program.geometry.grid.filters, layer.filters)):
        for window in range(*work.windows):
            if rule.op == "move":
                assert rule.index is not None
                value, operand = int(rule.index.reshape(layer.filters, -1)[filter_, window]), 0
                while value >= 0 and value >= layer.operands[operand][0].size:
                    value, operand = value - layer.operands[operand][0].size, operand + 1
                found |= {(operand, value)} if value >= 0 else set()
            elif rule.op in ("add", "multiply"):
                y, x = divmod(window, layer.out_size[1])
                for operand, tensor in enumerate(layer.operands):
                    channels, height, width = (*tensor.shape[1:], 1, 1)[:3]
                    at = (y % height * width + x % width) * channels + filter_ % channels
                    found.add((operand, at))
            else:
                gates = (3,) if rule.op == "lstm-hidden" else (0, 1, 2)
                found |= {(0, layer.filters * gate + filter_) for gate in gates} | {(1, filter_)}
    return found


def test_positions_of_two_maps_come_side_by_side() -> None:
    """Sums need both maps alike; what is broadcast comes first and stays."""
    net = Graph((8, 20, 20), (8, 20, 20), (8,))
    net.add(0, 1, 2)
    program, arrivals = arriving(net.done(), 0, 1, exact=False)
    stream = order(arrivals)
    assert {region for region, _ in stream[: 8 + 2 * 64]} == {0, 1, 2}
    ahead = [
        abs(sum(1 for region, _ in stream[:n] if region == 0) - sum(1 for region, _ in stream[:n] if region == 1))
        for n in range(0, len(stream), 50)
    ]
    assert max(ahead) <= 256 + 8  # a run
    assert (arrivals.need - np.append(0, arrivals.free[:-1])).max() < 3 * 256 + 2 * 16 * 8
    assert program.reads.sum() == 2 * 3200 + 8 * 100  # the vector again for every set of 4 windows


def test_streams_in_sequence_come_one_after_the_other() -> None:
    net = Graph((900,), (700,))
    net.fc(0, 1, join="sequence")
    _, arrivals = arriving(net.done(), 0, 1, exact=False)
    assert [region for region, _ in order(arrivals)] == [0] * 900 + [1] * 700


def test_what_is_taken_by_nobody_models_is_taken_part_by_part() -> None:
    net = Graph((10, 30, 30), (50,))
    net.other(0, 1, shape=(4, 2, 2))
    program, arrivals = arriving(net.done(), 0, 1, exact=False)
    assert (arrivals.need - np.append(0, arrivals.free[:-1])).max() < 1500
    assert arrivals.need[program.completes][0] == 9050
    assert program.reads.sum() == 9050


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 5)), min_size=1, max_size=3), st.integers(0, 60))
@settings(max_examples=60)
def test_prefixes_and_places_agree(shapes: list[tuple[int, int]], count: int) -> None:
    """Of the first n values of the joined stream, each operand's are a prefix of its own."""
    positions = shapes[0][1]
    widths = tuple(width for width, _ in shapes)
    joined = Joined(tuple(width * positions for width in widths), widths)
    count = min(count, sum(joined.counts))
    found = joined.prefixes(np.array([count]))[:, 0].tolist()
    assert sum(found) == count
    for operand, prefix in enumerate(found):
        places = joined.places(operand, np.arange(joined.counts[operand]))
        assert (places < count).tolist() == [value < prefix for value in range(joined.counts[operand])]
