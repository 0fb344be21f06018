"""Calls at a time to come, and taking events out of SimPy's queue: what its entries are, the others come as before."""

from __future__ import annotations

import simpy
from hypothesis import example, given
from hypothesis import strategies as st

from tlm.core.kernel.scheduling import FIRST, LAST, call_in, next_event_time, unschedule, unschedule_all

delays = st.lists(st.integers(0, 9), min_size=1, max_size=40)


def test_the_queue_is_a_heap_of_time_priority_number_and_event() -> None:
    env = simpy.Environment(3)
    late, soon = env.timeout(7), env.timeout(1)
    (first, second) = env._queue
    assert isinstance(env._queue, list)
    assert (first[:2], first[3]) == ((4, 1), soon)
    assert (second[:2], second[3]) == ((10, 1), late)
    assert first[2] > second[2]
    assert len(first) == len(second) == 4


@given(delays, st.integers(0, 39))
@example([0, 100, 1, 101, 102, 2, 3], 3)  # the last of the queue must move up in its place
def test_one_event_does_not_come_and_the_others_do_in_order(delays: list[int], gone: int) -> None:
    env, came = simpy.Environment(), []
    for place, delay in enumerate(delays):
        env.timeout(delay, place).callbacks.append(lambda event: came.append((int(env.now), event.value)))
    gone %= len(delays)
    unschedule(next(entry[3] for entry in env._queue if entry[3].value == gone))
    assert _is_heap(env._queue)
    env.run()
    assert came == sorted((delay, place) for place, delay in enumerate(delays) if place != gone)


@given(delays, st.sets(st.integers(0, 39)))
def test_many_events_do_not_come_and_the_others_do_in_order(delays: list[int], gone: set[int]) -> None:
    env, came = simpy.Environment(), []
    for place, delay in enumerate(delays):
        env.timeout(delay, place).callbacks.append(lambda event: came.append((int(env.now), event.value)))
    unschedule_all(env, lambda event: event.value in gone)
    assert _is_heap(env._queue)
    env.run()
    assert came == sorted((delay, place) for place, delay in enumerate(delays) if place not in gone)
    assert env.now == max((delay for delay, _place in came), default=0)


def test_calls_come_in_order_of_time_priority_and_asking() -> None:
    env, log = simpy.Environment(), []

    def note(what: str) -> None:
        log.append((what, env.now))

    call_in(env, 3, lambda: note("last"), LAST)
    call_in(env, 3, lambda: note("one"))
    call_in(env, 3, lambda: note("two"))
    call_in(env, 3, lambda: note("first"), FIRST)
    call_in(env, 0, lambda: note("now"))
    assert (log, next_event_time(env)) == ([], 0)
    env.run()
    assert log == [("now", 0), ("first", 3), ("one", 3), ("two", 3), ("last", 3)]
    assert next_event_time(env) is None


def _is_heap(queue: list[tuple[float, int, int, simpy.Event]]) -> bool:
    return all(queue[(place - 1) // 2] < queue[place] for place in range(1, len(queue)))
