"""The context around a run: what it refuses, what it leaves behind, what it costs in memory."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest
import simpy
from decoding import Perfetto, read_vcd
from systems import Initiator, Part, Target, look, soc

from tlm.core import READ, BadInput, Deadlock, ElaborationError, Fifo, Module, Payload, simulate
from tlm.system import components
from tlm.timeline import Trace, spool


def stuck() -> Module:
    """A reader that waits for what nobody puts, from 7 fs on, in a target's transaction."""
    top = soc()
    fifo = Fifo(top, 1, "replies")
    target = Target(top, "target", 7, waits=True)

    def run(initiator):
        yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)
        yield from initiator.wait(fifo.get(), "reply")

    Initiator(top, "initiator", run).mem >> target.port
    return top


def inside(top: Module) -> None:
    """One that waits inside a target's transaction for ever."""
    never = top.env.event()

    class Silent(Target):
        def waiting(self, payload, delay):
            yield never

    silent = Silent(top, "silent", 0, waits=True)

    def run(initiator):
        yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)

    Initiator(top, "asker", run).mem >> silent.port


def test_a_deadlock_leaves_files_of_what_there_was_and_says_what_it_says_without(tmp_path: Path) -> None:
    messages = []
    for options in ({}, {"perfetto": tmp_path / "run.pftrace", "vcd": tmp_path / "run.vcd"}):
        top = stuck()
        inside(top)
        trace = Trace(top, **options)
        with pytest.raises(Deadlock) as caught, trace:
            simulate(top)
        messages.append(str(caught.value))
        assert trace.partial
        assert trace.written == list(options.values())
    assert messages[0] == messages[1]
    slices = [(one.track, one.begin, one.end, one.name) for one in Perfetto(tmp_path / "run.pftrace").slices()]
    assert ("soc.initiator", 7, 7, "reply") in slices
    assert slices[-1] == ("simulated time", 0, 7, "run")
    assert read_vcd(tmp_path / "run.vcd")[0]["soc.initiator.state"] == [(0, "idle"), (7, "reply")]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["run.pftrace", "run.vcd"]


def test_an_interrupt_leaves_what_there_was_to_the_femtosecond(tmp_path: Path) -> None:
    top = soc()

    def run(part):
        for _ in range(3):
            part.probe.set("busy")
            yield part.env.timeout(10)
            part.probe.set("room")
            yield part.env.timeout(5)
        raise KeyboardInterrupt

    part = Part(top, "part", run)
    other = Part(top, "other")
    other.probe.span(40, 400)
    with pytest.raises(KeyboardInterrupt), Trace(top, perfetto=tmp_path / "run.pftrace") as trace:
        simulate(top)
    assert trace.written == [tmp_path / "run.pftrace"]
    found = {one.track: 0 for one in Perfetto(tmp_path / "run.pftrace").slices()}
    for one in Perfetto(tmp_path / "run.pftrace").slices():
        found[one.track] += one.end - one.begin
    assert found == {"soc.part": 45, "soc.other": 5, "simulated time": 45}
    assert [module.probe.totals(45).get("idle", 0) for module in (part, other)] == [0, 40]


def test_after_elaboration_it_is_too_late(tmp_path: Path) -> None:
    top = soc()
    top.elaborate()
    with pytest.raises(ElaborationError, match="soc: a trace that begins after elaboration is too late"):
        look(tmp_path, top)
    assert list(tmp_path.iterdir()) == []


def test_a_system_that_cannot_be_elaborated_leaves_no_file(tmp_path: Path) -> None:
    top = soc()
    Initiator(top, "initiator", lambda _: iter(()))
    with pytest.raises(ElaborationError, match="is not bound"):
        look(tmp_path, top)
    assert list(tmp_path.iterdir()) == []


def test_one_system_has_one_trace(tmp_path: Path) -> None:
    top = soc()
    with Trace(top), pytest.raises(ElaborationError, match="the name is used twice"):
        look(tmp_path, top)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["perfetto", "vcd"])
def test_a_place_that_there_is_not_is_told_by_name(option: str, tmp_path: Path) -> None:
    other = {"perfetto": "vcd", "vcd": "perfetto"}[option]
    with (
        pytest.raises(BadInput, match="no/folder: cannot be written: No such file or directory"),
        Trace(soc(), **{option: tmp_path / "no" / "folder", other: tmp_path / "other"}),
    ):
        raise AssertionError("the context is not entered")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["perfetto", "vcd"])
def test_a_file_that_gets_full_is_told_by_name_and_the_other_one_is_there(option: str, tmp_path: Path) -> None:
    other = {"perfetto": "vcd", "vcd": "perfetto"}[option]
    top = soc()

    def run(part):
        for number in range(5000):
            part.probe.set(f"reason {number % 9}")
            yield part.env.timeout(1)
        part.probe.set("idle")

    Part(top, "part", run)
    trace = Trace(top, **{option: "/dev/full", other: tmp_path / "other"})
    with pytest.raises(BadInput, match="/dev/full: cannot be written: No space left on device"), trace:
        simulate(top)
    assert trace.written == list(tmp_path.iterdir()) == [tmp_path / "other"]


def test_why_a_run_failed_is_told_before_why_a_file_could_not_be_written(tmp_path: Path) -> None:
    top = stuck()
    trace = Trace(top, perfetto=tmp_path / "run.pftrace", vcd="/dev/full")
    with pytest.raises(Deadlock) as caught, trace:
        simulate(top)
    assert caught.value.__notes__ == ["/dev/full: cannot be written: No space left on device"]
    assert trace.written == list(tmp_path.iterdir()) == [tmp_path / "run.pftrace"]


def test_a_file_takes_its_place_when_it_is_complete_through_a_link_too(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "there" / "run.vcd")
    (tmp_path / "there" / "run.vcd").write_text("before")
    top = soc()
    with Trace(top, vcd=tmp_path / "link"):
        simulate(top)
        assert (tmp_path / "there" / "run.vcd").read_text() == "before"
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there" / "run.vcd").read_text().startswith("$timescale 1 fs $end")
    assert (tmp_path / "there" / "run.vcd").stat().st_mode & 0o777 == 0o644


def test_a_device_is_written_in_place() -> None:
    top = soc()
    with Trace(top, perfetto="/dev/null", vcd="/dev/null"):
        simulate(top)
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("window", [0, -1])
def test_a_window_has_a_width(window: int) -> None:
    with pytest.raises(BadInput, match="window_fs"):
        Trace(soc(), window_fs=window)


# --- which signals


def system_of_three() -> Module:
    top = soc()
    for name in ("tile0", "tile1", "dma"):
        Part(Module(top, f"group_{name}"), name)
    return top


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ((), ["soc.group_dma.dma.state", "soc.group_tile0.tile0.state", "soc.group_tile1.tile1.state"]),
        ("*.tile?.state", ["soc.group_tile0.tile0.state", "soc.group_tile1.tile1.state"]),
        (["soc.group_dma.*", "*.tile[1-9].*"], ["soc.group_dma.dma.state", "soc.group_tile1.tile1.state"]),
    ],
)
def test_signals_are_chosen_by_their_full_names(patterns: object, expected: list[str], tmp_path: Path) -> None:
    seen = look(tmp_path, system_of_three(), signals=patterns)
    assert sorted(seen.signals) == expected


def test_a_pattern_that_matches_nothing_is_refused_before_time_passes_with_the_nearest(tmp_path: Path) -> None:
    top = system_of_three()
    with pytest.raises(BadInput, match=r"no signal matches 'soc\.group_dma\.dma\.stat'.*did you mean 'soc\.group_dma"):
        look(tmp_path, top, signals=["*.tile0.*", "soc.group_dma.dma.stat"])
    assert top.now == 0
    assert list(tmp_path.iterdir()) == []


# --- memory


def endless(top: Module, waits: bool) -> None:
    """Two initiators at one target, a FIFO between them, states, spans: for ever."""
    target = Target(top, "target", 30, waits)
    fifo = Fifo(top, 3, "fifo")

    def ask(initiator):
        while True:
            initiator.probe.set("memory")
            delay = yield from initiator.mem.b_transport(Payload(READ, 0, data_length=8), 0)
            yield initiator.env.timeout(delay + 1)
            initiator.probe.set("busy")
            target.probe.span(initiator.now, initiator.now + 5)
            yield fifo.put(1)

    def drain(part):
        while True:
            yield from part.wait(fifo.get(), "work")

    Initiator(top, "first", ask).mem >> target.port
    Part(top, "drain", drain)


@pytest.mark.parametrize("waits", [False, True])
def test_memory_is_bounded_however_long_the_run(waits: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool, "BLOCK", 50)
    monkeypatch.setattr(spool.Spool.__init__, "__defaults__", (200, 4))
    top = soc()
    endless(top, waits)
    taken = []
    tracemalloc.start()
    try:
        with Trace(top, perfetto=tmp_path / "run.pftrace", vcd=tmp_path / "run.vcd", window_fs=1000):
            for until in (5_000, 10_000, 60_000):
                simulate(top, until_fs=until)
                taken.append(tracemalloc.get_traced_memory()[0])
            tracemalloc.reset_peak()
        taken.append(tracemalloc.get_traced_memory()[1])
    finally:
        tracemalloc.stop()
    assert (tmp_path / "run.pftrace").stat().st_size > 400_000
    assert taken[2] < taken[1] + 50_000
    assert taken[3] < taken[1] + 500_000


def test_two_runs_leave_the_same_files(tmp_path: Path) -> None:
    found = []
    for folder in (tmp_path / "first", tmp_path / "second"):
        folder.mkdir()
        top = soc()
        endless(top, True)
        look(folder, top, run=lambda top: simulate(top, until_fs=3_000))
        found.append([(folder / name).read_bytes() for name in ("run.pftrace", "run.vcd")])
    assert found[0] == found[1]


def test_a_user_s_own_system_has_its_components_times_in_the_trace(tmp_path: Path) -> None:
    env = simpy.Environment()
    tops = [Module(env, "left"), Module(env, "right")]
    for top in tops:
        endless(top, False)
    seen = look(tmp_path, *tops, run=lambda *_: simulate(*tops, until_fs=4_567))
    slices = seen.perfetto.slices()
    parts = [part for top in tops for part in components(top, 4_567)]
    assert len(parts) == 6
    for part in parts:
        found: dict[str, int] = {}
        for one in slices:
            if one.track == part.name:
                found[one.name] = found.get(one.name, 0) + one.end - one.begin
        assert found.pop("busy", 0) == part.busy_fs
        assert found == part.waiting_fs
