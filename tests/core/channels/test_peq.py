"""Payload event queues: what is due comes out, in order of time and then of notification."""

from __future__ import annotations

from typing import Any

import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from small_parts import Part, Run

from tlm.core import (
    BEGIN_REQ,
    BUSY,
    END_REQ,
    READ,
    Deadlock,
    Module,
    Payload,
    PeqWithCbAndPhase,
    PeqWithGet,
    simulate,
)
from tlm.core.kernel.scheduling import next_event_time

# --- with a callback -------------------------------------------------------------------------------------------------


def test_each_payload_comes_with_its_phase_when_it_is_due() -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithCbAndPhase(env, lambda payload, phase: log.append((payload, phase, env.now)))
    first, second = Payload(READ, 0, None, 4), Payload(READ, 4, None, 4)
    peq.notify(first, BEGIN_REQ, 10)
    peq.notify(second, BEGIN_REQ, 5)
    peq.notify(first, END_REQ, 10)
    env.run()
    assert log == [(second, BEGIN_REQ, 5), (first, BEGIN_REQ, 10), (first, END_REQ, 10)]


def test_without_delay_it_comes_in_the_same_instant_but_not_at_once() -> None:
    env, log = simpy.Environment(), []

    def due(payload: Any, _phase: Any) -> None:
        log.append((payload, env.now))
        if payload < 3:
            peq.notify(payload + 1)
            log.append(("not yet", env.now))

    peq = PeqWithCbAndPhase(env, due)
    peq.notify(1, None, 7)
    env.run()
    assert log == [(1, 7), ("not yet", 7), (2, 7), ("not yet", 7), (3, 7)]


def test_t30_an_event_queue_counts_every_notification() -> None:
    env, log = simpy.Environment(), []
    queue = PeqWithCbAndPhase(env, lambda payload, phase: log.append((payload, phase, env.now)))
    for delay in (10, 5, 5, 0):
        queue.notify(delay=delay)
    env.run()
    assert log == [(None, None, 0), (None, None, 5), (None, None, 5), (None, None, 10)]


def test_cancel_all_drops_its_own_and_nothing_holds_the_run_back() -> None:
    env, log = simpy.Environment(), []
    peq, other = (PeqWithCbAndPhase(env, lambda payload, _: log.append((payload, env.now))) for _ in range(2))
    for delay in (0, 3, 3, 9):
        peq.notify("mine", None, delay)
    other.notify("other's", None, 4)
    peq.cancel_all()
    peq.notify("later", None, 2)
    env.run()
    assert (log, env.now) == ([("later", 2), ("other's", 4)], 4)


def test_a_callback_may_cancel_what_is_due_at_the_same_time() -> None:
    env, log = simpy.Environment(), []

    def due(payload: Any, _phase: Any) -> None:
        log.append(payload)
        peq.cancel_all()

    peq = PeqWithCbAndPhase(env, due)
    peq.notify("first", None, 3)
    peq.notify("second", None, 3)
    env.run()
    assert (log, next_event_time(env)) == (["first"], None)


def test_a_callback_that_would_not_run_is_refused() -> None:
    def due(_payload: Any, _phase: Any) -> Run:
        yield simpy.Environment().event()

    with pytest.raises(TypeError, match="generator function, which would not run"):
        PeqWithCbAndPhase(simpy.Environment(), due)


def test_the_past_is_refused_with_name_time_and_process() -> None:
    env = simpy.Environment(7)
    soc = Module(env, "soc")
    callback, get = PeqWithCbAndPhase(soc, print, "due"), PeqWithGet[int](soc, "requests")
    with pytest.raises(ValueError, match=r"^soc\.due is notified 3 fs before now, at 7 fs$"):
        callback.notify(1, BEGIN_REQ, -3)

    def run() -> Run:
        yield env.timeout(1)
        with pytest.raises(ValueError, match=r"^soc\.requests is notified 1 fs before now, at 8 fs, in process run$"):
            get.notify(1, -1)

    env.process(run())
    env.run()
    assert (get.get_next(), env.now) == (None, 8)


# --- with get_next ---------------------------------------------------------------------------------------------------


def taken(env: simpy.Environment, peq: PeqWithGet[Any], log: list[tuple[Any, float]]) -> Run:
    """Takes all that is due, again and again."""
    while True:
        yield peq.wait()
        while (payload := peq.get_next()) is not None:
            log.append((payload, env.now))


def test_all_that_is_due_comes_out_and_the_rest_later() -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithGet[str](env)
    for payload, delay in (("c", 10), ("a", 5), ("b", 5), ("now", 0), ("d", 10)):
        peq.notify(payload, delay)
    env.process(taken(env, peq, log))
    env.run()
    assert log == [("now", 0), ("a", 5), ("b", 5), ("c", 10), ("d", 10)]
    assert env.now == 10


def test_a_get_that_finds_only_what_is_to_come_arms_it_again() -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithGet[str](env)
    peq.notify("a", 3)
    peq.notify("b", 8)

    def waiter() -> Run:
        while True:
            yield peq.wait()
            log.append(("woken", env.now))

    def getter() -> Run:
        yield env.timeout(4)
        log.append((peq.get_next(), env.now))
        log.append((peq.get_next(), env.now))

    env.process(waiter())
    env.process(getter())
    env.run()
    # Who waits again for what it leaves is woken once more for it, and not for ever.
    assert log == [("woken", 3), ("woken", 3), ("a", 4), (None, 4), ("woken", 8), ("woken", 8)]
    assert env.now == 8


def test_what_came_due_meanwhile_is_there_when_one_waits_again() -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithGet[str](env)

    def slow() -> Run:
        while True:
            yield peq.wait()
            while (payload := peq.get_next()) is not None:
                log.append((payload, env.now))
            yield env.timeout(10)

    env.process(slow())
    for payload, delay in (("a", 1), ("b", 4), ("c", 30)):
        peq.notify(payload, delay)
    env.run()
    assert log == [("a", 1), ("b", 11), ("c", 30)]


def test_what_came_due_after_a_wait_was_given_up_is_there() -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithGet[str](env)
    peq.notify("a", 3)
    peq.notify("b", 8)

    def run() -> Run:
        yield peq.wait()
        log.append((peq.get_next(), env.now))
        assert not (yield peq.wait(timeout=2))
        yield env.timeout(4)
        yield peq.wait()
        log.append((peq.get_next(), env.now))

    env.process(run())
    env.run()
    assert log == [("a", 3), ("b", 9)]


def test_one_wait_for_one_entry() -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithGet[str](env)
    for payload, delay in (("a", 3), ("b", 3), ("c", 5)):
        peq.notify(payload, delay)

    def one_each() -> Run:
        for _ in range(3):
            yield peq.wait()
            log.append((peq.get_next(), env.now))

    env.process(one_each())
    env.run()
    assert log == [("a", 3), ("b", 3), ("c", 5)]


def test_a_wait_may_end_without_an_entry() -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithGet[str](env)

    def run() -> Run:
        log.append(((yield peq.wait(timeout=4)), peq.get_next(), env.now))
        peq.notify("a", 2)
        log.append(((yield peq.wait(timeout=4)), peq.get_next(), env.now))

    env.process(run())
    env.run()
    assert (log, env.now) == ([(False, None, 4), (True, "a", 6)], 6)


def test_cancel_all_leaves_nothing_to_get() -> None:
    env = simpy.Environment()
    peq = PeqWithGet[str](env)
    peq.notify("due")
    peq.notify("later", 5)
    peq.cancel_all()
    assert (peq.get_next(), next_event_time(env)) == (None, None)
    peq.notify("new", 2)
    env.run()
    assert (peq.get_next(), peq.get_next(), env.now) == ("new", None, 2)


def test_a_deadlock_names_who_would_notify() -> None:
    def serve(part: Any) -> Run:
        while True:
            yield part.requests.wait()
            part.requests.get_next()
            part.probe.set(BUSY)

    def ask(part: Any) -> Run:
        part.requests.notify("one", 5)
        yield part.env.timeout(3)

    soc = Module(simpy.Environment(), "soc")
    requests = PeqWithGet[str](soc)
    Part(soc, "server", serve, requests=requests)
    Part(soc, "client", ask, requests=requests)
    with pytest.raises(Deadlock) as found:
        simulate(soc)
    assert str(found.value) == (
        "deadlock at 5 fs: soc.server -> soc.client\n"
        "  soc.server waits since 5 fs for an entry of PEQ 'soc.server.requests' "
        "(soc.client, which notified it, has ended)\n"
        "  soc.client has ended"
    )


# --- against a reference ---------------------------------------------------------------------------------------------

#: Gaps are even, delays odd or 0: only what is notified together can coincide with a cancel_all.
steps = st.lists(st.tuples(st.sampled_from([0, 0, 2, 6]), st.sampled_from([None, 0, 0, 1, 3, 3, 7, 11])), max_size=25)


def expected(script: list[tuple[int, int | None]]) -> list[tuple[int, int]]:
    """(number, time) of all that is not cancelled, in order of time and then of number."""
    now, pending = 0, []
    for number, (gap, delay) in enumerate(script):
        now += gap
        if delay is None:
            pending = [(time, other) for time, other in pending if time < now]
        else:
            pending.append((now + delay, number))
    return [(number, time) for time, number in sorted(pending)]


def perform(env: simpy.Environment, peq: Any, notify: Any, script: list[tuple[int, int | None]]) -> Run:
    for number, (gap, delay) in enumerate(script):
        if gap:
            yield env.timeout(gap)
        if delay is None:
            peq.cancel_all()
        else:
            notify(number, delay)


@given(steps)
def test_callbacks_come_in_order(script: list[tuple[int, int | None]]) -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithCbAndPhase(env, lambda number, phase: log.append((number, int(env.now))) or phase)
    env.process(perform(env, peq, lambda number, delay: peq.notify(number, BEGIN_REQ, delay), script))
    env.run()
    assert log == expected(script)
    assert env.now == max([sum(gap for gap, _ in script), *(time for _, time in log)])


@given(steps)
def test_entries_are_got_in_order(script: list[tuple[int, int | None]]) -> None:
    env, log = simpy.Environment(), []
    peq = PeqWithGet[int](env)
    env.process(taken(env, peq, log))
    env.process(perform(env, peq, peq.notify, script))
    env.run()
    assert log == expected(script)
    assert env.now == max([sum(gap for gap, _ in script), *(time for _, time in log)])
