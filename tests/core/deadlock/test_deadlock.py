"""A system that stops with work left says who waits for whom; one that only looks like it runs to its end."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
import simpy
from small_parts import Part, Run
from wirings import (
    WIRINGS,
    Node,
    Silent,
    Wiring,
    back_pressure_of_an_output_that_nobody_drains,
    drain,
    fill,
    forward,
    roots_of,
    the_consumer_has_ended,
    two_fill_each_other_s_fifo_before_they_take,
)

from tlm.core import (
    BUSY,
    IDLE,
    Deadlock,
    Fifo,
    Module,
    Probe,
    Progress,
    Standstill,
    find_deadlock,
    simulate,
    waits,
)

SOUND: list[Wiring] = []


def sound(wiring: Wiring) -> Wiring:
    SOUND.append(wiring)
    return wiring


@pytest.mark.parametrize(("wiring", "message"), WIRINGS, ids=[wiring.__name__ for wiring, _ in WIRINGS])
def test_a_deadlock_is_named(wiring: Wiring, message: str) -> None:
    with pytest.raises(Deadlock) as found:
        simulate(*roots_of(wiring))
    assert str(found.value) == message


def test_a_message_is_the_same_every_time() -> None:
    for wiring, message in WIRINGS[:5]:
        found = [str(_stopped(wiring)) for _ in range(3)]
        assert found == [message] * 3


def _stopped(wiring: Wiring) -> Standstill | None:
    roots = roots_of(wiring)
    roots[0].env.run()
    return find_deadlock(*roots)


# --- no deadlock -----------------------------------------------------------------------------------------------------


@sound
def servers_with_nothing_to_do(soc: Module) -> None:
    def give(part: Any) -> Run:
        for item in range(5):
            yield part.out.put(item)

    first, second = Fifo[int](soc, 1, "first"), Fifo[int](soc, 9, "second")
    Part(soc, "a", give, out=first)
    Part(soc, "b", forward, inp=first, out=second)
    Part(soc, "c", drain, inp=second)


@sound
def a_pool_that_waits_for_bare_events_and_counts(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield part.env.event()

    def follow(part: Any) -> Run:
        while True:
            yield part.rows.reached(part.rows.count + 1)

    Part(soc, "pool", run, run)
    Part(soc, "follower", follow, rows=Progress(soc, "rows"))


@sound
def two_idle_servers_that_feed_each_other(soc: Module) -> None:
    ab, ba = Fifo[str](soc, 1), Fifo[str](soc, 1)
    Part(soc, "a", forward, inp=ba, out=ab)
    Part(soc, "b", forward, inp=ab, out=ba)


@sound
def all_have_ended(soc: Module) -> None:
    def run(part: Any) -> Run:
        part.probe.set("input")
        yield part.env.timeout(3)
        part.probe.set(BUSY)
        yield part.env.timeout(3)
        part.probe.set(IDLE)

    Part(soc, "a", run)


@sound
def busy_by_a_span_beyond_the_last_event(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield part.env.timeout(3)
        part.probe.span(3, 1000)

    Part(soc, "engine", run)


@sound
def a_server_of_a_store(soc: Module) -> None:
    Part(soc, "a", drain, inp=simpy.Store(soc.env))


@sound
def a_lock_held_for_ever_that_nobody_wants(soc: Module) -> None:
    def run(part: Any) -> Run:
        yield part.lock.request()

    Part(soc, "a", run, lock=simpy.Resource(soc.env))


@sound
def a_put_that_was_given_up(soc: Module) -> None:
    """The item still waits for room; the process does not."""

    def run(part: Any) -> Run:
        yield part.out.put(1)
        yield part.out.put(2) | part.env.timeout(8)

    Part(soc, "a", run, out=Fifo[int](soc, 1))


@sound
def a_wait_that_was_interrupted(soc: Module) -> None:
    def run(part: Any) -> Run:
        with suppress(simpy.Interrupt):
            yield from part.wait(part.env.event(), "grant")

    def stop(part: Any) -> Run:
        yield part.env.timeout(5)
        next(iter(part.other.processes)).interrupt()

    a = Part(soc, "a", run)
    Part(soc, "b", stop, other=a)


@pytest.mark.parametrize("wiring", SOUND, ids=lambda wiring: wiring.__name__)
def test_what_only_looks_like_one_is_none(wiring: Wiring) -> None:
    roots = roots_of(wiring)
    simulate(*roots)
    assert find_deadlock(*roots) is None


def test_work_left_at_until_is_no_deadlock_while_something_is_still_to_happen() -> None:
    roots = roots_of(two_fill_each_other_s_fifo_before_they_take)
    simulate(*roots, until_fs=25)
    assert roots[0].env.now == 25
    with pytest.raises(Deadlock, match=r"deadlock at 30 fs: soc\.a -> soc\.b -> soc\.a"):
        simulate(*roots, until_fs=100)


def test_a_sound_system_runs_until_the_time_asked_for() -> None:
    roots = roots_of(servers_with_nothing_to_do)
    simulate(*roots, until_fs=50)
    assert roots[0].env.now == 50


def test_a_part_that_is_only_bound_is_found() -> None:
    env = simpy.Environment()
    a, dram = Node(env, "a"), Silent(env, "dram")
    a.mem >> dram.port
    with pytest.raises(Deadlock, match="deadlock at 2 fs: a -> dram\n"):
        simulate(a)


def test_a_chain_may_be_longer_than_python_s_stack() -> None:
    soc, length = Module(simpy.Environment(), "soc"), 1200
    fifos = [Fifo[int](soc, 1, f"fifo{place}") for place in range(length + 1)]
    for fifo in fifos:
        fifo.put(0)
    for place in range(length):
        Part(soc, f"stage{place}", forward, inp=fifos[place], out=fifos[place + 1])
    Part(soc, "source", fill, out=fifos[0])
    soc.env.run()
    found = find_deadlock(soc)
    assert found is not None
    assert [wait.name for wait in found.path] == ["soc.source", *(f"soc.stage{place}" for place in range(length))]
    assert not found.circular


# --- the data --------------------------------------------------------------------------------------------------------


def test_waits_are_data_before_they_are_words() -> None:
    roots = roots_of(the_consumer_has_ended)
    roots[0].env.run()
    (wait,) = waits(*roots)
    a, b = (next(iter(part.processes)) for part in roots[0].children.values())  # type: ignore[union-attr]
    assert (wait.waiter, wait.name, wait.on, wait.whom) == (a, "soc.a", (b,), ("soc.b",))
    assert (wait.what, wait.since_fs, wait.work) == ("room in fifo 'soc.ab'", 40, True)


def test_waits_can_be_looked_at_while_a_system_runs() -> None:
    roots = roots_of(back_pressure_of_an_output_that_nobody_drains)
    seen = []
    for until in (15, 30, 45):
        roots[0].env.run(until)
        seen.append({wait.name for wait in waits(*roots) if wait.work})
    assert seen == [set(), {"soc.c"}, {"soc.b", "soc.c"}]


def test_a_module_waits_with_a_reason_until_the_event_comes() -> None:
    env, log = simpy.Environment(), []

    def run(part: Any) -> Run:
        part.probe.set(BUSY)
        yield env.timeout(2)
        log.append((yield from part.wait(env.timeout(5, "item"), "input")))
        yield env.timeout(1)

    part = Part(Module(env, "soc"), "a", run)
    env.run()
    assert log == ["item"]
    assert part.probe.totals(8) == {BUSY: 3, "input": 5}


def test_of_several_waits_of_a_module_the_last_one_is_told_until_none_is_left() -> None:
    env = simpy.Environment()

    def first(part: Any) -> Run:
        yield from part.wait(env.timeout(10), "first")

    def second(part: Any) -> Run:
        yield env.timeout(2)
        yield from part.wait(env.timeout(3), "second")

    part = Part(Module(env, "soc"), "a", first, second)
    env.run(20)
    assert part.probe.totals(20) == {"first": 7, "second": 3, IDLE: 10}
    assert part.announced == {}


def test_a_probe_tells_since_when_its_state_lasts() -> None:
    env = simpy.Environment()
    by_set, by_span = Probe(env), Probe(env)
    by_span.span(3, 5)
    by_span.span(5, 8, "refresh")
    by_span.span(12, 20)
    seen = []
    for until in (2, 4, 7, 9, 13):
        env.run(until)
        by_set.set("room" if until > 3 else IDLE)
        seen.append((by_set.lasting(), by_span.lasting()))
    assert seen == [
        ((IDLE, 0), (IDLE, 0)),
        (("room", 4), (BUSY, 3)),
        (("room", 4), ("refresh", 5)),
        (("room", 4), (IDLE, 8)),
        (("room", 4), (BUSY, 12)),
    ]


def test_processes_that_ended_are_forgotten_when_they_get_many() -> None:
    env = simpy.Environment()
    fifo = Fifo[int](env, 1000)

    def put(item: int) -> Run:
        yield fifo.put(item)

    for item in range(200):
        env.process(put(item))
        env.run(item + 1)
    assert len(fifo) == 200
    assert len(fifo.givers) <= 33
    assert any(process.is_alive is False for process in fifo.givers)
