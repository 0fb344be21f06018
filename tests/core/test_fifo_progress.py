import pytest
import simpy

from tlm.core import Fifo, Progress


def test_a_full_fifo_holds_its_producer():
    env, log = simpy.Environment(), []
    fifo = Fifo(env, capacity=2)

    def producer():
        for item in range(4):
            yield fifo.put(item)
            log.append((f"put {item}", env.now))

    def consumer():
        while len(log) < 8:
            yield env.timeout(10)
            item = yield fifo.get()
            log.append((f"got {item}", env.now))

    env.process(producer())
    env.process(consumer())
    env.run(45)
    assert log == [
        ("put 0", 0),
        ("put 1", 0),
        ("got 0", 10),
        ("put 2", 10),
        ("got 1", 20),
        ("put 3", 20),
        ("got 2", 30),
        ("got 3", 40),
    ]
    assert len(fifo) == 0


def test_waiting_getters_are_served_in_order():
    env, log = simpy.Environment(), []
    fifo = Fifo(env, capacity=1)

    def consumer(name):
        log.append((name, (yield fifo.get()), env.now))

    def producer():
        for item in "xy":
            yield env.timeout(5)
            yield fifo.put(item)

    env.process(consumer("a"))
    env.process(consumer("b"))
    env.process(producer())
    env.run()
    assert log == [("a", "x", 5), ("b", "y", 10)]


def test_waiting_putters_are_served_in_order():
    env = simpy.Environment()
    fifo = Fifo(env, capacity=1)
    first, second, third = (fifo.put(item) for item in "abc")
    assert (first.triggered, second.triggered, third.triggered) == (True, False, False)
    assert [fifo.get().value, fifo.get().value, fifo.get().value] == ["a", "b", "c"]
    assert second.triggered and third.triggered


def test_a_fifo_needs_room_for_one():
    with pytest.raises(ValueError, match="capacity of at least 1, not 0"):
        Fifo(simpy.Environment(), capacity=0)


def test_progress_wakes_waiters_by_threshold_then_by_order():
    env, log = simpy.Environment(), []
    progress = Progress(env)

    def waiter(name, count):
        yield progress.reached(count)
        log.append((name, env.now))

    def worker():
        for count in (4, 5, 5, 3, 9):
            yield env.timeout(1)
            progress.advance_to(count)

    for name, count in [("six", 6), ("five", 5), ("zero", 0), ("five too", 5), ("nine", 9), ("ten", 10)]:
        env.process(waiter(name, count))
    env.process(worker())
    env.run()
    assert log == [("zero", 0), ("five", 2), ("five too", 2), ("six", 5), ("nine", 5)]
    assert progress.count == 9
