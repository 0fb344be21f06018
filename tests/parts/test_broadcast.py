"""The broadcast and its barrier as tiny processes: a list of (name, time)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import simpy

from tlm.accelerators.parts.broadcast import Broadcast, Job

NONE: Any = None  # a job's program and work are not looked at here


def run(late: dict[str, int], passes: int = 2) -> list[tuple[str, int]]:
    """Tiles that are ready `late` after each announcement; a dispatcher whose passes last 10."""
    env = simpy.Environment()
    link = Broadcast(env)
    seen: list[tuple[str, int]] = []

    def tile(name: str, wait: int) -> Iterator[simpy.Event]:
        announcement = link.first
        while True:
            job = yield announcement
            announcement = job.next
            yield env.timeout(wait)
            link.ready("weights" if wait else None)
            yield job.started
            seen.append((name, env.now))
            yield job.done

    def dispatcher() -> Iterator[simpy.Event]:
        for _ in range(passes):
            job = Job(env, 0, 0, NONE, NONE)
            yield link.announce(job, len(late))
            seen.append((str(link.late), env.now))
            job.done = env.timeout(10)
            job.started.succeed()
            yield job.started
            yield job.done
        seen.append(("end", env.now))

    for name, wait in late.items():
        env.process(tile(name, wait))
    env.process(dispatcher())
    env.run()
    return seen


def test_all_start_with_the_last_and_are_told_again_when_the_pass_is_over() -> None:
    assert run({"a": 0, "b": 3}) == [
        ("weights", 3),
        ("a", 3),
        ("b", 3),
        ("weights", 16),
        ("a", 16),
        ("b", 16),
        ("end", 26),
    ]


def test_where_none_is_late_nobody_is_blamed() -> None:
    assert run({"a": 0, "b": 0}, passes=1) == [("None", 0), ("a", 0), ("b", 0), ("end", 10)]
