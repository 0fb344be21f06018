"""The broadcast and its barrier with tiles that only say when they are called: a list of (name, time)."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import simpy

from tlm.accelerators.parts.broadcast import Broadcast, Job


class Tile:
    """Is ready `wait` after each pass is handed out, and notes when it begins and ends."""

    def __init__(self, link: Broadcast, env: simpy.Environment, name: str, wait: int, seen: list[Any]) -> None:
        self.link, self.env, self.name, self.wait, self.seen = link, env, name, wait, seen

    def take(self, _job: Job) -> None:
        if self.wait:
            self.env.timeout(self.wait).callbacks.append(lambda _event: self.link.ready("weights"))
        else:
            self.link.ready()

    def begin(self, _job: Job) -> None:
        self.seen.append((self.name, self.env.now))

    def finish(self, _job: Job) -> None:
        self.seen.append((f"{self.name} ends", self.env.now))


def run(late: dict[str, int], passes: int = 2, cycles: int = 10, without: str = "") -> list[tuple[str, int]]:
    """Tiles that are ready `late` after each pass is handed out, one perhaps `without` filters for any."""
    env = simpy.Environment()
    link = Broadcast(env)
    seen: list[tuple[str, int]] = []
    tiles: list[Any] = [Tile(link, env, name, wait, seen) for name, wait in late.items()]
    link.tiles = tiles
    parts = [SimpleNamespace(filters=(0 if name == without else 16,)) for name in late]
    work: Any = SimpleNamespace(filter_set=0)
    program: Any = SimpleNamespace(tiles=parts)

    def dispatcher() -> Iterator[simpy.Event]:
        for _ in range(passes):
            yield link.announce(Job(0, 0, program, work))
            seen.append((str(link.late), env.now))
            started, done = link.start(cycles)
            yield started
            yield done
        seen.append(("end", env.now))

    env.process(dispatcher())
    env.run()
    return seen


def test_all_start_with_the_last_and_are_told_again_when_the_pass_is_over() -> None:
    assert run({"a": 0, "b": 3}) == [
        *(("weights", 3), ("a", 3), ("b", 3), ("a ends", 13), ("b ends", 13)),
        *(("weights", 16), ("a", 16), ("b", 16), ("a ends", 26), ("b ends", 26)),
        ("end", 26),
    ]


def test_where_none_is_late_nobody_is_blamed() -> None:
    assert run({"a": 0}, passes=1) == [("None", 0), ("a", 0), ("a ends", 10), ("end", 10)]


def test_a_tile_without_filters_takes_no_part() -> None:
    assert run({"a": 0, "b": 3}, passes=1, without="b") == [("None", 0), ("a", 0), ("a ends", 10), ("end", 10)]


def test_a_pass_that_takes_no_time_begins_before_it_ends() -> None:
    assert run({"a": 0}, passes=1, cycles=0) == [("None", 0), ("a", 0), ("a ends", 0), ("end", 0)]
