"""Temporal decoupling: how far ahead, and when to sync."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import Module, QuantumKeeper

Run = Generator[simpy.Event, Any, Any]


@pytest.mark.parametrize(
    ("now", "quantum", "sync_point"),
    [
        (0, 500, 500),
        (1, 500, 500),
        (499, 500, 500),
        (500, 500, 1000),
        (501, 500, 1000),
        (7, 1, 8),
        (10**15, 3, 10**15 + 2),
    ],
)
def test_sync_points_are_multiples_of_the_quantum(now: int, quantum: int, sync_point: int) -> None:
    keeper = QuantumKeeper(simpy.Environment(now), quantum)
    assert (keeper.local_time, keeper.current_time) == (0, now)
    keeper.set(sync_point - now - 1)
    assert not keeper.need_sync()
    keeper.inc(1)
    assert keeper.need_sync()
    assert keeper.current_time == sync_point


def test_sync_lets_simulated_time_catch_up() -> None:
    env, log = simpy.Environment(), []
    keeper = QuantumKeeper(Module(env, "cpu"), 100)

    def run() -> Run:
        for _ in range(6):
            keeper.inc(40)
            log.append((env.now, keeper.local_time, keeper.current_time, keeper.need_sync()))
            if keeper.need_sync():
                yield from keeper.sync()

    env.process(run())
    env.run()
    assert log == [
        (0, 40, 40, False),
        (0, 80, 80, False),
        (0, 120, 120, True),
        (120, 40, 160, False),
        (120, 80, 200, True),
        (200, 40, 240, False),
    ]
    assert env.now == 200


def test_t9_without_a_quantum_every_step_syncs() -> None:
    env, log = simpy.Environment(), []
    keeper = QuantumKeeper(env, 0)

    def run() -> Run:
        for _ in range(3):
            assert keeper.need_sync()
            yield from keeper.set_and_sync(keeper.local_time + 10)
            log.append((env.now, keeper.local_time))

    env.process(run())
    env.run()
    assert log == [(10, 0), (20, 0), (30, 0)]


def test_t11_a_target_that_waits_synchronises_its_caller() -> None:
    """The target waits 80 after what its caller is ahead, and returns 0."""
    env, log = simpy.Environment(), []

    def b_transport(delay: int) -> Run:
        yield env.timeout(delay + 80)
        return 0

    def plain() -> Run:
        for _ in range(3):
            delay = yield from b_transport(0)
            log.append(("plain", env.now, delay))

    def decoupled() -> Run:
        keeper = QuantumKeeper(env, 500)
        for _ in range(3):
            yield from keeper.set_and_sync((yield from b_transport(keeper.local_time)))
            log.append(("decoupled", env.now, keeper.local_time))
            assert keeper.current_time == env.now

    env.process(plain())
    env.process(decoupled())
    env.run()
    assert log == [(name, time, 0) for time in (80, 160, 240) for name in ("plain", "decoupled")]


@given(st.integers(0, 50), st.lists(st.integers(0, 30), max_size=20))
def test_an_initiator_ends_when_its_steps_are_over_and_is_never_a_quantum_ahead(quantum: int, steps: list[int]) -> None:
    env = simpy.Environment()
    keeper = QuantumKeeper(env, quantum)
    ends = []

    def run() -> Run:
        for step in steps:
            yield from keeper.set_and_sync(keeper.local_time + step)
            ends.append(keeper.current_time)
            assert env.now // quantum == keeper.current_time // quantum if quantum else keeper.local_time == 0
        yield from keeper.sync()

    env.process(run())
    env.run()
    assert ends == [sum(steps[: place + 1]) for place in range(len(steps))]
    assert env.now == sum(steps)


def test_a_negative_quantum_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a quantum is 0 fs or more, not -1$"):
        QuantumKeeper(simpy.Environment(), -1)


def test_a_keeper_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        QuantumKeeper(simpy.Environment(), 1).localtime = 3  # type: ignore[attr-defined]
