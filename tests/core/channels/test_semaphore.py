"""The semaphore: units taken in order, and who would have to post one is told."""

from __future__ import annotations

from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from small_parts import Part, Run

from tlm.core import Deadlock, Module, Semaphore, find_deadlock, simulate
from tlm.core.kernel.scheduling import next_event_time


def test_t31_four_share_two_units() -> None:
    env, log = simpy.Environment(), []
    semaphore = Semaphore(env, 2)

    def user(arrival: int) -> Run:
        yield env.timeout(arrival)
        yield semaphore.wait()
        log.append(env.now)
        yield env.timeout(10)
        semaphore.post()

    for arrival in range(100, 104):
        env.process(user(arrival))
    env.run()
    assert log == [100, 101, 110, 111]
    assert semaphore.value == 2


def test_a_unit_that_is_there_is_taken_without_an_event() -> None:
    env = simpy.Environment()
    semaphore = Semaphore(env, 3)

    def user() -> Run:
        yield semaphore.wait()
        yield semaphore.wait()
        assert (semaphore.value, next_event_time(env)) == (1, None)
        assert semaphore.try_wait()
        assert not semaphore.try_wait()
        assert semaphore.value == 0
        semaphore.post()

    env.process(user())
    env.run()
    assert (semaphore.value, env.now) == (1, 0)


def test_a_posted_unit_is_for_who_waited_longest() -> None:
    env, log = simpy.Environment(), []
    semaphore = Semaphore(env, 0)

    def waiter(name: str) -> Run:
        yield semaphore.wait()
        log.append((name, env.now))

    def poster() -> Run:
        yield env.timeout(5)
        semaphore.post()
        assert not semaphore.try_wait()
        yield env.timeout(5)
        semaphore.post()
        semaphore.post()

    env.process(waiter("a"))
    env.process(waiter("b"))
    env.process(poster())
    env.run()
    assert (log, semaphore.value) == ([("a", 5), ("b", 10)], 1)


def test_who_does_not_wait_any_more_is_passed_over() -> None:
    env, log = simpy.Environment(), []
    semaphore = Semaphore(env, 0)

    def impatient() -> Run:
        yield semaphore.wait() | env.timeout(2)

    def patient() -> Run:
        yield semaphore.wait()
        log.append(env.now)

    env.process(impatient())
    env.process(patient())
    env.run(5)
    semaphore.post()
    env.run()
    assert (log, semaphore.value) == ([5], 0)


def test_who_gives_up_in_the_instant_of_its_turn_is_passed_over() -> None:
    env, log = simpy.Environment(), []
    semaphore = Semaphore(env, 0)

    def impatient() -> Run:
        unit = semaphore.wait()
        log.append((unit in (yield unit | env.timeout(5)), env.now))

    def poster() -> Run:
        yield env.timeout(5)
        semaphore.post()

    env.process(impatient())
    env.process(poster())
    env.run()
    assert (log, semaphore.value) == ([(False, 5)], 1)


def test_a_unit_may_be_asked_for_before_it_is_waited_for() -> None:
    env, log = simpy.Environment(), []
    semaphore = Semaphore(env, 0)

    def ahead() -> Run:
        unit = semaphore.wait()
        yield env.timeout(10)
        yield unit
        log.append(env.now)

    env.process(ahead())
    env.run(5)
    semaphore.post()
    env.run()
    assert (log, semaphore.value) == ([10], 0)


def test_a_negative_number_of_units_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^a semaphore begins with 0 units or more, not -1$"):
        Semaphore(simpy.Environment(), -1)


@given(st.integers(1, 4), st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)), max_size=12))
def test_units_are_held_by_at_most_as_many_as_there_are_in_order_of_arrival(
    units: int, users: list[tuple[int, int]]
) -> None:
    env, log = simpy.Environment(), []
    semaphore = Semaphore(env, units)

    def user(arrival: int, duration: int) -> Run:
        yield env.timeout(arrival)
        yield semaphore.wait()
        log.append(env.now)
        yield env.timeout(duration)
        semaphore.post()

    for arrival, duration in users:
        env.process(user(arrival, duration))
    env.run()
    free, taken = [0] * units, []
    for arrival, duration in sorted(users, key=lambda one: one[0]):
        start = max(arrival, min(free))
        free[free.index(min(free))] = start + duration
        taken.append(start)
    assert log == taken
    assert semaphore.value == units


# --- who waits for whom ----------------------------------------------------------------------------------------------


def _deadlock(soc: Module) -> str:
    with pytest.raises(Deadlock) as found:
        simulate(soc)
    return str(found.value)


def _take_two(part: Any) -> Run:
    yield part.env.timeout(part.begin)
    yield part.units.wait()
    yield part.env.timeout(10)
    yield part.units.wait()


def _take_and_post(part: Any) -> Run:
    yield part.units.wait()
    yield part.env.timeout(2)
    part.units.post()


def test_who_holds_the_units_is_named() -> None:
    soc = Module(simpy.Environment(), "soc")
    units = Semaphore(soc, 2, "units")
    for name, take, begin in (("a", _take_and_post, 0), ("b", _take_two, 1), ("c", _take_two, 3)):
        Part(soc, name, take, units=units, begin=begin)
    assert _deadlock(soc) == (
        "deadlock at 13 fs: soc.b -> soc.b\n"
        "  soc.b waits since 11 fs for a unit of semaphore 'soc.units' (soc.b, soc.c holds one)\n"
        "  soc.c waits since 13 fs for a unit of semaphore 'soc.units' (soc.b, soc.c holds one)"
    )


def test_who_posted_some_of_its_units_holds_the_rest() -> None:
    def take_two_and_post_one(part: Any) -> Run:
        yield part.units.wait()
        yield part.units.wait()
        part.units.post()
        yield part.env.event()

    soc = Module(simpy.Environment(), "soc")
    units = Semaphore(soc, 2, "units")
    Part(soc, "a", take_two_and_post_one, units=units)
    soc.env.run()
    (a,) = next(iter(soc.children.values())).processes
    assert (units.holders, list(units.posters), units.value) == ({a: 1}, [], 1)


def test_a_holder_that_has_ended_is_named() -> None:
    def take(part: Any) -> Run:
        yield part.units.wait()

    soc = Module(simpy.Environment(), "soc")
    units = Semaphore(soc, 1, "units")
    Part(soc, "a", take, units=units)
    Part(soc, "b", _take_two, units=units, begin=1)
    assert _deadlock(soc) == (
        "deadlock at 1 fs: soc.b -> soc.a\n"
        "  soc.b waits since 1 fs for a unit of semaphore 'soc.units' (soc.a, which held one, has ended)\n"
        "  soc.a has ended"
    )


def test_who_posts_what_others_take_is_named() -> None:
    def consume(part: Any) -> Run:
        yield part.env.timeout(4)
        part.slots.post()
        yield part.env.event()

    soc = Module(simpy.Environment(), "soc")
    slots = Semaphore(soc, 1, "slots")
    Part(soc, "producer", _take_two, _take_two, units=slots, begin=1)
    Part(soc, "consumer", consume, slots=slots)
    assert _deadlock(soc) == (
        "deadlock at 14 fs: soc.producer (_take_two) -> soc.consumer -> nobody\n"
        "  soc.producer (_take_two) waits since 11 fs for a unit of semaphore 'soc.slots' (soc.consumer posts to it)\n"
        "  soc.consumer is idle and waits for an event (nobody is known to bring it about)\n"
        "  soc.producer (_take_two) 2 waits since 14 fs for a unit of semaphore 'soc.slots' (soc.consumer posts to it)"
    )


def test_who_only_waits_for_a_signal_has_nothing_to_do() -> None:
    soc = Module(simpy.Environment(), "soc")
    Part(soc, "consumer", _take_two, units=Semaphore(soc, 0, "units"), begin=1)
    soc.env.run()
    assert find_deadlock(soc) is None


def test_many_short_users_are_forgotten() -> None:
    env = simpy.Environment()
    own, handed_on = Semaphore(env, 1), Semaphore(env, 1)

    def user() -> Run:
        yield own.wait()
        yield handed_on.wait()
        own.post()

    for time in range(1, 300):
        env.process(user())
        env.run(time)
        handed_on.post()
    assert (len(own.holders), len(own.posters)) == (0, 0)
    assert (len(handed_on.holders), len(handed_on.posters)) == (0, 0)
