"""A run's own figures, found again in both files by whoever decodes them; looking on leaves the run as it is."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

import attrs
import pytest
from decoding import FS_PER_NS
from small_networks import scenario
from systems import Seen

from tlm.core import BUSY, IDLE
from tlm.result import Result
from tlm.system import System, run
from tlm.timeline import Trace
from tlm.workload.layer import Workload

US = 1000 * FS_PER_NS
RUNS = {
    "ddr4": ("memory={standard: ddr4-3200, width: 16}", "check=true"),
    "hbm, exact": ("memory=hbm", "granularity=exact"),
    "ideal": ("memory=ideal",),
}


@attrs.frozen
class Looked:
    """A run that was looked at: its scenario's changes, its result, its system, and what the files say."""

    sets: tuple[str, ...]
    result: Result
    system: System
    seen: Seen


@pytest.fixture(scope="module", params=RUNS, ids=str)
def looked(request: Any, small_network: Workload, tmp_path_factory: pytest.TempPathFactory) -> Looked:
    folder = tmp_path_factory.mktemp("looked")
    systems: list[System] = []

    def watch(system: System) -> Trace:
        systems.append(system)
        return Trace(system, perfetto=folder / "run.pftrace", vcd=folder / "run.vcd")

    result = run(scenario(*RUNS[request.param]), small_network, watch=watch)
    return Looked(RUNS[request.param], result, systems[0], Seen(folder))


def test_a_run_that_is_looked_at_is_the_same_run_event_for_event(looked: Looked, small_network: Workload) -> None:
    plain = run(scenario(*looked.sets), small_network)
    assert plain.events == looked.result.events > 500
    assert attrs.evolve(plain, wall_s=0.0) == attrs.evolve(looked.result, wall_s=0.0)


def times(stretches: list[tuple[int, int, str]], end: int) -> dict[str, int]:
    """{state: time} up to `end`, which is what is not stated as idle."""
    found: Counter[str] = Counter()
    for begin, until, state in stretches:
        found[state] += max(0, min(until, end) - begin)
    found[IDLE] = end - sum(time for state, time in found.items() if state != IDLE)
    return {state: time for state, time in found.items() if time}


def test_every_component_s_time_is_in_the_trace_to_the_femtosecond(looked: Looked) -> None:
    slices = looked.seen.perfetto.slices()
    assert {one.category for one in slices} <= {"busy", "waiting", "request", "run"}
    for part in looked.result.components:
        own = [one for one in slices if one.track == part.name]
        assert all((one.category == "busy") == (one.name == BUSY) for one in own)
        found = times([(one.begin, one.end or 0, one.name) for one in own], looked.result.time_fs)
        assert (found.pop(BUSY, 0), found.pop(IDLE, 0), found) == (part.busy_fs, part.idle_fs, part.waiting_fs)


def test_every_component_s_time_is_in_the_vcd_to_the_femtosecond(looked: Looked) -> None:
    for part in looked.result.components:
        changes = [*looked.seen.signals[f"{part.name}.state"], (looked.seen.end, "")]
        stretches = [(begin, end, state) for (begin, state), (end, _) in pairwise(changes)]
        found = times(stretches, looked.result.time_fs)
        assert (found.pop(BUSY, 0), found.pop(IDLE, 0), found) == (part.busy_fs, part.idle_fs, part.waiting_fs)


def test_every_request_has_one_response_and_a_flow_to_it(looked: Looked) -> None:
    requests = {flow: one for one in looked.seen.perfetto.slices() for flow in one.starts}
    responses = {flow: one for one in looked.seen.perfetto.instants() for flow in one.ends}
    assert len(requests) > 100
    assert len(requests) == sum(one.category == "request" for one in looked.seen.perfetto.slices())
    assert len(responses) == len(looked.seen.perfetto.instants())
    assert requests.keys() == responses.keys()
    for flow, request in requests.items():
        response = responses[flow]
        assert request.end == response.notes["time_fs"]
        assert request.notes["length"] == response.notes["length"]
        assert request.notes["status"] == response.notes["status"] == "OK"
        assert (request.track, response.track) == ("soc.accelerator.dma.mem.requests", "soc.memory.port.responses")


def test_bytes_are_the_dma_s_and_the_memory_s(looked: Looked) -> None:
    dma, memory = looked.system.machines[0].dma, looked.system.memory
    asked: Counter[str] = Counter()
    for one in looked.seen.perfetto.slices():
        if one.category == "request":
            asked[one.name] += one.notes["length"]
    answered: Counter[str] = Counter()
    for event in looked.seen.perfetto.instants():
        answered[event.name] += event.notes["length"]
    assert asked == answered
    assert (asked["READ"], asked["WRITE"]) == (dma.read_bytes, dma.written_bytes)
    assert (asked["READ"], asked["WRITE"]) == (memory.read_bytes, memory.written_bytes)


def test_bandwidth_adds_up_to_the_bytes(looked: Looked) -> None:
    dma, name = looked.system.machines[0].dma, "soc.memory.port.bandwidth_mb_per_s"
    for samples in (looked.seen.perfetto.counters()[name], looked.seen.signals[name]):
        assert samples[-1][1] == 0
        assert all(time % US == 0 for time, _ in samples)
        windows = sum(rate * (until - time) // US for (time, rate), (until, _) in pairwise(samples))
        assert windows == dma.read_bytes + dma.written_bytes


def test_no_level_is_beyond_its_capacity_and_each_is_the_same_in_both_files(looked: Looked) -> None:
    counters = looked.seen.perfetto.counters()
    outstanding = looked.system.machines[0].dma.outstanding
    assert looked.seen.perfetto.capacity("soc.accelerator.dma.in_flight_bytes") == outstanding
    assert max(level for _, level in counters["soc.accelerator.dma.mem.in_flight_bytes"]) <= outstanding
    described = [name for module in looked.system.tree() for name in levels_of(module)]
    assert len(described) > 2
    for name in described:
        assert 0 <= max(level for _, level in counters[name]) <= looked.seen.perfetto.capacity(name)
    for name, samples in counters.items():
        last = dict(samples)  # of one instant
        changes = [next(iter(last.items()))]
        changes += [after for before, after in pairwise(last.items()) if before[1] != after[1]]
        assert [change for change in looked.seen.signals[name] if change[0] or change[1]] == [
            change for change in changes if change[0] or change[1]
        ]


def levels_of(module: Any) -> list[str]:
    return [f"{module.full_name}.{name}" for name in module.levels()]


@pytest.mark.parametrize("counter", ["soc.accelerator.dma.mem.in_flight_bytes", "soc.memory.port.queue_depth"])
def test_what_is_pending_is_what_is_between_request_and_response(looked: Looked, counter: str) -> None:
    changes: Counter[int] = Counter()
    for one in looked.seen.perfetto.slices():
        if one.category == "request":
            amount = 1 if counter.endswith("depth") else one.notes["length"]
            changes[one.begin] += amount
            changes[one.end or 0] -= amount
    level, expected = 0, []
    for time, change in sorted(changes.items()):
        level += change
        expected.append((time, level))
    (_, first), *more = looked.seen.perfetto.counters()[counter]
    found = [(0, first), *more] if first else more
    assert found == [now for before, now in pairwise([(0, 0), *expected]) if before[1] != now[1]]


def test_waits_name_whom_they_are_for(looked: Looked) -> None:
    names = {module.full_name for module in looked.system.tree()}
    found = {one.name: one.notes["waits_for"] for one in looked.seen.perfetto.slices() if "waits_for" in one.notes}
    assert all(set(whom.split(", ")) <= names for whom in found.values())
    suppliers = {"soc.accelerator.dma", "soc.accelerator.decompressors"}
    assert {found.get("weights", "soc.accelerator.dma"), found.get("inputs", "soc.accelerator.dma")} <= suppliers
    assert found["broadcast"] == "soc.accelerator.dispatcher"
    assert found["tiles"].startswith("soc.accelerator.tile")


def test_tracks_are_the_modules_in_their_order(looked: Looked) -> None:
    names = list(looked.seen.perfetto.tracks.values())
    components = [part.name for part in looked.result.components]
    assert [name for name in names if name in components] == components
