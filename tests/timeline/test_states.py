"""Components' states: what a probe counts is what the files say, stretch by stretch."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

import numpy as np
import pytest
import simpy
from systems import Part, look, soc, states

from tlm.core import Fifo, Module, Progress, simulate
from tlm.timeline.spool import Spool


def held(*steps):
    """A process that is in each state for its time."""

    def run(part):
        for state, time in steps:
            part.probe.set(state)
            yield part.env.timeout(time)
        part.probe.set("idle")

    return run


def test_states_are_slices_and_idle_is_a_gap(tmp_path: Path) -> None:
    top = soc()
    Part(top, "part", held(("busy", 3), ("room", 4), ("idle", 5), ("busy", 2)))
    seen = look(tmp_path, top)
    assert states(seen, "soc.part") == [(0, 3, "busy"), (3, 7, "room"), (12, 14, "busy")]
    assert {one.name: one.category for one in seen.perfetto.slices()} == {
        "busy": "busy",
        "room": "waiting",
        "run": "run",
    }
    assert seen.signals["soc.part.state"] == [(0, "busy"), (3, "room"), (7, "idle"), (12, "busy"), (14, "idle")]
    assert seen.end == 14


def test_what_a_part_is_in_at_the_end_is_told_though_it_lasts_no_time(tmp_path: Path) -> None:
    top = soc()

    def run(part):
        yield part.env.timeout(5)
        part.probe.set("reply")
        yield part.env.event()

    Part(top, "part", run)
    Part(top, "ahead").probe.span(2, 9)
    Part(top, "over").probe.span(2, 5)
    seen = look(tmp_path, top, run=lambda *_: top.env.run())
    assert states(seen, "soc.part") == [(5, 5, "reply")]
    assert seen.signals["soc.part.state"] == [(0, "idle"), (5, "reply")]
    assert seen.signals["soc.ahead.state"] == [(0, "idle"), (2, "busy")]
    assert seen.signals["soc.over.state"] == [(0, "idle"), (2, "busy"), (5, "idle")]


def test_states_that_follow_at_once_are_one(tmp_path: Path) -> None:
    top = soc()
    part = Part(top, "part", held(("busy", 3), ("idle", 0), ("busy", 2), ("room", 0), ("idle", 1)))
    seen = look(tmp_path, top)
    assert states(seen, "soc.part") == [(0, 5, "busy")]
    assert seen.signals["soc.part.state"] == [(0, "busy"), (5, "idle")]
    assert part.probe.totals(6) == {"busy": 5, "idle": 1}


def test_spans_that_are_booked_ahead_come_when_they_are_due_and_end_with_the_run(tmp_path: Path) -> None:
    top = soc()

    def run(part):
        part.probe.span(2, 5)
        part.probe.span(5, 7)
        part.probe.span(9, 10, "activate")
        part.probe.span(11, 30)
        yield part.env.timeout(20)

    part = Part(top, "part", run)
    seen = look(tmp_path, top)
    assert states(seen, "soc.part") == [(2, 7, "busy"), (9, 10, "activate"), (11, 20, "busy")]
    assert part.probe.totals(20) == {"busy": 14, "activate": 1, "idle": 5}


def test_states_and_times_of_types_of_one_s_own_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Reason(StrEnum):
        ROOM = "room"

    monkeypatch.setattr(Spool.__init__, "__defaults__", (1, 2))
    top = soc()
    Part(top, "part", held((Reason.ROOM, 4)))
    Part(top, "spans").probe.span(np.int64(1), np.int64(3))
    seen = look(tmp_path, top)
    assert seen.signals["soc.part.state"] == [(0, "room"), (4, "idle")]
    assert seen.signals["soc.spans.state"] == [(0, "idle"), (1, "busy"), (3, "idle")]
    assert states(seen, "soc.spans") == [(1, 3, "busy")]


def test_a_gap_that_is_explained_late_is_in_order_all_the_same(tmp_path: Path) -> None:
    top = soc()

    def late(part):
        part.probe.span(1, 2)
        yield part.env.timeout(50)
        part.probe.span(2, 40, "refresh")
        part.probe.span(40, 45)

    Part(top, "late", late)
    Part(top, "other", held(("busy", 10), ("idle", 20), ("busy", 30)))
    seen = look(tmp_path, top)
    assert states(seen, "soc.late") == [(1, 2, "busy"), (2, 40, "refresh"), (40, 45, "busy")]
    assert states(seen, "soc.other") == [(0, 10, "busy"), (30, 60, "busy")]
    assert seen.signals["soc.late.state"] == [(0, "idle"), (1, "busy"), (2, "refresh"), (40, "busy"), (45, "idle")]


def test_whoever_waits_says_for_whom(tmp_path: Path) -> None:
    top = soc()
    fifo, count = Fifo(top, 1, "queue"), Progress(top, "arrived")
    slow = Part(top, "slow")

    def run(part):
        yield from part.wait(part.env.timeout(1), "answer", on=slow)
        yield fifo.put("first")
        yield from part.wait(fifo.put("second"), "room")
        yield from part.wait(count.reached(1), "weights")
        yield from part.wait(part.env.timeout(4), "unknown")

    def server(part):
        yield part.env.timeout(10)
        yield fifo.get()
        yield part.env.timeout(10)
        count.advance_to(1)

    Part(top, "part", run)
    top.process(lambda: server(top))
    seen = look(tmp_path, top)
    found = {one.name: one.notes.get("waits_for") for one in seen.perfetto.slices() if one.track == "soc.part"}
    assert found == {"answer": "soc.slow", "room": "soc.queue", "weights": "soc.arrived", "unknown": None}


def test_a_module_that_tells_for_itself_is_asked(tmp_path: Path) -> None:
    top = soc()

    class Telling(Part):
        def waits_for(self):
            if self.probe.state == "broken":
                raise LookupError("not now")
            yield (None, "nobody") if self.probe.state == "nobody" else (top, "a")
            yield top, "b"
            yield self.env.active_process, "c"

    Telling(top, "part", held(("busy", 1), ("both", 2), ("nobody", 3), ("broken", 4)))
    notes = {one.name: one.notes for one in look(tmp_path, top).perfetto.slices() if one.track == "soc.part"}
    assert notes == {"busy": {}, "both": {"waits_for": "soc, run"}, "nobody": {"waits_for": "soc, run"}, "broken": {}}


def test_modules_that_are_made_late_are_seen(tmp_path: Path) -> None:
    class Late(Module):
        def before_end_of_elaboration(self):
            if len(list(self.ancestors())) < 3:
                Part(self, "part", held(("busy", 2)))
                Late(self, "more")

    top = soc()
    Late(top, "late")
    seen = look(tmp_path, top)
    assert {one.track for one in seen.perfetto.slices()} >= {"soc.late.part", "soc.late.more.part"}


def test_time_that_has_passed_before_is_none_of_the_run(tmp_path: Path) -> None:
    env = simpy.Environment()
    env.run(100)
    top = Module(env, "soc")
    Part(top, "part", held(("busy", 3)))
    seen = look(tmp_path, top)
    assert states(seen, "soc.part") == [(100, 103, "busy")]
    assert states(seen, "simulated time") == [(100, 103, "run")]


def test_what_follows_the_trace_is_not_in_it_and_no_longer_looked_at(tmp_path: Path) -> None:
    top = soc()
    fifo = Fifo(top, 4, "queue")
    part = Part(top, "part", held(("busy", 3), ("room", 40), ("busy", 5)))
    seen = look(tmp_path, top, run=lambda *_: simulate(top, until_fs=20))
    assert states(seen, "soc.part") == [(0, 3, "busy"), (3, 20, "room")]
    assert seen.end == 20
    assert not {"put", "get", "nb_put", "nb_get"} & set(vars(fifo))
    assert not {"set", "settled"} & set(vars(part.probe))
    simulate(top)
    assert part.probe.totals(48) == {"busy": 8, "room": 40}


def test_names_that_a_vcd_cannot_have_become_words_of_their_own(tmp_path: Path) -> None:
    top = soc()
    for name in ("a part", "a_part", "  "):
        Part(top, name, held(("a long\treason", 2)))
    seen = look(tmp_path, top)
    assert set(seen.signals) == {"soc.a_part.state", "soc.a_part.state_", "soc._.state"}
    assert {one.track for one in seen.perfetto.slices()} >= {"soc.a part", "soc.a_part"}


def test_more_reasons_than_are_numbered_are_written_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tlm.timeline.perfetto_file.MOST_NAMES", 7)
    top = soc()
    Part(top, "part", held(*((f"reason {number}", 1) for number in range(20))))
    assert states(look(tmp_path, top), "soc.part") == [(at, at + 1, f"reason {at}") for at in range(20)]
