"""Transactions: a slice from request to response, a flow to where it was answered, phases, lanes."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from systems import Initiator, Part, Seen, Target, look, soc

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    OK,
    READ,
    UPDATED,
    WRITE,
    ExtendedPhase,
    InitiatorSocket,
    Module,
    MultiInitiatorSocket,
    Payload,
    TargetSocket,
    check_protocol,
    simulate,
)
from tlm.timeline.lanes import Lanes
from tlm.timeline.spool import Spool


def requests(seen: Seen) -> list[tuple[str, int, int | None, str, dict]]:
    slices = [one for one in seen.perfetto.slices() if one.category == "request"]
    return [(one.track, one.begin, one.end, one.name, one.notes) for one in slices]


def test_a_request_is_a_slice_and_its_flow_leads_to_the_response(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 30)

    def run(initiator):
        delay = yield from initiator.mem.b_transport(Payload(WRITE, 0x40, data_length=64), 5)
        yield initiator.env.timeout(delay)

    Initiator(top, "initiator", run).mem >> target.port
    seen = look(tmp_path, top)
    notes = {"command": "WRITE", "address": 0x40, "length": 64, "to": "soc.target.port", "status": "OK"}
    assert requests(seen) == [("soc.initiator.mem.requests", 5, 35, "WRITE", notes)]
    (response,) = seen.perfetto.instants()
    assert (response.track, response.name) == ("soc.target.port.responses", "WRITE")
    assert response.notes == {"time_fs": 35, "length": 64, "status": "OK", "from": "soc.initiator.mem"}
    (request,) = [one for one in seen.perfetto.slices() if one.category == "request"]
    assert request.starts == response.ends == [1]


def test_requests_that_overlap_are_in_lanes_of_their_own(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 10, waits=True)

    def run(initiator):
        for pause in (4, 4, 4, 30, 0):
            initiator.env.process(initiator.mem.b_transport(Payload(READ, 0, data_length=1), 0))
            yield initiator.env.timeout(pause)

    Initiator(top, "initiator", run).mem >> target.port
    slices = [one for one in look(tmp_path, top).perfetto.slices() if one.category == "request"]
    lanes = {lane: number for number, lane in enumerate(sorted({one.lane for one in slices}))}
    assert [(one.begin, lanes[one.lane]) for one in slices] == [(0, 0), (4, 1), (8, 2), (12, 0), (42, 0)]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=40))
def test_no_two_in_a_lane_overlap_and_no_smaller_one_was_free(intervals: list[tuple[int, int]]) -> None:
    lanes, used = Lanes(), dict[int, list[tuple[int, int]]]()
    for begin, length in intervals:
        lane = lanes.take(begin)
        for smaller in range(lane):
            assert used[smaller][-1][1] > begin
        used.setdefault(lane, []).append((begin, begin + length))
        lanes.give(lane, begin + length)
    for taken in used.values():
        assert all(before[1] <= after[0] for before, after in pairwise(taken))


def test_each_hop_on_the_way_is_a_transaction_of_its_own(tmp_path: Path) -> None:
    class Bridge(Module):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.port = TargetSocket(self, "port", self.b_transport)
            self.out = MultiInitiatorSocket(self, "out")

        def b_transport(self, payload, delay):
            return (yield from self.out[payload.address // 100].b_transport(payload, delay + 1))

    top = soc()
    bridge = Bridge(top, "bridge")

    def run(initiator):
        for address in (0, 100):
            yield from initiator.mem.b_transport(Payload(READ, address, data_length=8), 0)

    Initiator(top, "initiator", run).mem >> bridge.port
    for number in range(2):
        bridge.out >> Target(top, f"target{number}", 10 * number).port
    seen = look(tmp_path, top)
    assert [(track, begin, end, notes["to"]) for track, begin, end, _, notes in requests(seen)] == [
        ("soc.initiator.mem.requests", 0, 1, "soc.bridge.port"),
        ("soc.bridge.out.requests", 1, 1, "soc.target0.port"),
        ("soc.initiator.mem.requests", 0, 11, "soc.bridge.port"),
        ("soc.bridge.out.requests", 1, 11, "soc.target1.port"),
    ]
    assert sorted(flow for one in seen.perfetto.instants() for flow in one.ends) == [1, 2, 3, 4]


def test_both_ends_inside_wrappers_are_seen_once_also_where_only_the_target_is_looked_at(tmp_path: Path) -> None:
    def system():
        env = simpy.Environment()
        outer, memory = Module(env, "outer"), Module(env, "memory")
        outer.out = InitiatorSocket(outer, "out")
        memory.port = TargetSocket(memory, "port")

        def run(initiator):
            yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)

        Initiator(outer, "inner", run).mem >> outer.out
        outer.out >> memory.port
        memory.port >> Target(memory, "bank", 4).port
        return outer, memory

    for roots in (slice(None), slice(1, None), slice(1)):
        seen = look(tmp_path, *system()[roots])
        assert [(track, end) for track, _, end, _, _ in requests(seen)] == [("outer.inner.mem.requests", 4)]


def test_a_request_that_is_not_answered_by_the_end_has_none(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 100, waits=True)

    def run(initiator):
        yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)

    Initiator(top, "initiator", run).mem >> target.port
    seen = look(tmp_path, top, run=lambda *_: simulate(top, until_fs=50))
    assert [(begin, end) for _, begin, end, _, _ in requests(seen)] == [(0, None)]
    assert seen.perfetto.instants() == []
    assert seen.signals["soc.initiator.mem.in_flight_bytes"] == [(0, 8)]


def test_who_is_interrupted_has_left_its_request(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 100, waits=True)

    def run(initiator):
        try:
            yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)
        except simpy.Interrupt:
            yield initiator.env.timeout(10)

    initiator = Initiator(top, "initiator", run)
    initiator.mem >> target.port

    def interrupt():
        yield top.env.timeout(20)
        next(iter(initiator.processes)).interrupt()

    top.process(interrupt)
    seen = look(tmp_path, top)
    assert [(begin, end, notes["status"]) for _, begin, end, _, notes in requests(seen)] == [(0, 20, "abandoned")]
    assert seen.signals["soc.initiator.mem.in_flight_bytes"] == [(0, 8), (20, 0)]
    assert seen.perfetto.instants() == []


def test_numbers_without_a_name_and_those_of_numpy_are_told_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Spool.__init__, "__defaults__", (1, 2))
    top = soc()

    def answer(payload, delay):
        payload.response_status = int(payload.address) // 100 - 7
        return np.int64(delay + 5)

    def run(initiator):
        for address in (0, 800):
            payload = Payload(0, np.int64(address), data_length=np.int64(8))
            yield initiator.env.timeout((yield from initiator.mem.b_transport(payload, np.int64(3))))

    target = Target(top, "target", 0)
    target.port.callbacks["b_transport"] = answer
    Initiator(top, "initiator", run).mem >> target.port
    seen = look(tmp_path, top)
    told = [(begin, end, name, notes["status"]) for _, begin, end, name, notes in requests(seen)]
    assert told == [(3, 8, "READ", "-7"), (11, 16, "READ", "OK")]
    assert seen.signals["soc.initiator.mem.in_flight_bytes"] == [(0, 0), (3, 8), (8, 0), (11, 8), (16, 0)]


def test_a_request_whose_target_fails_is_left(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 0)

    def fail(_payload, _delay):
        raise LookupError

    def run(initiator):
        with suppress(LookupError):
            yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)
        yield initiator.env.timeout(10)
        with suppress(LookupError):
            initiator.mem.plain_transport(Payload(READ, 0, data_length=8), 0)

    target.port.callbacks["b_transport"] = fail
    Initiator(top, "initiator", run).mem >> target.port
    seen = look(tmp_path, top)
    told = [(begin, end, notes["status"]) for _, begin, end, _, notes in requests(seen)]
    assert told == [(0, 0, "abandoned"), (10, 10, "abandoned")]
    assert {level for _, level in seen.signals["soc.initiator.mem.in_flight_bytes"]} == {0}


# --- non-blocking transport


HINT = ExtendedPhase("HINT")


class Phases(Module):
    """A target that answers each BEGIN_REQ as `answer` says, and calls back (delay, phase) of `calls` later."""

    def __init__(self, parent, answer, calls):
        super().__init__(parent, "target")
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)
        self.answer, self.calls = answer, calls

    def nb_transport_fw(self, payload, phase, delay):
        if phase == BEGIN_REQ:
            for later, called in self.calls:
                event = self.env.timeout(later)
                event.callbacks.append(lambda _event, called=called: self.call(payload, called))
            if not any(called == BEGIN_RESP for _, called in self.calls):
                payload.response_status = OK
            return self.answer
        return (COMPLETED if phase == END_RESP else ACCEPTED), phase, delay

    def call(self, payload, phase):
        if phase == BEGIN_RESP:
            payload.response_status = OK
        self.port.nb_transport_bw(payload, phase, 2)


class Asker(Part):
    """Sends one BEGIN_REQ with delay 3, answers BEGIN_RESP with `answer`, and may send END_RESP itself."""

    def __init__(self, parent, answer=None):
        super().__init__(parent, "asker", lambda asker: asker.send())
        self.mem = InitiatorSocket(self, "mem", self.nb_transport_bw)
        self.answer = answer

    def send(self):
        payload = Payload(WRITE, 0, data_length=16)
        sync, phase, delay = self.mem.nb_transport_fw(payload, BEGIN_REQ, 3)
        if sync == UPDATED and phase == BEGIN_RESP:
            yield self.env.timeout(delay)
            self.mem.nb_transport_fw(payload, END_RESP, 0)

    def nb_transport_bw(self, payload, phase, delay):
        if phase != BEGIN_RESP:
            return ACCEPTED, phase, delay
        if self.answer is not None:
            return self.answer
        event = self.env.timeout(10)
        event.callbacks.append(lambda _event: self.mem.nb_transport_fw(payload, END_RESP, 0))
        return ACCEPTED, phase, delay


def phases(tmp_path: Path, answer, calls, asker=None, checked=False) -> list[tuple[str, int]]:
    """What is told of the transaction: its request, phases and response, each with its time, by time."""
    top = soc()
    source, target = Asker(top, asker), Phases(top, answer, calls)
    source.mem >> target.port
    if checked:
        check_protocol(top)
    seen = look(tmp_path, top)
    ((_, begin, end, _, notes),) = requests(seen)
    assert notes["status"] == "OK"
    told = [(one.name, one.notes["time_fs"]) for one in seen.perfetto.instants() if one.category == "phase"]
    responses = [one for one in seen.perfetto.instants() if one.category == "response"]
    assert [(one.notes["time_fs"], one.ends) for one in responses] == [(end, [1])]
    assert seen.perfetto.counters()["soc.asker.mem.in_flight_bytes"] == [(begin, 16), (end, 0)]
    return [("request", begin), *told, ("response", end)]


def test_four_phases(tmp_path: Path) -> None:
    calls = [(8, END_REQ), (28, BEGIN_RESP)]
    told = [("request", 3), ("END_REQ", 10), ("END_RESP", 38), ("response", 30)]
    assert phases(tmp_path, (ACCEPTED, BEGIN_REQ, 0), calls) == told
    assert phases(tmp_path, (ACCEPTED, BEGIN_REQ, 0), calls, checked=True) == told


def test_phases_on_the_return_path(tmp_path: Path) -> None:
    assert phases(tmp_path, (COMPLETED, BEGIN_REQ, 40), []) == [("request", 3), ("response", 40)]
    found = phases(tmp_path, (UPDATED, END_REQ, 5), [(28, BEGIN_RESP)], asker=(COMPLETED, BEGIN_RESP, 4))
    assert found == [("request", 3), ("END_REQ", 5), ("response", 30)]
    found = phases(tmp_path, (ACCEPTED, BEGIN_REQ, 0), [(28, BEGIN_RESP)], asker=(UPDATED, END_RESP, 4))
    assert found == [("request", 3), ("END_RESP", 32), ("response", 30)]
    found = phases(tmp_path, (UPDATED, BEGIN_RESP, 15), [])
    assert found == [("request", 3), ("END_RESP", 15), ("response", 15)]


def test_phases_of_one_s_own_are_told_by_name(tmp_path: Path) -> None:
    found = phases(tmp_path, (ACCEPTED, BEGIN_REQ, 0), [(8, HINT), (20, BEGIN_RESP)], asker=(COMPLETED, BEGIN_RESP, 0))
    assert found == [("request", 3), ("HINT", 10), ("response", 22)]


def test_adapters_in_between_are_looked_through(tmp_path: Path) -> None:
    top = soc()
    target = Phases(top, (ACCEPTED, BEGIN_REQ, 0), [(8, END_REQ), (28, BEGIN_RESP)])

    def run(initiator):
        yield from initiator.mem.b_transport(Payload(READ, 0, data_length=4), 7)

    Initiator(top, "initiator", run).mem >> target.port
    seen = look(tmp_path, top)
    assert [(begin, end) for _, begin, end, _, _ in requests(seen)] == [(7, 37)]

    top = soc()
    Asker(top, (COMPLETED, BEGIN_RESP, 0)).mem >> Target(top, "target", 30).port
    seen = look(tmp_path, top)
    assert [(begin, end) for _, begin, end, _, _ in requests(seen)] == [(3, 33)]


def test_debug_and_direct_accesses_are_no_transactions(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 30)

    def run(initiator):
        initiator.mem.transport_dbg(Payload(READ, 0, bytearray(4)))
        initiator.mem.get_direct_mem_ptr(Payload(READ, 0))
        yield initiator.env.timeout(1)

    Initiator(top, "initiator", run).mem >> target.port
    assert requests(look(tmp_path, top)) == []


def test_whoever_asks_for_a_plain_function_still_has_one(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 30)

    def run(initiator):
        assert initiator.mem.plain_transport(Payload(READ, 0, data_length=4), 2) == 32
        yield initiator.env.timeout(1)

    Initiator(top, "initiator", run).mem >> target.port
    assert [(begin, end) for _, begin, end, _, _ in requests(look(tmp_path, top))] == [(2, 32)]
