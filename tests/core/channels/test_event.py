"""Events as sc_event: one notification pending, waited for again and again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from small_parts import Part, Run

from tlm.core import BUSY, Deadlock, Event, Module, PeqWithCbAndPhase, PeqWithGet, simulate, waits
from tlm.core.kernel.scheduling import next_event_time

CANCEL = "cancel"


def woken(*actions: int | str | None) -> tuple[list[int], int]:
    """When a process that waits again and again is woken, from these actions at 100 on; and the last event's time."""
    env, times = simpy.Environment(), []
    event = Event(env)

    def waiter() -> Run:
        while True:
            yield event.wait()
            times.append(int(env.now) - 100)

    def actor() -> Run:
        yield env.timeout(100)
        for action in actions:
            if action == CANCEL:
                event.cancel()
            else:
                event.notify(*(() if action is None else (action,)))

    env.process(waiter())
    env.process(actor())
    env.run()
    return times, int(env.now) - 100


@pytest.mark.parametrize(
    ("actions", "times"),
    [
        ((10, 5), [5]),
        ((5, 10), [5]),
        ((5, 0), [0]),
        ((0, 5), [0]),
        ((5, CANCEL), []),
        ((5, None), [0]),
        ((5, 5), [5]),
        ((0, 0), [0]),
        ((0, None), [0]),
        ((0, CANCEL), []),
        ((None, CANCEL), [0]),
        ((None, 5), [0, 5]),
        ((None, None), [0]),
        ((CANCEL, 5, CANCEL, 7), [7]),
        ((3, 9, CANCEL, 9), [9]),
    ],
    ids=str,
)
def test_t30_one_notification_is_pending_and_an_earlier_one_overrides(
    actions: tuple[int | str | None, ...], times: list[int]
) -> None:
    assert woken(*actions) == (times, max(times, default=0))


def test_t30_an_immediate_notification_before_anybody_waits_is_lost() -> None:
    env, log = simpy.Environment(), []
    event = Event(env)

    def late() -> Run:
        yield env.timeout(2)
        event.notify()
        log.append((yield event.wait(timeout=3)))

    env.process(late())
    env.run()
    assert (log, env.now) == ([False], 5)


def test_t30_all_who_wait_are_woken() -> None:
    env, log = simpy.Environment(), []
    event = Event(env)

    def waiter(name: str) -> Run:
        yield event.wait()
        log.append((name, env.now))

    for name in "abc":
        env.process(waiter(name))
    event.notify(4)
    env.run()
    assert log == [("a", 4), ("b", 4), ("c", 4)]


def test_t30_either_and_both_of_two_events_and_a_timeout() -> None:
    env, log = simpy.Environment(), []
    a, b = Event(env), Event(env)

    def waiter(name: str, event: simpy.Event) -> Run:
        yield event
        log.append((name, env.now))

    env.process(waiter("or", a.wait() | b.wait()))
    env.process(waiter("and", a.wait() & b.wait()))
    env.process(waiter("timeout", a.wait(timeout=5)))
    env.process(waiter("neither", b.wait(timeout=5)))
    a.notify(3)
    b.notify(7)
    env.run()
    assert log == [("timeout", 3), ("or", 3), ("neither", 5), ("and", 7)]


@pytest.mark.parametrize("steps", [(), (0, 0), (2,), (2, 3)], ids=str)
def test_t30_a_notification_at_the_time_of_the_timeout_counts_once(steps: tuple[int, ...]) -> None:
    """Notified before anybody waits, then, later, or in the very instant: never does the second wait see it again."""
    env, log = simpy.Environment(), []
    event = Event(env)

    def waiter() -> Run:
        for timeout in (5, 4):
            log.append(((yield event.wait(timeout=timeout)), env.now))

    def notifier() -> Run:
        for step in steps:
            yield env.timeout(step)
        event.notify(5 - sum(steps))

    if steps:
        env.process(waiter())
        env.process(notifier())
    else:
        event.notify(5)
        env.process(waiter())
    env.run()
    assert log == [(True, 5), (False, 9)]


def test_t30_an_event_queue_wakes_for_each_notification() -> None:
    env, log = simpy.Environment(), []
    event = Event(env)
    queue = PeqWithCbAndPhase(env, lambda _payload, _phase: event.notify())

    def waiter() -> Run:
        for delay in (10, 5, 5, 0):
            queue.notify(delay=delay)
        while True:
            yield event.wait()
            log.append(env.now)

    env.process(waiter())
    env.run()
    assert log == [0, 5, 5, 10]


# --- instants --------------------------------------------------------------------------------------------------------


def test_a_delta_notification_wakes_who_begins_to_wait_until_then_and_an_immediate_one_does_not() -> None:
    env, log = simpy.Environment(), []
    delta, immediate = Event(env), Event(env)

    def notifier() -> Run:
        yield env.timeout(5)
        delta.notify(0)
        immediate.notify()

    def late(event: Event, name: str) -> Run:
        yield env.timeout(5)
        log.append((name, (yield event.wait(timeout=2)), env.now))

    env.process(notifier())
    env.process(late(delta, "delta"))
    env.process(late(immediate, "immediate"))
    env.run()
    assert log == [("delta", True, 5), ("immediate", False, 7)]


def test_an_immediate_notification_comes_before_a_delta_notification_of_the_same_instant() -> None:
    env, log = simpy.Environment(), []
    delta, immediate = Event(env), Event(env)
    delta.wait().callbacks.append(lambda _: log.append("delta"))
    immediate.wait().callbacks.append(lambda _: log.append("immediate"))
    immediate.wait(timeout=4).callbacks.append(lambda _: log.append("immediate or 4"))
    delta.notify(0)
    immediate.notify()
    env.run()
    assert (log, env.now) == (["immediate", "immediate or 4", "delta"], 0)


def test_the_first_of_two_notifications_for_the_same_time_keeps_its_place() -> None:
    env, log = simpy.Environment(), []
    first, second = Event(env), Event(env)
    first.wait().callbacks.append(lambda _: log.append("first"))
    second.wait().callbacks.append(lambda _: log.append("second"))
    for event in (first, second, first):
        event.notify(5)
    env.run()
    assert log == ["first", "second"]


def test_who_waits_again_waits_for_the_next_notification() -> None:
    env, log = simpy.Environment(), []
    event = Event(env)

    def waiter() -> Run:
        while True:
            yield event.wait()
            log.append(env.now)
            if env.now < 9:
                event.notify(3)

    env.process(waiter())
    event.notify(3)
    env.run()
    assert log == [3, 6, 9]


def test_a_run_until_an_event_can_be_repeated() -> None:
    env = simpy.Environment()
    event = Event(env)
    for time in (5, 10, 15):
        event.notify(5)
        env.run(until=event.wait())
        assert env.now == time


def test_who_was_interrupted_is_not_woken() -> None:
    env, log = simpy.Environment(), []
    event = Event(env)

    def waiter() -> Run:
        try:
            yield event.wait()
        except simpy.Interrupt:
            yield env.timeout(10)
        log.append(env.now)

    process = env.process(waiter())
    env.run(2)
    process.interrupt()
    event.notify(1)
    env.run()
    assert log == [12]


# --- timeouts --------------------------------------------------------------------------------------------------------


def test_a_timeout_leaves_nothing_behind() -> None:
    env, log = simpy.Environment(), []
    event = Event(env)
    plain = event.wait()
    bare = len(plain.callbacks)

    def waiter() -> Run:
        log.append(((yield event.wait(timeout=3)), env.now))
        assert len(plain.callbacks) == bare
        event.notify(2)
        log.append(((yield event.wait(timeout=100)), env.now))
        assert next_event_time(env) is None

    env.process(waiter())
    env.run()
    assert (log, env.now) == ([(False, 3), (True, 5)], 5)


def test_a_wait_with_a_timeout_combines_with_others() -> None:
    env, log = simpy.Environment(), []
    a, b = Event(env), Event(env)

    def waiter() -> Run:
        yield a.wait(timeout=6) & b.wait(timeout=4)
        log.append(env.now)
        yield a.wait(timeout=6) | b.wait(timeout=4)
        log.append(env.now)

    env.process(waiter())
    env.run()
    assert log == [6, 10]


@pytest.mark.parametrize("delay", [-1, -(10**20)])
def test_the_past_is_refused_with_name_and_time(delay: int) -> None:
    env = simpy.Environment(7)
    event = Event(Module(env, "soc"), "done")
    with pytest.raises(ValueError, match=rf"^soc\.done is notified {-delay} fs before now, at 7 fs$"):
        event.notify(delay)
    with pytest.raises(ValueError, match=rf"^soc\.done is waited for until {-delay} fs before now, at 7 fs$"):
        event.wait(timeout=delay)
    event.notify(3)
    env.run()
    assert env.now == 10


# --- who waits for whom ----------------------------------------------------------------------------------------------


def _wait_for(part: Any) -> Run:
    part.probe.set(BUSY)
    yield part.env.timeout(part.begin)
    yield part.event.wait()


def _notify_and_wait(part: Any) -> Run:
    yield part.env.timeout(2)
    part.event.notify()
    part.probe.set(BUSY)
    yield part.other.wait()


def _deadlock(soc: Module) -> str:
    with pytest.raises(Deadlock) as found:
        simulate(soc)
    return str(found.value)


def test_a_deadlock_names_who_notified_before() -> None:
    soc = Module(simpy.Environment(), "soc")
    done, granted = Event(soc, "done"), Event(soc, "granted")
    Part(soc, "a", _wait_for, event=done, other=granted, begin=3)
    Part(soc, "b", _notify_and_wait, event=done, other=granted)
    assert _deadlock(soc) == (
        "deadlock at 3 fs: soc.b -> soc.a -> soc.b\n"
        "  soc.b waits since 2 fs for event 'soc.granted' (soc.a has not notified it yet)\n"
        "  soc.a waits since 3 fs for event 'soc.done' (soc.b notifies it)"
    )


def test_an_event_that_nobody_else_has_is_waited_for_in_vain() -> None:
    soc = Module(simpy.Environment(), "soc")
    Part(soc, "a", _wait_for, event=Event(soc.env), begin=3)
    assert _deadlock(soc) == (
        "deadlock at 3 fs: soc.a -> nobody\n  soc.a waits since 3 fs for event 'soc.a.event' (nobody notifies it)"
    )


def test_who_notified_and_waits_now_is_not_who_will_notify() -> None:
    soc = Module(simpy.Environment(), "soc")
    event = Event(soc, "done")
    Part(soc, "a", _notify_and_wait, event=event, other=event)
    assert _deadlock(soc) == (
        "deadlock at 2 fs: soc.a -> nobody\n  soc.a waits since 2 fs for event 'soc.done' (nobody notifies it)"
    )


def test_who_began_at_different_times_is_not_told_to_wait_since_the_first() -> None:
    soc = Module(simpy.Environment(), "soc")
    event = Event(soc, "done")
    for name, begin in (("a", 3), ("b", 3), ("c", 5)):
        Part(soc, name, _wait_for, event=event, begin=begin)
    soc.env.run(4)
    (first,) = event.awaited()
    assert (first.since_fs, [wait.name for wait in waits(soc)]) == (3, ["soc.a", "soc.b"])
    soc.env.run(6)
    assert (first.since_fs, [wait.name for wait in waits(soc)]) == (None, ["soc.a", "soc.b", "soc.c"])


def test_a_cancelled_notification_is_waited_for_and_a_pending_one_is_not() -> None:
    soc = Module(simpy.Environment(), "soc")
    event = Event(soc, "done")
    Part(soc, "a", _wait_for, event=event, begin=1)
    soc.env.run(2)
    event.notify(9)
    assert waits(soc) == []
    event.cancel()
    assert [(wait.name, wait.since_fs) for wait in waits(soc)] == [("soc.a", 1)]


def test_who_waits_for_what_was_cancelled_waits_since_it_asked() -> None:
    soc = Module(simpy.Environment(), "soc")
    event = Event(soc, "done")
    event.notify(2)
    event.cancel()
    Part(soc, "a", _wait_for, event=event, begin=5)
    soc.env.run()
    assert [(wait.name, wait.since_fs) for wait in waits(soc)] == [("soc.a", 5)]


# --- against a reference ---------------------------------------------------------------------------------------------

#: Actions come at multiples of 10, notifications at 1 beyond, timeouts at 5 beyond: nothing else coincides.
actions = st.one_of(
    st.tuples(st.just("notify"), st.sampled_from([None, 0, 1, 11, 21, 31])),
    st.tuples(st.just("wait"), st.sampled_from([None, 5, 15, 25])),
    st.tuples(st.just("cancel"), st.none()),
)
scripts = st.lists(st.tuples(st.sampled_from([0, 0, 10, 20]), actions), max_size=20)


class Reference:
    """The rules of one event, in words: who waits, until when, and what is pending."""

    def __init__(self) -> None:
        self.log: list[tuple[int, int, bool]] = []
        self.waiting: dict[int, float] = {}
        self.pending: float = float("inf")
        self.end = 0

    def advance(self, now: float) -> None:
        """All that comes before `now`."""
        while (time := min([self.pending, *self.waiting.values()])) < now:
            self.end = int(time)
            if time == self.pending:
                self.fire(int(time))
            else:
                for who in [who for who, until in self.waiting.items() if until == time]:
                    del self.waiting[who]
                    self.log.append((who, int(time), False))

    def fire(self, now: int) -> None:
        self.log += [(who, now, True) for who in self.waiting]
        self.waiting, self.pending = {}, float("inf")

    def act(self, number: int, now: int, what: str, time: int | None) -> None:
        self.advance(now)
        self.end = now
        if what == "wait":
            self.waiting[number] = float("inf") if time is None else now + time
        elif what == "cancel":
            self.pending = float("inf")
        elif time is None:
            self.fire(now)
        else:
            self.pending = min(self.pending, now + time)


@given(scripts)
def test_any_sequence_of_actions_does_as_the_rules_say(script: list[tuple[int, tuple[str, int | None]]]) -> None:
    env, reference, log = simpy.Environment(), Reference(), []
    event = Event(env)

    def note(number: int, came: simpy.Event) -> None:
        log.append((number, int(env.now), came.value is not False))

    def actor() -> Run:
        for number, (gap, (what, time)) in enumerate(script):
            if gap:
                yield env.timeout(gap)
            if what == "wait":
                event.wait(timeout=time).callbacks.append(lambda came, number=number: note(number, came))
            elif what == "cancel":
                event.cancel()
            else:
                event.notify(time)

    env.process(actor())
    env.run()
    now = 0
    for number, (gap, (what, time)) in enumerate(script):
        now += gap
        reference.act(number, now, what, time)
    reference.advance(float("inf"))
    assert sorted(log) == sorted(reference.log)
    assert [time for _, time, _ in log] == [time for _, time, _ in reference.log]
    assert env.now == reference.end


@pytest.mark.parametrize("time", [2.5, 3.0, "1 ns"])
def test_a_time_is_a_whole_number_of_fs(time: Any) -> None:
    soc = Module(simpy.Environment(), "soc")
    event, peq = Event(soc, "done"), PeqWithGet[str](soc, "items")
    for call in (event.notify, event.wait, lambda delay: peq.notify("item", delay)):
        with pytest.raises(ValueError, match=r"^soc\.\w+ is .* fs from now, which is no whole number, at 0 fs$"):
            call(time)
    assert next_event_time(soc.env) == 0  # the elaboration, and nothing else
    assert len(soc.env._queue) == 1


def test_integers_of_any_kind_are_times() -> None:
    env = simpy.Environment()
    event, log = Event(env), []

    def waiter() -> Run:
        yield event.wait()
        log.append(env.now)

    env.process(waiter())
    event.notify(np.int64(7))
    env.run()
    assert log == [7]
