"""The live view while a simulation runs: it changes nothing, disturbs nothing, and leaves the terminal as it was."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy
from rich.console import Console
from scripted import NS, bench, terminal
from small_networks import scenario

from tlm.console import LiveView, Progress
from tlm.console import live as live_module
from tlm.console.live import Screen
from tlm.result import Result
from tlm.system import System, run
from tlm.workload.layer import Workload


def test_looking_all_the_time_changes_nothing(small_network: Workload, monkeypatch: pytest.MonkeyPatch) -> None:
    one = scenario("memory={standard: ddr4-3200, width: 16}")
    alone = run(one, small_network)
    views = []

    def watch(system: System) -> LiveView:
        views.append(LiveView(system, console=terminal(120, 40), per_second=1e6))
        return views[0]

    monkeypatch.setattr(live_module, "MOST_SHARE", 1e6)
    seen = run(one, small_network, watch=watch)
    assert views[0].failure is None
    assert "simulated" in views[0].console.file.getvalue()  # type: ignore[attr-defined]
    assert same(alone) == same(seen)


def same(result: Result) -> dict[str, object]:
    return {key: value for key, value in result.as_json().items() if key != "wall_s"}


def slow(env: simpy.Environment, steps: int = 40) -> Generator[simpy.Event, Any, None]:
    """A simulation of 0.4 s of wall time."""
    for _ in range(steps):
        time.sleep(0.01)
        yield env.timeout(NS)


def test_a_view_that_fails_says_so_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    env = simpy.Environment()
    env.process(slow(env))
    view = LiveView(bench(env), console=terminal(80, 24), per_second=50)
    monkeypatch.setattr(view, "frame", lambda: 1 // 0)
    with view:
        env.run()
    assert env.now == 90 * NS
    assert "live view: ZeroDivisionError" in view.console.file.getvalue()  # type: ignore[attr-defined]


def test_the_view_leaves_the_terminal_as_it_was_when_a_run_is_interrupted() -> None:
    env = simpy.Environment()
    env.process(slow(env))
    view = LiveView(bench(env), console=terminal(80, 24), per_second=50)
    out = sys.stdout

    def interrupt(_event: simpy.Event) -> None:
        raise KeyboardInterrupt

    env.timeout(30 * NS).callbacks.append(interrupt)
    with pytest.raises(KeyboardInterrupt), view:
        env.run()
    written = view.console.file.getvalue()  # type: ignore[attr-defined]
    assert written.index("\x1b[?25l") < written.rindex("\x1b[?25h")
    assert sys.stdout is out
    assert not any(thread.name == "live view" for thread in threading.enumerate())


def test_a_run_that_is_over_at_once_has_no_view() -> None:
    env = simpy.Environment()
    view = LiveView(bench(env), console=terminal(80, 24))
    with view:
        env.run()
    assert view.console.file.getvalue() == ""  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "console",
    [
        pytest.param(lambda: Console(file=io.StringIO()), id="pipe"),
        pytest.param(lambda: Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "dumb"}), id="dumb"),
        pytest.param(lambda: None, id="stderr of a test"),
    ],
)
def test_there_is_no_view_where_there_is_no_terminal(console: Callable[[], Console | None]) -> None:
    env = simpy.Environment()
    env.process(slow(env, 10))
    view = LiveView(bench(env), console=console(), per_second=100)
    with view:
        assert not any(thread.name == "live view" for thread in threading.enumerate())
        env.run()
    assert not view.shown


def test_a_terminal_is_no_terminal_where_the_tables_go_to_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert not live_module.on_terminal()


def test_a_resized_terminal_is_cleared_and_drawn_anew() -> None:
    console = terminal(100, 24)
    root = bench(simpy.Environment())
    view, screen = LiveView(root, console=console), Screen(console)
    screen.show(view.frame())
    console.width, console.height = 60, 10
    screen.show(view.frame())
    before, after = console.file.getvalue().split("\x1b[2J")  # type: ignore[attr-defined]
    assert max(map(len, plain(before))) > 60
    assert max(map(len, plain(after))) <= 60
    screen.close()


def plain(written: str) -> list[str]:
    return [line for line in written.splitlines() if "\x1b" not in line]


def test_frames_that_take_long_come_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    env = simpy.Environment()
    env.process(slow(env))
    view = LiveView(bench(env), console=terminal(80, 24), per_second=50)
    taken = iter(range(1000))
    monkeypatch.setattr(time, "thread_time", lambda: float(next(taken)))  # a second a frame: 20 s until the next
    with view:
        env.run()
    assert next(taken) == 2


def test_progress_watches_without_a_view_where_nothing_is_shown() -> None:
    env = simpy.Environment()
    with Progress(shown=True) as progress, progress.watch(bench(env)):
        env.run()
    assert env.now == 90 * NS
