import pytest
import simpy

from tlm.core import (
    Event,
    Fifo,
    Module,
    Mutex,
    PeqWithCbAndPhase,
    PeqWithGet,
    PrimChannel,
    Progress,
    Semaphore,
)


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


@pytest.mark.parametrize("consumer_first", [True, False])
@pytest.mark.parametrize(("put_at", "log"), [(4, [("x", 4)]), (5, None), (6, [(None, 5), ("x", 6)])])
def test_a_get_that_is_given_up_takes_no_item(put_at, log, consumer_first):
    """Also where the item comes in the instant of the timeout: then it is got by one of the two, never lost."""
    env, got = simpy.Environment(), []
    fifo = Fifo(env)

    def consumer():
        get = fifo.get()
        result = yield get | env.timeout(5)
        got.append((get.value if get in result else None, env.now))
        if got[0][0] is None:
            got.append(((yield fifo.get()), env.now))

    def producer():
        yield env.timeout(put_at)
        yield fifo.put("x")

    for process in (consumer, producer) if consumer_first else (producer, consumer):
        env.process(process())
    env.run()
    assert got == (log or ([(None, 5), ("x", 5)] if consumer_first else [("x", 5)]))
    assert len(fifo) == 0


def test_an_interrupted_getter_takes_no_item():
    env, log = simpy.Environment(), []
    fifo = Fifo(env)

    def consumer(name):
        try:
            log.append((name, (yield fifo.get()), env.now))
        except simpy.Interrupt:
            log.append((name, "interrupted", env.now))

    first = env.process(consumer("first"))
    env.process(consumer("second"))
    env.run(3)
    first.interrupt()
    env.run(6)
    assert fifo.nb_put("x")
    env.run()
    assert log == [("first", "interrupted", 3), ("second", "x", 6)]


def test_who_waits_again_for_the_same_get_has_its_turn():
    env, log = simpy.Environment(), []
    fifo = Fifo(env)

    def consumer():
        get = fifo.get()
        try:
            yield get
        except simpy.Interrupt:
            log.append((yield get))

    process = env.process(consumer())
    env.run(3)
    process.interrupt()
    env.run(6)
    fifo.put("x")
    env.run()
    assert log == ["x"]


def test_a_get_may_be_asked_for_before_it_is_waited_for():
    env, log = simpy.Environment(), []
    fifo = Fifo(env)

    def consumer():
        first, second = fifo.get(), fifo.get()
        yield env.timeout(10)
        log.append(((yield first), env.now))
        log.append(((yield second), env.now))

    env.process(consumer())
    env.run(4)
    fifo.put("a")
    env.run(24)
    fifo.put("b")
    env.run()
    assert log == [("a", 10), ("b", 24)]


@pytest.mark.parametrize("kind", ["interrupt", "timeout", "nobody"])
def test_what_was_given_to_put_is_put(kind):
    """Whether the putter waits for it or not."""
    env = simpy.Environment()
    fifo = Fifo(env, capacity=1)

    def producer():
        yield fifo.put("a")
        put = fifo.put("b")
        if kind == "interrupt":
            with pytest.raises(simpy.Interrupt):
                yield put
        elif kind == "timeout":
            yield put | env.timeout(5)

    process = env.process(producer())
    env.run(3)
    if kind == "interrupt":
        process.interrupt()
    env.run(10)
    assert [fifo.nb_get(), fifo.nb_get(), fifo.nb_get()] == ["a", "b", None]


def test_sixteen_items_fit_unless_told_otherwise():
    fifo = Fifo(simpy.Environment())
    assert [fifo.nb_put(item) for item in range(17)] == [True] * 16 + [False]
    assert (len(fifo), fifo.num_free, fifo.capacity) == (16, 0, 16)


def test_without_waiting():
    fifo = Fifo(simpy.Environment(), capacity=2)
    assert (fifo.nb_get(), fifo.nb_get("nothing"), fifo.num_free) == (None, "nothing", 2)
    assert (fifo.nb_put("a"), fifo.num_free, fifo.nb_put(None), fifo.nb_put("c")) == (True, 1, True, False)
    assert (fifo.nb_get(), fifo.nb_get("nothing"), fifo.nb_get("nothing")) == ("a", None, "nothing")


def test_without_waiting_the_others_are_served():
    env, log = simpy.Environment(), []
    fifo = Fifo(env, capacity=1)

    def consumer():
        log.append(((yield fifo.get()), env.now))

    def producer():
        yield env.timeout(3)
        yield fifo.put("c")
        log.append(("put c", env.now))

    env.process(consumer())
    env.run(2)
    assert fifo.nb_put("a") and fifo.nb_put("b") and not fifo.nb_put("too many")
    env.process(producer())
    env.run(6)
    assert log == [("a", 2)]
    assert (fifo.nb_get(), fifo.nb_put("too many"), fifo.nb_get(), fifo.nb_get()) == ("b", False, "c", None)
    env.run()
    assert log == [("a", 2), ("put c", 6)]


def test_who_need_not_wait_goes_on_at_once():
    env = simpy.Environment()
    fifo = Fifo(env, capacity=2)

    def both():
        yield fifo.put("a")
        yield fifo.put("b")
        assert env.peek() == float("inf")
        assert ((yield fifo.get()), (yield fifo.get())) == ("a", "b")
        assert env.peek() == float("inf")

    env.process(both())
    env.run()
    assert env.now == 0


def test_who_looks_on_may_put_functions_around_those_of_one_fifo():
    env, log = simpy.Environment(), []
    watched, other = Fifo(env), Fifo(env)
    put, get = watched.put, watched.get
    watched.put = lambda item: (log.append(("put", item)), put(item))[1]
    watched.get = lambda: (log.append(("get",)), get())[1]
    for fifo in (watched, other):
        fifo.put(1)
        fifo.nb_put(2)
        assert (fifo.get().value, fifo.nb_get(), fifo.nb_get()) == (1, 2, None)
    assert log == [("put", 1), ("put", 2), ("get",), ("get",)]


def test_channels_belong_to_their_module_in_order():
    soc = Module(simpy.Environment(), "soc")
    channels = [Fifo(soc, 2, "fifo"), Progress(soc, "rows"), Mutex(soc), Semaphore(soc, 1), Event(soc), PeqWithGet(soc)]
    channels.append(PeqWithCbAndPhase(soc, print, "due"))
    assert soc.prim_channels == channels
    assert all(isinstance(channel, PrimChannel) and channel.parent is soc for channel in channels)
    names = ["fifo", "rows", "mutex", "semaphore", "event", "peqwithget", "due"]
    assert [channel.full_name for channel in channels] == [f"soc.{name}" for name in names]
    alone = Mutex(soc.env, "lock")
    assert (alone.parent, alone.env, alone.full_name) == (None, soc.env, "lock")


def test_a_fifo_needs_room_for_one():
    with pytest.raises(ValueError, match="capacity of at least 1, not 0"):
        Fifo(Module(simpy.Environment(), "soc"), capacity=0)


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
