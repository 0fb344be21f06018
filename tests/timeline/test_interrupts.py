"""An interrupt from the keyboard: what happens when it falls into an event has been told whole before it is raised."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from decoding import Perfetto
from systems import Part, soc

from tlm.core import BadInput, Module, simulate
from tlm.timeline import Trace


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def told_in_half() -> tuple[Module, list[str]]:
    """At 5 fs an interrupt falls into the writing of a state's slice, and twice more is done in that event."""
    top, done = soc(), list[str]()

    class Asked(Part):
        def waits_for(self):  # called within probe.set
            interrupt()
            yield top, "nothing"

    def run(part):
        part.probe.set("busy")
        yield part.env.timeout(5)
        part.probe.set("room")
        done.append("set")
        yield part.env.timeout(0)
        done.append("another event")

    Asked(top, "part", run)
    return top, done


def test_it_is_raised_after_the_event_it_falls_into(tmp_path: Path) -> None:
    top, done = told_in_half()
    with pytest.raises(KeyboardInterrupt), Trace(top, perfetto=tmp_path / "run.pftrace") as trace:
        simulate(top)
    assert (top.now, done) == (5, ["set"])
    assert trace.partial
    slices = [(one.track, one.name, one.begin, one.end) for one in Perfetto(tmp_path / "run.pftrace").slices()]
    part = [("soc.part", "busy", 0, 5), ("soc.part", "room", 5, 5)]
    assert slices == [*part, ("simulated time", "run", 0, 5)]
    assert top.children["part"].probe.totals(5) == {"busy": 5}


def test_it_is_raised_at_once_where_no_event_is_under_way(tmp_path: Path) -> None:
    top = soc()
    reached = list[Any]()
    with pytest.raises(KeyboardInterrupt), Trace(top, perfetto=tmp_path / "run.pftrace"):
        simulate(top)
        interrupt()
        reached.append(True)
    assert reached == []
    assert Perfetto(tmp_path / "run.pftrace").slices()


def test_a_second_one_does_not_wait() -> None:
    top, done = soc(), list[str]()

    def run(_part):
        interrupt()
        done.append("first")
        interrupt()
        done.append("second")
        yield

    Part(top, "part", run)
    with pytest.raises(KeyboardInterrupt), Trace(top):
        simulate(top)
    assert done == ["first"]


def test_one_in_the_last_event_is_not_lost(tmp_path: Path) -> None:
    class Last(Part):
        def end_of_simulation(self):
            interrupt()

    def run(part):
        yield part.env.timeout(5)
        part.stop()

    top = soc()
    Last(top, "part", run)
    trace = Trace(top, perfetto=tmp_path / "run.pftrace")
    with pytest.raises(KeyboardInterrupt), trace:
        simulate(top)
    assert trace.written == [tmp_path / "run.pftrace"]
    assert not trace.partial


def test_whoever_handled_interrupts_before_does_so_again_and_another_s_handler_stays() -> None:
    def own(_number, _frame):
        pass

    with Trace(soc()):
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, own)
    try:
        with Trace(soc()):
            assert signal.getsignal(signal.SIGINT) is own
        assert signal.getsignal(signal.SIGINT) is own
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def test_whoever_handled_them_does_so_again_where_a_file_cannot_be_written() -> None:
    top = soc()
    with pytest.raises(BadInput, match="/dev/full"), Trace(top, vcd="/dev/full"):
        simulate(top)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_another_thread_may_look_on_as_well(tmp_path: Path) -> None:
    trace = Trace(soc(), vcd=tmp_path / "run.vcd")

    def run() -> None:
        with trace:
            simulate(*trace._roots)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert trace.written == [tmp_path / "run.vcd"]
