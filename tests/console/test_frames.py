"""Frames of the live view on a fake terminal: what they say at a known time, in every state a system can be in."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import simpy
from rich.console import Console
from scripted import NS, Part, bench, lines, script, terminal
from small_networks import scenario

from tlm.console import LiveView
from tlm.core import Module
from tlm.system import System
from tlm.workload.layer import Workload


def golden(name: str) -> list[str]:
    """A frame that was looked at, each of its figures checked by hand against the script of `bench`."""
    return (Path(__file__).parent / "frames" / f"{name}.txt").read_text(encoding="utf-8").splitlines()


class Wall:
    """A wall clock that is set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def looked_at(root: Module, console: Console, *looks_ns: int) -> list[str]:
    """The frame of the last look; half a second of wall time passes before each but the first, which takes a whole."""
    wall = Wall()
    view = LiveView(root, console=console, now_s=wall)
    frame = None
    for look, at_ns in enumerate(looks_ns):
        root.env.run(until=at_ns * NS)
        wall.now_s = 1 + look / 2
        frame = view.frame()
    assert frame is not None
    return lines(frame, console)


def system(workload: Workload, *sets: str) -> System:
    one = scenario(*sets)
    return System(simpy.Environment(), one, [workload] * len(one.machines))


def test_each_component_has_its_state_its_shares_its_rate_and_its_levels() -> None:
    shown = looked_at(bench(simpy.Environment()), terminal(80, 24), 50, 100)
    assert shown == golden("80x24")


def test_numbered_siblings_are_one_row_where_there_is_no_room_for_all() -> None:
    shown = looked_at(bench(simpy.Environment()), terminal(160, 7), 50, 100)
    assert shown == golden("160x7")


def test_a_row_that_is_hidden_is_counted() -> None:
    shown = looked_at(bench(simpy.Environment()), terminal(80, 5), 50)
    assert len(shown) == 4
    assert shown[-1] == "… 2 more rows in a taller terminal"


def test_a_terminal_without_unicode_gets_ascii() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    console = Console(file=stream, force_terminal=True, color_system=None, width=100, height=24)
    shown = looked_at(bench(simpy.Environment()), console, 50)
    assert all(line.isascii() for line in shown)
    assert any("#" in line and "=" in line for line in shown)


def test_no_name_moves_the_cursor() -> None:
    root = Part(simpy.Environment(), "soc")
    Part(root, "a\x1b[2Jb\n", "kind\r")
    shown = looked_at(root, terminal(80, 24), 1)
    assert any("a?[2Jb?" in line for line in shown)


# the states a system can be in


def test_nothing_has_begun(small_network: Workload) -> None:
    one = system(small_network, "memory=ddr4-3200")
    console = terminal(80, 24)
    shown = lines(LiveView(one, console=console, now_s=Wall()).frame(), console)
    assert shown[0].startswith("soc    0 fs simulated")
    assert not any(line.startswith("layer") for line in shown)
    assert any(line.startswith("channel0") and "idle" in line for line in shown)


def test_a_layer_under_way_has_its_place_its_bar_and_what_is_left(small_network: Workload) -> None:
    shown = looked_at(system(small_network, "memory=ddr4-3200"), terminal(100, 40), 300, 400)
    text = "\n".join(shown)
    assert "(1 of 5, image 1 of 2) ━" in text
    layer, whole = (next(line for line in shown if line.startswith(word)) for word in ("layer", "run"))
    assert layer.endswith(" left")
    assert whole.endswith(" left")
    assert "array  busy " in text
    assert "DRAM   read weights " in text


def test_who_waits_says_for_what(small_network: Workload) -> None:
    shown = looked_at(system(small_network, "memory={standard: ddr4-3200, width: 16}"), terminal(160, 40), 2000, 2500)
    assert any(line.startswith("tile ") and "▒ weights" in line for line in shown)
    assert any(line.startswith("dispatcher ") and "▒ tiles" in line for line in shown)
    assert "array  has not begun with this layer; waits for tiles" in shown


def test_all_is_done(small_network: Workload) -> None:
    one = system(small_network)
    one.env.run()
    console = terminal(100, 40)
    shown = lines(LiveView(one, console=console, now_s=Wall()).frame(), console)
    whole = next(line for line in shown if line.startswith("run"))
    assert whole.endswith("100%")
    assert "─" not in whole


def test_two_machines_are_told_apart(small_network: Workload) -> None:
    machines = "accelerator=[{preset: dstripes, name: left}, {preset: dstripes, name: right}]"
    shown = looked_at(system(small_network, machines), terminal(100, 40), 300, 400)
    text = "\n".join(shown)
    assert "layer  left: " in text
    assert "layer  right: " in text
    assert any(line.startswith("left.dma ") for line in shown)
    assert any(line.startswith("right.tile ") for line in shown)
    assert "cycle" not in shown[0]


def test_an_ideal_memory_has_no_channels(small_network: Workload) -> None:
    shown = looked_at(system(small_network, "memory=ideal"), terminal(100, 40), 300)
    assert not any("channel" in line for line in shown)
    assert any(line.startswith("dispatcher") for line in shown)


def test_what_is_booked_ahead_has_not_been_moved_yet(small_network: Workload) -> None:
    one = system(small_network, "memory={standard: ddr4-3200, width: 16}")
    shown = looked_at(one, terminal(100, 40), 300)
    rate = next(line for line in shown if line.startswith("channel0")).split()[-2]
    moved, peak = map(float, rate.split("/"))
    assert one.memory.channels[0].rate().moved / 300 > peak  # type: ignore[union-attr]
    assert moved <= peak


@pytest.mark.parametrize("width", [20, 40, 80, 120, 160, 300])
@pytest.mark.parametrize("height", [2, 5, 12, 24, 50, 200])
def test_a_frame_is_never_larger_than_its_terminal(small_network: Workload, width: int, height: int) -> None:
    one = system(small_network, "memory=ddr4-3200")
    one.env.run(until=300 * NS)
    console = terminal(width, height)
    shown = lines(LiveView(one, console=console).frame(), console)
    assert len(shown) <= max(1, height - 1)
    assert max(map(len, shown)) <= width


def test_a_hook_that_fails_disturbs_neither_the_run_nor_the_other_rows() -> None:
    env = simpy.Environment()
    root = bench(env)

    def broken() -> dict[str, tuple[int, int]]:
        raise ZeroDivisionError

    root.children["camera"].levels = broken  # type: ignore[method-assign]
    shown = looked_at(root, terminal(80, 24), 50, 100)
    assert shown == golden("80x24")


def test_now_is_what_it_was_mostly_doing_since_the_last_look_or_is_in_where_no_time_has_passed() -> None:
    env = simpy.Environment()
    root = Part(env, "soc")
    script(Part(root, "one", "thing"), (0, "busy"), (40, "fuel"), (100, "idle"))
    console = terminal(80, 24)
    view = LiveView(root, console=console)
    told = []
    for at_ns in (30, 60, 100):
        env.run(until=at_ns * NS)
        told.append(lines(view.frame(), console)[-2].split())
    env.run()
    told.append(lines(view.frame(), console)[-2].split())
    assert [words[2] for words in told] == ["busy", "fuel", "fuel", "idle"]
    assert told[1][3] == "67%"
