"""The lock: one process at a time, in order, and who holds it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import simpy
from small_parts import Part, Run

from tlm.core import Deadlock, Module, Mutex, simulate
from tlm.core.kernel.scheduling import next_event_time


def run(*processes: Callable[[simpy.Environment, Mutex], Run]) -> simpy.Environment:
    env = simpy.Environment()
    mutex = Mutex(env, "bus")
    for process in processes:
        env.process(process(env, mutex))
    env.run()
    return env


def test_t31_three_that_hold_it_10_each_and_an_outsider() -> None:
    log: list[tuple[str, float]] = []

    def user(name: str, arrival: int) -> Callable[[simpy.Environment, Mutex], Run]:
        def hold(env: simpy.Environment, mutex: Mutex) -> Run:
            yield env.timeout(arrival)
            yield mutex.lock()
            log.append((name, env.now))
            yield env.timeout(10)
            mutex.unlock()

        return hold

    def outsider(env: simpy.Environment, mutex: Mutex) -> Run:
        yield env.timeout(5)
        assert not mutex.try_lock()
        with pytest.raises(RuntimeError, match=r"^bus is unlocked by outsider at 5 fs, but hold holds it since 0 fs$"):
            mutex.unlock()

    run(user("a", 0), user("b", 1), user("c", 2), outsider)
    assert log == [("a", 0), ("b", 10), ("c", 20)]


def test_what_is_free_is_locked_without_an_event() -> None:
    def hold(env: simpy.Environment, mutex: Mutex) -> Run:
        for _ in range(3):
            yield mutex.lock()
            assert mutex.owner is env.active_process
            assert next_event_time(env) is None
            mutex.unlock()
            assert mutex.owner is None

    assert run(hold).now == 0


def test_its_owner_locks_it_again_for_nothing() -> None:
    log = []

    def hold(env: simpy.Environment, mutex: Mutex) -> Run:
        yield mutex.lock()
        yield mutex.lock()
        assert mutex.try_lock()
        yield env.timeout(4)
        mutex.unlock()
        yield env.timeout(4)

    def next_one(env: simpy.Environment, mutex: Mutex) -> Run:
        yield mutex.lock()
        log.append(env.now)

    run(hold, next_one)
    assert log == [4]


def test_who_waited_longest_has_it_as_soon_as_it_is_unlocked() -> None:
    log = []

    def greedy(env: simpy.Environment, mutex: Mutex) -> Run:
        yield mutex.lock()
        yield env.timeout(4)
        mutex.unlock()
        assert not mutex.try_lock()
        yield mutex.lock()
        log.append(("greedy again", env.now))

    def patient(env: simpy.Environment, mutex: Mutex) -> Run:
        yield mutex.lock()
        log.append(("patient", env.now))
        yield env.timeout(3)
        mutex.unlock()

    run(greedy, patient)
    assert log == [("patient", 4), ("greedy again", 7)]


def test_who_does_not_wait_any_more_is_passed_over() -> None:
    log = []

    def hold(env: simpy.Environment, mutex: Mutex) -> Run:
        yield mutex.lock()
        interrupted = env.process(waiter("interrupted", mutex, env))
        env.process(impatient(mutex, env))
        env.process(waiter("last", mutex, env))
        yield env.timeout(4)
        interrupted.interrupt()
        yield env.timeout(4)
        mutex.unlock()

    def waiter(name: str, mutex: Mutex, env: simpy.Environment) -> Run:
        try:
            yield mutex.lock()
            log.append((name, env.now))
        except simpy.Interrupt:
            yield env.timeout(100)

    def impatient(mutex: Mutex, env: simpy.Environment) -> Run:
        yield mutex.lock() | env.timeout(2)
        log.append(("impatient", env.now))

    run(hold)
    assert log == [("impatient", 2), ("last", 8)]


def test_who_gives_up_in_the_instant_of_its_turn_is_passed_over() -> None:
    """The timeout comes before the unlocking, in the same instant."""
    log = []

    def hold(env: simpy.Environment, mutex: Mutex) -> Run:
        yield mutex.lock()
        yield env.timeout(1)
        yield env.timeout(4)
        mutex.unlock()

    def impatient(env: simpy.Environment, mutex: Mutex) -> Run:
        lock = mutex.lock()
        log.append((lock in (yield lock | env.timeout(5)), env.now))

    def later(env: simpy.Environment, mutex: Mutex) -> Run:
        yield env.timeout(9)
        yield mutex.lock()
        log.append((True, env.now))

    run(hold, impatient, later)
    assert log == [(False, 5), (True, 9)]


def test_a_lock_may_be_asked_for_before_it_is_waited_for() -> None:
    log = []

    def hold(env: simpy.Environment, mutex: Mutex) -> Run:
        yield mutex.lock()
        yield env.timeout(5)
        mutex.unlock()

    def ahead(env: simpy.Environment, mutex: Mutex) -> Run:
        lock = mutex.lock()
        yield env.timeout(10)
        yield lock
        log.append((env.now, mutex.owned_since_fs))
        mutex.unlock()

    run(hold, ahead)
    assert log == [(10, 5)]


def test_what_nobody_holds_is_not_unlocked() -> None:
    env = simpy.Environment()
    soc = Module(env, "soc")
    mutex = Mutex(soc)

    def part_run(part: Any) -> Run:
        yield env.timeout(3)
        with pytest.raises(RuntimeError, match=r"^soc\.mutex is unlocked by part_run at 3 fs, but nobody holds it$"):
            mutex.unlock()

    Part(soc, "a", part_run)
    env.run()
    with pytest.raises(RuntimeError, match=r"^soc\.mutex is unlocked by no process at 3 fs, but nobody holds it$"):
        mutex.unlock()


@pytest.mark.parametrize("locking", [Mutex.lock, Mutex.try_lock])
def test_only_a_process_locks(locking: Callable[[Mutex], object]) -> None:
    with pytest.raises(RuntimeError, match=r"^bus is locked outside of a process, at 0 fs$"):
        locking(Mutex(simpy.Environment(), "bus"))


# --- who waits for whom ----------------------------------------------------------------------------------------------


def _lock_both(part: Any) -> Run:
    yield part.env.timeout(part.begin)
    yield part.first.lock()
    yield part.env.timeout(10)
    yield part.second.lock()


def _deadlock(soc: Module) -> str:
    with pytest.raises(Deadlock) as found:
        simulate(soc)
    return str(found.value)


def test_two_that_lock_crosswise_are_named() -> None:
    soc = Module(simpy.Environment(), "soc")
    rows, columns = Mutex(soc, "rows"), Mutex(soc, "columns")
    Part(soc, "a", _lock_both, first=rows, second=columns, begin=1)
    Part(soc, "b", _lock_both, first=columns, second=rows, begin=3)
    Part(soc, "c", _lock_both, first=rows, second=columns, begin=5)
    assert _deadlock(soc) == (
        "deadlock at 13 fs: soc.a -> soc.b -> soc.a\n"
        "  soc.a waits since 11 fs for mutex 'soc.columns' (held by soc.b since 3 fs)\n"
        "  soc.b waits since 13 fs for mutex 'soc.rows' (held by soc.a since 1 fs)\n"
        "  soc.c waits since 5 fs for mutex 'soc.rows' (held by soc.a since 1 fs)"
    )


def test_an_owner_that_waited_holds_it_since_its_turn_came() -> None:
    def briefly(part: Any) -> Run:
        yield part.first.lock()
        yield part.env.timeout(4)
        part.first.unlock()

    soc = Module(simpy.Environment(), "soc")
    first, second = Mutex(soc, "first"), Mutex(soc, "second")
    Part(soc, "a", briefly, first=first)
    Part(soc, "b", _lock_both, first=first, second=second, begin=1)
    Part(soc, "c", _lock_both, first=second, second=first, begin=2)
    assert _deadlock(soc) == (
        "deadlock at 14 fs: soc.c -> soc.b -> soc.c\n"
        "  soc.c waits since 12 fs for mutex 'soc.first' (held by soc.b since 4 fs)\n"
        "  soc.b waits since 14 fs for mutex 'soc.second' (held by soc.c since 2 fs)"
    )


def test_an_owner_that_has_ended_is_named() -> None:
    def lock(part: Any) -> Run:
        yield part.env.timeout(part.begin)
        yield part.mutex.lock()

    soc = Module(simpy.Environment(), "soc")
    mutex = Mutex(soc.env)
    Part(soc, "a", lock, mutex=mutex, begin=2)
    Part(soc, "b", lock, mutex=mutex, begin=4)
    assert _deadlock(soc) == (
        "deadlock at 4 fs: soc.b -> soc.a\n"
        "  soc.b waits since 4 fs for mutex 'soc.a.mutex' (held by soc.a since 2 fs; soc.a has ended)\n"
        "  soc.a has ended"
    )
