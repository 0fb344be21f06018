"""A run in windows: what they sum up, how they widen, and that they add up to the result's own totals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from systems import Initiator, Part, Target, soc

from tlm import run as command
from tlm.core import FS_PER_NS, WRITE, Fifo, Module, Payload, simulate
from tlm.timeline import Trace, Windows
from tlm.timeline.stream import Kind, Signal, Transaction
from tlm.timeline.windows import MOST

NS = FS_PER_NS
STATE, LEVEL = Signal(("soc", "part"), "state", Kind.STATE), Signal(("soc",), "work", Kind.WHOLE)


def recorded(run: Any, begin: int = 0) -> Windows:
    windows = Windows(begin)
    windows.declare(STATE)
    windows.declare(LEVEL)
    run(windows)
    return windows


def test_a_stretch_is_shared_out_over_the_windows_it_covers() -> None:
    found = recorded(lambda windows: windows.stretch(STATE, NS // 2, 3 * NS, "busy", ""))
    assert found.states[STATE]["busy"][:4] == [NS // 2, NS, NS, 0]
    assert found.width_fs == NS


def test_windows_become_wider_with_the_run_and_their_sums_stay() -> None:
    def run(windows: Windows) -> None:
        windows.stretch(STATE, 0, 3 * NS, "busy", "")
        windows.stretch(STATE, MOST * NS, MOST * NS + 1, "offchip", "")

    found = recorded(run)
    assert found.width_fs == found.look_fs == 2 * NS
    assert found.states[STATE]["busy"][:3] == [2 * NS, NS, 0]
    assert found.states[STATE]["offchip"][MOST // 2] == 1
    assert {len(bins) for bins in found.states[STATE].values()} == {MOST}


def test_a_level_has_its_mean_and_its_most_and_one_of_no_duration_is_none() -> None:
    def run(windows: Windows) -> None:
        for time, value in [(0, 4), (NS // 2, 9), (NS // 2, 2), (2 * NS, 0)]:
            windows.level(LEVEL, time, value)
        windows.close(0, 4 * NS)

    found = recorded(run).levels[LEVEL]
    assert found.area[:4] == [3 * NS, 2 * NS, 0, 0]
    assert found.most[:4] == [4, 2, 0, 0]


def test_a_level_lasts_to_the_end_and_its_most_survives_widening() -> None:
    def run(windows: Windows) -> None:
        windows.level(LEVEL, 0, 7)
        windows.level(LEVEL, 1, 1)
        windows.close(0, (MOST + 1) * NS)

    found = recorded(run).levels[LEVEL]
    assert (found.most[:2], sum(found.area)) == ([7, 1], (MOST + 1) * NS + 6)


def test_bytes_are_counted_where_they_arrive_and_only_if_they_do() -> None:
    one = Transaction(0, ("a",), ("soc", "port"), "READ", 0, 64, 0)

    def run(windows: Windows) -> None:
        windows.response(one, 5 * NS, "OK")
        windows.response(one, 6 * NS, "ADDRESS_ERROR")

    assert recorded(run).moved_bytes == {("soc", "port"): [0] * 5 + [64] + [0] * (MOST - 6)}


def test_time_counts_from_where_the_trace_began() -> None:
    found = recorded(lambda windows: windows.stretch(STATE, 9 * NS, 10 * NS, "busy", ""), begin=9 * NS)
    assert found.states[STATE]["busy"][:2] == [NS, 0]


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 9)), max_size=30))
def test_sums_are_those_of_a_plain_loop(steps: list[tuple[int, int]]) -> None:
    time = total = 0
    windows = Windows()
    windows.declare(STATE)
    windows.declare(LEVEL)
    for length, value in steps:
        windows.level(LEVEL, time * NS, value)
        windows.stretch(STATE, time * NS, (time + length) * NS, "busy", "")
        time += length
        total += length * value * NS
    windows.close(0, time * NS)
    assert sum(windows.levels[LEVEL].area) == total
    assert sum(windows.states[STATE].get("busy", [])) == time * NS
    assert time <= MOST * windows.width_fs // NS < max(2 * time, 2 * MOST)
    longest = [value for length, value in steps if length]
    assert max(windows.levels[LEVEL].most) == max(longest, default=0)


def test_of_a_system() -> None:
    top = soc()
    target = Target(top, "target", 5 * NS)
    fifo = Fifo(top, 2, "work")

    def run(part: Any) -> Any:
        part.probe.set("busy")
        yield fifo.put(1)
        delay = yield from part.mem.b_transport(Payload(WRITE, 0, np.zeros(8, np.uint8)), 0)
        yield part.env.timeout(delay)
        part.probe.set("idle")

    part = Initiator(top, "part", run)
    part.mem >> target.port
    with Trace(top, windows=True) as trace:
        simulate(top)
    found = trace.windows
    assert found is not None
    (fifo_level,) = [bins for signal, bins in found.levels.items() if signal.full_name == "soc.work"]
    (busy,) = [states["busy"] for states in found.states.values() if states]
    assert fifo_level.most[:6] == [1] * 5 + [0]
    assert busy[:6] == [NS] * 5 + [0]
    assert found.moved_bytes[("soc", "target", "port")][5] == 8
    assert trace.written == []


@pytest.mark.parametrize("options", [[], ["--set", "granularity=exact"], ["--trace", "run.pftrace"]])
def test_windows_add_up_to_the_result(
    options: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert command.main(["lenet", *options, "--timeline", "--json", "run.json", "--no-live"]) == 0
    result = json.loads(Path("run.json").read_text())
    timeline = result["timeline"]
    windows = -(-result["time_fs"] // timeline["window_fs"])
    assert MOST // 2 < windows <= MOST
    assert timeline["end_fs"] == result["time_fs"]
    for told, one in zip(timeline["components"], result["components"], strict=True):
        assert (told["name"], told["kind"]) == (one["name"], one["kind"])
        assert sum(told["busy_fs"]) == one["busy_fs"]
        assert {reason: sum(parts) for reason, parts in told["waiting_fs"].items()} == one["waiting_fs"]
        assert all(len(parts) == windows for parts in (told["busy_fs"], *told["waiting_fs"].values()))
        spent = [sum(parts) for parts in zip(told["busy_fs"], *told["waiting_fs"].values(), strict=True)]
        assert max(spent) <= timeline["window_fs"]
    moved = sum(
        part["read_bytes"] + part["written_bytes"] for one in result["layers"] for part in one["traffic"].values()
    )
    (memory,) = [one for one in timeline["moved"] if one["name"] == "soc.memory.port"]
    assert sum(memory["bytes"]) == moved
    for level in timeline["levels"]:
        assert len(level["mean"]) == len(level["max"]) == windows
        assert all(mean <= most for mean, most in zip(level["mean"], level["max"], strict=True))
        assert level["capacity"] is None or max(level["max"]) <= level["capacity"]
    assert max(level["max"][0] for level in timeline["levels"]) > 0


def test_a_timeline_without_a_result_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["lenet", "--timeline"]) == 2
    assert "--timeline is for the result that --json or --out writes" in capsys.readouterr().err


def test_a_run_elsewhere_in_time() -> None:
    env = simpy.Environment(initial_time=7 * NS)
    top = Module(env, "soc")

    def run(part: Any) -> Any:
        part.probe.set("busy")
        yield part.env.timeout(2 * NS)
        part.probe.set("idle")

    Part(top, "part", run)
    with Trace(top, windows=True) as trace:
        simulate(top)
    assert trace.windows is not None
    assert next(iter(trace.windows.states.values()))["busy"][:3] == [NS, NS, 0]
