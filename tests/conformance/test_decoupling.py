"""Temporal decoupling: T8 to T11 and their like."""

from __future__ import annotations

import random

import pytest
import simpy
from models import (
    HalfWaitingLtTarget,
    InitiatorWrapper,
    LtInitiator,
    LtTarget,
    PassThrough,
    WaitingLtTarget,
    in_ns,
    innermost,
    read_word,
    wrapped,
    write_word,
    writes_then_reads,
)

from tlm.core import FS_PER_NS, WRITE, InitiatorSocket, Module, QuantumKeeper, Router


class DecoupledInitiator(LtInitiator):
    """Runs ahead of time, up to a quantum; `sent` are current times, `ok` (kernel time, local time)."""

    def __init__(self, parent, name, payloads=(), *, quantum_ns):
        super().__init__(parent, name, payloads)
        self.keeper = QuantumKeeper(self, quantum_ns * FS_PER_NS)

    def run(self):
        keeper = self.keeper
        for payload in self.payloads:
            self.sent.append(in_ns(keeper.current_time))
            keeper.set((yield from self.port.b_transport(payload, keeper.local_time)))
            if keeper.need_sync():
                yield from keeper.sync()
            self.ok.append((in_ns(self.now), in_ns(keeper.local_time)))


class CoreTarget(LtTarget):
    """Waits the delay and 50 on a write, annotates 100 on a read."""

    def b_transport(self, payload, delay):
        self.execute(payload, delay)
        if payload.command is not WRITE:
            return delay + 100 * FS_PER_NS
        yield self.env.timeout(delay + 50 * FS_PER_NS)
        return 0


def assert_times_of_t08(initiator, target):
    writes = [50 * k for k in range(10)]
    assert initiator.sent == writes + [500 + 100 * k for k in range(10)]
    assert [time for time, _ in target.received] == writes + [500] * 5 + [1000] * 5
    assert [delay for _, delay in target.received] == [0] * 10 + [0, 100, 200, 300, 400] * 2
    assert initiator.ok[:10] == [(50 * k, 0) for k in range(1, 11)]
    assert initiator.ok[10:15] == [(500, 100), (500, 200), (500, 300), (500, 400), (1000, 0)]
    assert initiator.ok[15:] == [(1000, 100), (1000, 200), (1000, 300), (1000, 400), (1500, 0)]
    assert initiator.values == list(range(10))


def test_t08_ten_writes_and_ten_reads_in_quanta_of_500():
    env = simpy.Environment()
    initiator = DecoupledInitiator(env, "initiator", writes_then_reads(10), quantum_ns=500)
    target = CoreTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert_times_of_t08(initiator, target)
    assert in_ns(env.now) == 1500


def test_t08_through_three_wrappers_and_a_router():
    env = simpy.Environment()

    def make(parent, name):
        return DecoupledInitiator(parent, name, writes_then_reads(10), quantum_ns=500)

    wrapper = wrapped(InitiatorWrapper, 3, make)(env, "wrapper")
    router, target = Router(env, "router"), CoreTarget(env, "target")
    wrapper.port >> router.port
    router.map(0, 4096, target.port)
    env.run()
    assert_times_of_t08(innermost(wrapper), target)


def test_t08_several_at_once_do_not_change_each_other_s_times():
    env = simpy.Environment()
    pairs = []
    for number, quantum_ns in enumerate([500, 130, 500]):
        initiator = DecoupledInitiator(env, f"i{number}", writes_then_reads(10), quantum_ns=quantum_ns)
        pairs.append((initiator, CoreTarget(env, f"t{number}")))
        initiator.port >> pairs[-1][1].port
    env.run()
    assert_times_of_t08(*pairs[0])
    assert_times_of_t08(*pairs[2])


def test_t09_a_quantum_of_0_always_needs_to_synchronise():
    env = simpy.Environment()
    initiator = DecoupledInitiator(env, "initiator", writes_then_reads(5), quantum_ns=0)
    target = LtTarget(env, "target")
    initiator.port >> target.port
    assert initiator.keeper.need_sync()
    env.run()
    times = [0, 10, 20, 30, 40, 50, 150, 250, 350, 450, 550]
    assert initiator.sent == times[:-1]
    assert target.received == [(time, 0) for time in times[:-1]]
    assert initiator.ok == [(time, 0) for time in times[1:]]
    assert initiator.keeper.need_sync()


def test_t09_a_quantum_of_0_with_a_target_of_latency_0():
    env = simpy.Environment()
    initiator = DecoupledInitiator(env, "initiator", writes_then_reads(5), quantum_ns=0)
    target = LtTarget(env, "target", write_ns=0, read_ns=0)
    initiator.port >> target.port
    env.run()
    assert initiator.ok == [(0, 0)] * 10


@pytest.mark.parametrize("seed", range(8))
def test_t10_end_and_data_do_not_depend_on_the_quantum(seed):
    def run(quantum_ns):
        draw = random.Random(seed)
        payloads = []
        for _ in range(60):
            address = 4 * draw.randrange(16)
            payloads.append(write_word(address, draw.randrange(2**32)) if draw.random() < 0.5 else read_word(address))
        env = simpy.Environment()
        initiator = DecoupledInitiator(env, "initiator", payloads, quantum_ns=quantum_ns)
        target = LtTarget(env, "target", write_ns=draw.randrange(50), read_ns=draw.randrange(50))
        initiator.port >> target.port
        env.run()
        kernel_ns, local_ns = initiator.ok[-1]
        ends = [kernel + local for kernel, local in initiator.ok]
        return kernel_ns + local_ns, ends, initiator.sent, initiator.values

    runs = [run(quantum_ns) for quantum_ns in (0, 10, 100, 10**6)]
    assert runs[0][0] > 0
    assert runs == [runs[0]] * 4


@pytest.mark.parametrize("quantum_ns", [0, 1, 80, 100, 500, 10**6])
def test_t11_a_target_that_waits_synchronises_a_decoupled_initiator(quantum_ns):
    env = simpy.Environment()
    router, target = Router(env, "router"), WaitingLtTarget(env, "target", write_ns=80)
    router.map(0, 4096, target.port)
    plain = LtInitiator(env, "plain", [write_word(4 * k, k) for k in range(4)])
    decoupled = DecoupledInitiator(
        env, "decoupled", [write_word(64 + 4 * k, k) for k in range(4)], quantum_ns=quantum_ns
    )
    plain.port >> router.port
    decoupled.port >> router.port
    env.run()
    assert plain.returned == [(80, 0), (160, 0), (240, 0), (320, 0)]
    assert decoupled.ok == [(80, 0), (160, 0), (240, 0), (320, 0)]
    assert decoupled.sent == plain.sent == [0, 80, 160, 240]


def test_t11_local_time_run_up_before_is_waited_by_the_target():
    env = simpy.Environment()

    class Ahead(DecoupledInitiator):
        def run(self):
            self.keeper.inc(33 * FS_PER_NS)
            yield from super().run()

    initiator = Ahead(env, "initiator", [write_word(0, 1), read_word(0)], quantum_ns=1000)
    target = CoreTarget(env, "target")
    initiator.port >> target.port
    env.run()
    assert target.received == [(0, 33), (83, 0)]
    assert initiator.ok == [(83, 0), (83, 100)]


# --- not listed ------------------------------------------------------------------------------------------------------


def test_synchronisation_points_are_multiples_of_the_quantum():
    """Not "a quantum after the last one": having synchronised at 130 of 100s, the next point is 200."""
    env = simpy.Environment()
    initiator = DecoupledInitiator(env, "initiator", [read_word(4 * k) for k in range(5)], quantum_ns=100)
    target = LtTarget(env, "target", read_ns=65)
    initiator.port >> target.port
    env.run()
    # 65: no; 130 >= 100: wait; 195: no; 260 >= 200: wait; 325 >= 300: wait
    assert initiator.ok == [(0, 65), (130, 0), (130, 65), (260, 0), (325, 0)]


class Keeping(Module):
    """Runs `script(keeper)` in a process of its own."""

    def __init__(self, parent, name, quantum_ns, script):
        super().__init__(parent, name)
        self.keeper = QuantumKeeper(self, quantum_ns * FS_PER_NS)
        self.process(lambda: script(self.keeper))


def test_a_keeper_step_by_step():
    env, log = simpy.Environment(), []

    def look(keeper):
        log.append((in_ns(env.now), in_ns(keeper.local_time), in_ns(keeper.current_time), keeper.need_sync()))

    def script(keeper):
        yield env.timeout(30 * FS_PER_NS)
        keeper.reset()  # the next point is 100
        look(keeper)
        keeper.inc(69 * FS_PER_NS)
        look(keeper)
        keeper.inc(1 * FS_PER_NS)
        look(keeper)
        keeper.set(20 * FS_PER_NS)
        look(keeper)
        yield from keeper.set_and_sync(69 * FS_PER_NS)
        look(keeper)
        yield from keeper.set_and_sync(70 * FS_PER_NS)
        look(keeper)
        keeper.set(99 * FS_PER_NS)
        look(keeper)
        yield from keeper.sync()
        look(keeper)
        keeper.inc(1 * FS_PER_NS)
        look(keeper)

    Keeping(env, "keeping", 100, script)
    env.run()
    assert log == [
        (30, 0, 30, False),
        (30, 69, 99, False),
        (30, 70, 100, True),
        (30, 20, 50, False),
        (30, 69, 99, False),
        (100, 0, 100, False),
        (100, 99, 199, False),
        (199, 0, 199, False),
        (199, 1, 200, True),
    ]


def test_a_sync_on_a_point_goes_on_to_the_next():
    env, log = simpy.Environment(), []

    def script(keeper):
        keeper.set(100 * FS_PER_NS)
        yield from keeper.sync()
        log.append((in_ns(env.now), keeper.need_sync()))
        keeper.set(99 * FS_PER_NS)
        log.append((in_ns(env.now), keeper.need_sync()))
        keeper.inc(1 * FS_PER_NS)
        log.append((in_ns(env.now), keeper.need_sync()))

    Keeping(env, "keeping", 100, script)
    env.run()
    assert log == [(100, False), (100, False), (100, True)]


def test_initiators_of_different_quanta_through_one_pass_through():
    env = simpy.Environment()
    through = PassThrough(env, "through")
    initiators, targets = [], []
    for number, quantum_ns in enumerate([0, 70, 10**6]):
        initiators.append(DecoupledInitiator(env, f"i{number}", writes_then_reads(4), quantum_ns=quantum_ns))
        targets.append(HalfWaitingLtTarget(env, f"t{number}"))
        initiators[-1].port >> through.inputs
        through.outputs >> targets[-1].port
    env.run()
    ends = [[kernel + local for kernel, local in initiator.ok] for initiator in initiators]
    assert ends == [[10, 20, 30, 40, 140, 240, 340, 440]] * 3
    assert [initiator.values for initiator in initiators] == [[0, 1, 2, 3]] * 3
    assert [initiator.ok[-1] for initiator in initiators] == [(440, 0), (440, 0), (340, 100)]


def test_data_are_accessed_in_the_order_of_calls_not_of_annotated_time():
    """The known inaccuracy: a decoupled writer 900 ahead has written before a reader at 10 reads."""
    env = simpy.Environment()
    router, target = Router(env, "router"), LtTarget(env, "target")
    router.map(0, 4096, target.port)

    class Ahead(Module):
        def __init__(self, parent, name):
            super().__init__(parent, name)
            self.port = InitiatorSocket(self, "port")
            self.process(self.run)

        def run(self):
            yield from self.port.b_transport(write_word(0, 9), 900 * FS_PER_NS)

    writer, reader = Ahead(env, "writer"), LtInitiator(env, "reader", [read_word(0)], start_ns=10)
    writer.port >> router.port
    reader.port >> router.port
    env.run()
    assert target.received == [(0, 900), (10, 0)]
    assert reader.values == [9]
