"""A user's processes read and write through a DMA: what they see is lists of (name, time)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st
from test_engines import load_of, stream_of
from test_region import region

from tlm.core import ADDRESS_ERROR, BUSY, IDLE, OK, WRITE, Hop, Module, Payload, TargetSocket
from tlm.engines import Cut, Dma, Write
from tlm.memory import Dram, IdealMemory, MemorySpec, make_memory

Process = Iterator[simpy.Event]


class Memory(Module):
    """Answers a request at `address` after `delay_of(address)`, and refuses those from `capacity` on."""

    def __init__(
        self, env: simpy.Environment, delay_of: Callable[[int], int] = lambda _address: 100, capacity: int = 1 << 20
    ) -> None:
        super().__init__(env, "memory")
        self.port = TargetSocket(self, "port", self.serve)
        self.asked: list[tuple[int, int, int]] = []
        self.delay_of, self.capacity = delay_of, capacity

    def serve(self, payload: Payload, delay: int) -> int:
        self.asked.append((payload.address, payload.data_length, self.now))
        fits = payload.address + payload.data_length <= self.capacity
        payload.response_status = OK if fits else ADDRESS_ERROR
        return delay + self.delay_of(payload.address) if fits else delay


class Silent(Module):
    """A memory that never answers."""

    def __init__(self, env: simpy.Environment) -> None:
        super().__init__(env, "silent")
        self.port = TargetSocket(self, "port", self.serve)

    def serve(self, _payload: Payload, _delay: int) -> Any:
        yield self.env.event()


def on(memory: Any, outstanding: int | str = "64 KiB", **options: Any) -> Dma:
    dma = Dma(memory.env, "dma", outstanding, **options)
    dma.mem >> memory.port
    return dma


def wait(log: list[tuple[Any, int]], name: Any, event: simpy.Event) -> None:
    """Note when `event` fires."""

    def process() -> Process:
        yield event
        log.append((name, event.env.now))

    event.env.process(process())


def finish(env: simpy.Environment, *events: simpy.Event) -> list[Any]:
    """Run until all have fired; their values."""
    env.run()
    assert all(event.processed for event in events)
    return [event.value for event in events]


# --- cutting, credit, order


def test_a_dram_a_dma_and_a_process_are_a_system() -> None:
    def my_traffic(dma: Dma) -> Process:
        for row in range(8):
            yield dma.read(row * 8192, 4096)

    env = simpy.Environment()
    dram = Dram(env, "dram", standard="lpddr4-3200")
    dma = Dma(env, "dma", outstanding="64 KiB")
    dma.mem >> dram.port
    env.process(my_traffic(dma))
    env.run()
    assert str(dram.stats).startswith("read       32,768 B\nwritten    0 B\nbandwidth  ")


def test_a_transfer_is_cut_at_multiples_of_a_request() -> None:
    memory, log = Memory(simpy.Environment()), []
    wait(log, "read", on(memory, request=256).read(100, 600))
    memory.env.run()
    assert memory.asked == [(100, 156, 0), (256, 256, 0), (512, 188, 0)]
    assert log == [("read", 100)]


@pytest.mark.parametrize(
    ("outstanding", "times"), [(255, [0, 100, 200, 300]), (511, [0, 100, 200, 300]), (512, [0, 0, 100, 100])]
)
def test_as_many_requests_are_in_flight_as_the_credit_holds(outstanding: int, times: list[int]) -> None:
    memory, log = Memory(simpy.Environment()), []
    request = min(outstanding, 256)
    wait(log, "read", on(memory, outstanding, request=request).read(0, 4 * request))
    memory.env.run()
    assert [time for _, _, time in memory.asked] == times
    assert log == [("read", times[-1] + 100)]


@pytest.mark.parametrize(
    ("outstanding", "request_bytes"),
    [("64 KiB", 2048), ("32 KiB", 2048), ("16 KiB", 1024), (32767, 1024), ("2 KiB", 256), (300, 256), (100, 100)],
)
def test_by_default_sixteen_requests_are_in_flight_as_long_as_they_are_not_tiny(
    outstanding: int | str, request_bytes: int
) -> None:
    assert on(Memory(simpy.Environment()), outstanding).request == request_bytes


def test_requests_end_out_of_order_underneath_and_transfers_whole() -> None:
    delays = {0: 300, 256: 100, 512: 50, 768: 20}
    memory, log = Memory(simpy.Environment(), delays.__getitem__), []
    dma = on(memory, request=256)
    wait(log, "first", dma.read(0, 512))
    wait(log, "second", dma.write(512, 256))
    wait(log, "third", dma.read(768, 256))
    memory.env.run()
    assert log == [("third", 20), ("second", 50), ("first", 300)]


def test_many_callers_are_served_in_the_order_they_asked() -> None:
    memory, log = Memory(simpy.Environment()), []
    dma = on(memory, 512, request=256)

    def user(name: str, address: int) -> Process:
        for turn in range(2):
            payload = yield dma.read(address + 512 * turn, 512)
            assert (payload.address, payload.data_length) == (address + 512 * turn, 512)
            log.append((name, memory.now))

    for index, name in enumerate("abc"):
        memory.env.process(user(name, 4096 * index))
    memory.env.run()
    assert log == [("a", 100), ("b", 200), ("c", 300), ("a", 400), ("b", 500), ("c", 600)]


def test_a_dma_sleeps_and_is_woken_and_tells_its_time() -> None:
    memory, log = Memory(simpy.Environment()), []
    dma = on(memory, request=256)

    def user() -> Process:
        for pause in (50, 0, 30):
            yield memory.env.timeout(pause)
            yield dma.read(0, 256)
            log.append(("read", memory.now))

    memory.env.process(user())
    memory.env.run()
    assert log == [("read", 150), ("read", 250), ("read", 380)]
    assert dma.probe.totals(400) == {BUSY: 300, IDLE: 100}
    assert (dma.in_flight, dma.levels()) == (0, {"in_flight_bytes": (0, 65536)})


def test_users_and_streams_take_turns_and_writes_that_were_sent_go_first() -> None:
    memory = Memory(simpy.Environment())
    dma = on(memory, 64, request=64)
    reads = stream_of(memory.env, [load_of(region(512, 1, "none"))], 10**6, Cut(64, 128, 10**6, by_burst=True))
    reads.deliver = lambda request: (reads.commit(request), dma.release(request))
    dma.add_stream(reads)
    dma.read(0, 128)
    dma.read(256, 64)
    payload = Payload(WRITE, 8192, None, 64)
    payload.milestones.append((0, "compression"))
    dma.send(Write(memory.env, payload, 0, 64))
    memory.env.run()
    runs = [[4096 + 64 * burst for burst in range(begin, begin + 2)] for begin in (0, 2, 4, 6)]
    expected = [8192, 0, *runs[0], 64, *runs[1], 256, *runs[2], *runs[3]]
    assert [address for address, _, _ in memory.asked] == expected
    assert dma.moved(None, "transfers").read_bytes == 192
    assert (dma.read_bytes, dma.written_bytes) == (192 + 512, 64)


def test_requests_reach_the_memory_in_the_order_in_which_they_are_issued() -> None:
    memory = Memory(simpy.Environment())
    dma = on(memory, 4096, request=64)

    def user() -> Process:
        yield dma.read(0, 64)
        dma.read(64, 192)

    memory.env.process(user())
    memory.env.run()
    assert [address for address, _, _ in memory.asked] == [0, 64, 128, 192]


def test_what_ends_is_not_remembered() -> None:
    memory = Memory(simpy.Environment())
    dma = on(memory, 256, request=64)
    dma.read(0, 1 << 16)
    memory.env.run()
    assert not dma._recent


# --- data


def test_bytes_are_carried_where_they_are_asked_for() -> None:
    dram = Dram(simpy.Environment(), "dram", standard="ddr4-3200")
    dma = on(dram, carries_data=True)
    numbers = np.arange(5000, dtype=np.int32)

    def user() -> Process:
        written = yield dma.write(1001, numbers)
        assert written.data_length == 20000
        read = yield dma.read(1000, 20002)
        assert bytes(read.data) == b"\0" + numbers.tobytes() + b"\0"
        assert read.is_response_ok
        assert read.milestones[-1] == (dram.now, "offchip_bandwidth")

    finish(dram.env, dram.env.process(user()))


def test_a_length_alone_is_timing_only() -> None:
    times = []
    for carries_data, source in ((False, 4096), (True, bytes(4096))):
        dram = Dram(simpy.Environment(), "dram", standard="hbm")
        dma = on(dram, carries_data=carries_data)
        written, read = finish(dram.env, dma.write(0, source), dma.read(0, np.int64(4096)))
        assert (read.data is None, written.data is None) == (not carries_data, not carries_data)
        times.append(dram.now)
    assert times[0] == times[1] > 0


# --- what every run conserves

steps = st.lists(
    st.tuples(st.booleans(), st.integers(0, 4999), st.integers(1, 5000), st.integers(0, 10**8)), min_size=1, max_size=6
)


@given(
    st.sampled_from(["lpddr4-3200", "hbm", "ideal"]),
    st.sampled_from([64, 100, 1000, "4 KiB", "64 KiB"]),
    st.lists(steps, min_size=1, max_size=4),
)
def test_bytes_asked_are_bytes_moved_and_nothing_is_lost(
    standard: str, outstanding: int | str, users: list[list[tuple[bool, int, int, int]]]
) -> None:
    env = simpy.Environment()
    memory = make_memory(env, "memory", MemorySpec(standard))
    dma = on(memory, outstanding, carries_data=True)
    most = 0

    def watch(hop: Hop) -> None:
        inner = hop.b_transport

        def watched(payload: Payload, delay: int) -> Any:
            nonlocal most
            most = max(most, dma.in_flight)
            return (yield from inner(payload, delay))

        hop.b_transport = watched

    memory.port.monitors.append(watch)
    asked = {True: 0, False: 0}

    def user(number: int) -> Process:
        """Writes and reads within 10,000 bytes of its own, and keeps a copy of what must be there."""
        base, copy = 123_457 * number, bytearray(10_000)
        for step, (write, place, length, pause) in enumerate(users[number]):
            yield env.timeout(pause)
            asked[write] += length
            if write:
                copy[place : place + length] = data = bytes((number + step + i) % 251 for i in range(length))
                yield dma.write(base + place, data)
            else:
                payload = yield dma.read(base + place, length)
                assert payload.data == copy[place : place + length]

    finish(env, *[env.process(user(number)) for number in range(len(users))])
    stats, moved = memory.stats, dma.moved(None, "transfers")
    assert (moved.read_bytes, moved.written_bytes) == (asked[False], asked[True])
    assert (stats.read_bytes, stats.written_bytes) == (asked[False], asked[True])
    assert dma.figures() == {"read_bytes": asked[False], "written_bytes": asked[True]}
    assert most <= dma.outstanding
    assert dma.in_flight == 0 and dma.probe.state == IDLE
    assert isinstance(memory, IdealMemory) or stats.bytes_per_s <= stats.peak_bytes_per_s
