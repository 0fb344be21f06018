"""Counters: FIFO levels, modules' own levels, bytes in flight and bandwidth, as lists of (time, value)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simpy
from systems import Initiator, Part, Target, look, soc

from tlm.core import FS_PER_NS, IGNORE, READ, WRITE, Fifo, Module, Payload
from tlm.timeline.levels import Bandwidth, Pending
from tlm.timeline.stream import Sink, Stream

US = 1000 * FS_PER_NS


def test_the_level_of_a_fifo(tmp_path: Path) -> None:
    top = soc()
    fifo = Fifo(top, 2, "work")

    def fill(part):
        for item in range(4):
            yield fifo.put(item)
            yield part.env.timeout(10)
        assert fifo.nb_put("last")

    def drain(part):
        yield part.env.timeout(25)
        while (yield fifo.get()) != "last":
            yield part.env.timeout(8)
        assert fifo.nb_get() is None

    Part(top, "fill", fill)
    Part(top, "drain", drain)
    seen = look(tmp_path, top)
    levels = [(0, 1), (10, 2), (33, 1), (35, 2), (41, 1), (45, 2), (49, 1), (57, 0)]
    assert seen.signals["soc.work"] == levels
    assert seen.perfetto.counters()["soc.work"] == [(0, 0), *levels]
    assert seen.perfetto.capacity("soc.work") == 2
    assert seen.perfetto.unit("soc.work") == "items"


def test_fifos_without_a_name_have_that_of_their_attribute_or_a_number(tmp_path: Path) -> None:
    top = soc()
    part = Part(top, "part")
    part.inputs = Fifo(part, 3)
    part.others = [Fifo(part, 4), Fifo(part, 5)]
    seen = look(tmp_path, top)
    capacities = {name: seen.perfetto.capacity(f"soc.part.{name}") for name in ("inputs", "fifo", "fifo1")}
    assert capacities == {"inputs": 3, "fifo": 4, "fifo1": 5}
    assert {"soc.part.inputs", "soc.part.fifo", "soc.part.fifo1"} <= set(seen.signals)


def test_a_module_s_own_levels_are_looked_at_once_a_window_in_which_anything_moves(tmp_path: Path) -> None:
    top = soc()

    class Tank(Part):
        stored = 0

        def levels(self):
            return {"stored_bytes": (self.stored, 64)} | ({"late_bytes": (1, 2)} if self.stored > 30 else {})

    def run(part):
        for time in (4, 3, 5, 30):
            yield part.env.timeout(time)
            part.stored += 10
            part.probe.set("busy" if part.probe.state == "idle" else "idle")
        yield part.env.timeout(1)
        part.stored += 10

    Tank(top, "tank", run)
    seen = look(tmp_path, top, window_fs=10)
    assert seen.perfetto.counters()["soc.tank.stored_bytes"] == [(0, 0), (12, 30), (42, 40), (43, 50)]
    assert seen.perfetto.counters()["soc.tank.late_bytes"] == [(42, 1)]
    assert seen.perfetto.capacity("soc.tank.stored_bytes") == 64
    assert seen.signals["soc.tank.stored_bytes"] == [(0, 0), (12, 30), (42, 40), (43, 50)]


def test_levels_that_a_module_cannot_tell_yet_are_told_from_when_it_can(tmp_path: Path) -> None:
    top = soc()

    class Late(Part):
        def levels(self):
            return {"stored_bytes": (self.stored, 64)}

    def run(part):
        part.probe.set("busy")
        yield part.env.timeout(12)
        part.stored = np.int64(7)
        part.probe.set("idle")

    Late(top, "late", run)
    seen = look(tmp_path, top, window_fs=10)
    assert seen.perfetto.counters()["soc.late.stored_bytes"] == [(12, 7)]
    assert seen.signals["soc.late.stored_bytes"] == [(0, 0), (12, 7)]


def test_the_queue_of_a_target_is_that_of_all_its_initiators(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 10)

    def run(initiator):
        for delay in (0, 5):
            yield initiator.env.timeout(4)
            yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), delay)

    for name in ("first", "second"):
        Initiator(top, name, run).mem >> target.port
    seen = look(tmp_path, top)
    depths = [(4, 2), (13, 4), (14, 2), (23, 0)]
    assert seen.perfetto.counters()["soc.target.port.queue_depth"] == depths
    assert seen.signals["soc.target.port.queue_depth"] == [(0, 0), *depths]
    assert seen.perfetto.unit("soc.target.port.queue_depth") == "transactions"


def test_a_run_that_begins_late_has_no_bandwidth_before(tmp_path: Path) -> None:
    env = simpy.Environment()
    env.run(7 * US)
    top = Module(env, "soc")
    target = Target(top, "target", 2 * US)
    Initiator(top, "it", lambda it: it.mem.b_transport(Payload(READ, 0, data_length=5), 0)).mem >> target.port
    rates = [(7 * US, 0), (9 * US, 5), (10 * US, 0)]
    assert look(tmp_path, top).perfetto.counters()["soc.target.port.bandwidth_mb_per_s"] == rates


@pytest.mark.parametrize("waits", [False, True])
def test_bytes_in_flight_and_bandwidth(waits: bool, tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 30 * US // 10, waits)

    def run(initiator):
        for length, delay, pause in [(64, 0, US), (32, US // 2, 9 * US), (16, 0, 0)]:
            initiator.env.process(send(initiator, length, delay))
            yield initiator.env.timeout(pause)

    def send(initiator, length, delay):
        yield from initiator.mem.b_transport(Payload(WRITE, 0, data_length=length), delay)

    Initiator(top, "initiator", run).mem >> target.port
    seen = look(tmp_path, top)
    in_flight = [(0, 64), (1.5, 96), (3, 32), (4.5, 0), (10, 16), (13, 0)]
    assert seen.signals["soc.initiator.mem.in_flight_bytes"] == [(int(at * US), level) for at, level in in_flight]
    rates = [(0, 0), (3, 64), (4, 32), (5, 0), (13, 16), (14, 0)]
    assert seen.perfetto.counters()["soc.target.port.bandwidth_mb_per_s"] == [(at * US, rate) for at, rate in rates]
    assert seen.perfetto.unit("soc.target.port.bandwidth_mb_per_s") == "MB/s"


def test_what_failed_or_was_ignored_moved_nothing(tmp_path: Path) -> None:
    top = soc()
    target = Target(top, "target", 5)

    def run(initiator):
        yield from initiator.mem.b_transport(Payload(IGNORE, 0, data_length=8), 0)
        yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)

    def refusing(payload, delay):
        return delay if payload.command is READ else target.annotating(payload, delay)

    target.port.callbacks["b_transport"] = refusing
    Initiator(top, "initiator", run).mem >> target.port
    seen = look(tmp_path, top)
    assert seen.perfetto.counters()["soc.target.port.bandwidth_mb_per_s"] == [(0, 0)]
    statuses = [one.notes["status"] for one in seen.perfetto.slices() if one.track.endswith("requests")]
    assert statuses == ["OK", "INCOMPLETE"]


# --- the sums alone


class Told(Sink):
    """Keeps what it is told of levels."""

    def __init__(self) -> None:
        self.levels: list[tuple[int, Any]] = []

    def level(self, signal, time, value):
        self.levels.append((time, value))


def test_changes_that_lie_ahead_are_told_in_order_and_once_an_instant() -> None:
    told = Told()
    sums = Pending(Stream([told], 10), ("socket",), "in_flight_bytes", "B")
    for time, change in [(50, 8), (20, 4), (50, -4), (30, 1)]:
        sums.add(time, change)
    sums.until(30)
    assert told.levels == [(20, 4)]
    sums.until(51)
    assert told.levels == [(20, 4), (30, 5), (50, 9)]


def test_windows_are_told_when_they_are_over() -> None:
    told = Told()
    sums = Bandwidth(Stream([told], US), ("socket",))
    for time, amount in [(0, 3), (4 * US, 8), (US - 1, 4), (US, 7), (5 * US - 1, 1)]:
        sums.add(time, amount)
    sums.until(US - 1)
    assert told.levels == []
    sums.until(US)
    assert told.levels == [(0, 7)]
    sums.until(9 * US)
    assert told.levels == [(0, 7), (2 * US, 0), (4 * US, 9), (5 * US, 0)]


def test_a_rate_is_bytes_over_the_window_whatever_its_width() -> None:
    told = Told()
    sums = Bandwidth(Stream([told], 250 * FS_PER_NS), ("socket",))
    sums.add(0, 10)
    sums.until(US)
    assert told.levels[0] == (0, 40.0)
