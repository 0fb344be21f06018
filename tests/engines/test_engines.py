"""Engines and DMA as tiny systems: a list of (name, time)."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import simpy
from test_region import region

from tlm.codecs import CODECS
from tlm.core import ADDRESS_ERROR, OK, CheckFailed, Clock, Module, Payload, TargetSocket
from tlm.engines import (
    Cut,
    Decompressor,
    Decompressors,
    Dma,
    Load,
    OutputStream,
    ReadStream,
    Region,
    Request,
    Write,
    walk,
)
from tlm.engines.receive import Receiver

CLOCK = Clock(1e9)
CYCLE = CLOCK.period_fs


class Memory(Module):
    """A memory that answers after a time of each request's own; keeps what it was asked."""

    def __init__(self, env: simpy.Environment, delay: int = 100, data: bytes = b"", base: int = 4096) -> None:
        super().__init__(env, "memory")
        self.port = TargetSocket(self, "port", self.serve)
        self.delay = delay
        self.asked: list[tuple[int, int]] = []
        self.data, self.base = data, base

    def serve(self, payload: Payload, delay: int) -> int:
        self.asked.append((payload.address, self.now))
        payload.response_status = OK
        if payload.data is not None and self.data:
            begin = payload.address - self.base
            found = self.data[begin : begin + payload.data_length]
            payload.data[: len(found)] = found
        return delay + self.delay


def stream_of(env: simpy.Environment, loads: list[Load], capacity: int, cut: Cut) -> ReadStream:
    return ReadStream(env, capacity, iter(loads), cut, "wm_capacity", lambda _after, _end: True)


def load_of(stream: Region, first_pass: int = 0) -> Load:
    return Load((stream,), np.array([stream.count]), np.array([first_pass]), 0, 0)


def dma_on(env: simpy.Environment, memory: Memory, outstanding: int, **options: Any) -> Dma:
    dma = Dma(env, "dma", outstanding, **options)
    dma.mem >> memory.port
    return dma


def test_a_lane_emits_a_value_a_cycle() -> None:
    env = simpy.Environment()
    engine = Decompressor(env, "engine", 4, CLOCK)
    assert engine.serve(0, 64, 300) == (0, 16 * CYCLE)
    assert engine.serve(0, 4, 30) == (16 * CYCLE, 20 * CYCLE)  # behind the first, and one container
    assert engine.serve(40 * CYCLE, 4, 30) == (40 * CYCLE, 44 * CYCLE)
    assert engine.probe.totals(41 * CYCLE) == {"busy": 18 * CYCLE, "idle": 23 * CYCLE}


def test_a_lane_takes_a_chunk_of_64_bits_a_cycle() -> None:
    engine = Decompressor(simpy.Environment(), "engine", 1, CLOCK)
    assert engine.serve(0, 1, 65) == (0, 2 * CYCLE)


@pytest.mark.parametrize("count", [1, 5, 16, 37, 256])
def test_all_lanes_are_dealt_out_and_a_run_is_spread_by_lanes(count: int) -> None:
    env = simpy.Environment()
    engines = Decompressors(Module(env, "chip"), "engines", count, 16, CLOCK)
    assert sum(engine.lanes for engine in engines.engines) == count
    assert len(engines.engines) == min(count, 16)
    _, done = engines.serve_spread(0, 1000, 4000)
    assert sum(engine.values for engine in engines.engines) == 1000
    cycles = max(1000 // count, 16)  # a container of 16 values stays in one lane
    assert cycles * CYCLE <= done <= (cycles + 2) * CYCLE


def test_requests_go_out_while_credit_lasts_and_come_back_in_order() -> None:
    env = simpy.Environment()
    stream = region(600, 1, "none")
    memory = Memory(env, delay=100)
    dma = dma_on(env, memory, outstanding=128)
    reads = stream_of(env, [load_of(stream)], 10**6, Cut(64, 64, 10**6))
    dma.add_stream(reads)
    landed: list[tuple[int, int]] = []

    def deliver(request: Request) -> None:
        landed.append((request.upto, env.now))
        reads.commit(request)
        dma.release(request)

    reads.deliver = deliver
    env.run()
    assert [time for _, time in memory.asked] == [0, 0, 100, 100, 200, 200, 300, 300, 400, 400]
    assert landed == [(64 * i, 100 * ((i + 1) // 2)) for i in range(1, 10)] + [(600, 500)]
    assert dma.read_bytes == 640
    assert dma.probe.totals(500) == {"busy": 500}


def test_room_is_reserved_before_a_request_is_issued() -> None:
    env = simpy.Environment()
    memory = Memory(env, delay=10)
    dma = dma_on(env, memory, outstanding=10**6)
    reads = stream_of(env, [load_of(region(256, 1, "none"))], 128, Cut(64, 64, 10**6))
    dma.add_stream(reads)
    reads.deliver = lambda request: (reads.commit(request), dma.release(request))

    def consumer() -> Iterator[simpy.Event]:
        yield reads.arrived.reached(128)
        yield env.timeout(40)
        reads.free_to(64)
        yield env.timeout(40)
        reads.free_to(128)

    env.process(consumer())
    env.run()
    assert memory.asked == [(4096, 0), (4160, 0), (4224, 50), (4288, 90)]
    assert dma.probe.totals(100) == {"busy": 30, "room": 70}


def test_the_stream_needed_first_goes_first_and_equals_take_turns() -> None:
    env = simpy.Environment()
    memory = Memory(env)
    dma = dma_on(env, memory, outstanding=64)
    late, one, two = (attr_at(region(128, 1, "none"), address) for address in (0, 1024, 2048))
    for stream, first_pass in ((late, 5), (one, 2), (two, 2)):
        reads = stream_of(env, [load_of(stream, first_pass)], 10**6, Cut(64, 64, 10**6))
        dma.add_stream(reads)
        reads.deliver = lambda request, reads=reads: (reads.commit(request), dma.release(request))
    env.run()
    assert [address for address, _ in memory.asked] == [1024, 2048, 1088, 2112, 0, 64]


def attr_at(stream: Region, address: int) -> Region:
    import attrs

    return attrs.evolve(stream, address=address)


def test_a_run_of_bursts_is_issued_without_a_break() -> None:
    env = simpy.Environment()
    memory = Memory(env)
    dma = dma_on(env, memory, outstanding=64)
    for address in (0, 1024):
        reads = stream_of(env, [load_of(attr_at(region(256, 1, "none"), address))], 10**6, Cut(64, 128, 10**6, True))
        dma.add_stream(reads)
        reads.deliver = lambda request, reads=reads: (reads.commit(request), dma.release(request))
    env.run()
    assert [address for address, _ in memory.asked] == [0, 64, 1024, 1088, 128, 192, 1152, 1216]


def test_a_refused_request_ends_the_run() -> None:
    env = simpy.Environment()
    memory = Memory(env)
    memory.port.monitors.append(lambda hop: setattr(hop, "b_transport", refuse))
    dma = dma_on(env, memory, 64)
    dma.add_stream(stream_of(env, [load_of(region(64, 1, "none"))], 10**6, Cut(64, 64, 10**6)))
    with pytest.raises(CheckFailed, match="ADDRESS_ERROR"):
        env.run()


def refuse(payload: Payload, delay: int) -> Any:
    payload.response_status = ADDRESS_ERROR
    return delay
    yield


def arrive(stream: Region, data: bytes, cut: Cut) -> list[int]:
    """The values a receiver makes of `data`, some requests at a time."""
    env = simpy.Environment()
    memory = Memory(env, data=data)
    dma = dma_on(env, memory, 10**6, carries_data=True)
    reads = stream_of(env, [load_of(stream), load_of(stream)], 10**6, cut)
    values: list[int] = []
    receiver = Receiver(lambda _request, _first, fresh: values.extend(fresh.tolist()))

    def deliver(request: Request) -> None:
        receiver.take(request)
        if request.upto % 3 == 0:  # now and then somebody reads what is there
            receiver.catch_up()
        dma.release(request)

    dma.add_stream(reads)
    reads.deliver = deliver
    env.run()
    return values


@pytest.mark.parametrize("name", ["dpred", "none"])
@pytest.mark.parametrize("cut", [Cut(64, 64, 4096), Cut(16, 512, 100), Cut(16, 512, 4096, True)])
def test_what_arrives_is_decoded_across_requests_and_loads(name: str, cut: Cut) -> None:
    stream = region(777, 3, name)
    assert stream.data is not None and stream.values is not None
    assert arrive(stream, stream.data.tobytes(), cut) == stream.values.tolist() * 2


def test_every_flipped_bit_is_noticed_and_named() -> None:
    stream = region(50, 4)
    assert stream.data is not None
    whole = stream.data.tobytes() + bytes(-stream.size_bytes % 64)
    for bit in range(8 * len(whole)):
        broken = bytearray(whole)
        broken[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CheckFailed, match="conv1 weights, tile 0"):
            arrive(stream, bytes(broken), Cut(64, 64, 4096))


def test_outputs_are_encoded_bytes_of_the_values_and_wrong_ones_are_named() -> None:
    stream = region(333, 5)
    assert stream.data is not None and stream.values is not None
    cut = Cut(16, 16, 4096)
    output = OutputStream(simpy.Environment(), stream, cut, 0)
    known = stream.values
    output.values_of = lambda begin, end: known[begin:end]
    sent, begin = b"", 0
    for piece in itertools.chain(*output.runs):
        sent += output.encode(piece.values, begin, piece.end)
        begin = piece.end
    assert sent == stream.data.tobytes().ljust(output.length, b"\0")
    output = OutputStream(simpy.Environment(), stream, cut, 0)
    wrong = known.copy()
    wrong[7] += 1
    output.values_of = lambda begin, end: wrong[begin:end]
    with pytest.raises(CheckFailed, match=r"conv1 weights, tile 0: value 7 is"):
        output.encode(16, 0, 16)


def test_a_wait_is_walked_back_along_the_critical_path() -> None:
    env = simpy.Environment()
    reads = stream_of(env, [load_of(region(200, 1, "none"))], 10**6, Cut(64, 64, 10**6))
    first, second = reads.head, None
    reads.take()
    second = reads.head
    assert first is not None and second is not None
    first.issued_fs = 10
    first.milestones.extend([(20, "offchip_latency"), (50, "offchip_bandwidth"), (60, "decompression")])
    second.issued_fs, second.blocker = 60, first
    second.milestones.extend([(75, "offchip_bandwidth"), (90, "decompression")])
    assert walk(second, 45, 90) == [
        (15, "decompression"),
        (15, "offchip_bandwidth"),
        (10, "decompression"),
        (5, "offchip_bandwidth"),
    ]
    assert walk(second, 0, 90)[-1] == (10, "startup")
    assert walk("reduce", 3, 8) == [(5, "reduce")]
    assert walk(second, 90, 90) == []
    write = Write(env, Payload(), 0, 0)
    write.issued_fs = 5
    write.blocker = "reduce"
    write.milestones.append((9, "compression"))
    assert walk(write, 2, 9) == [(4, "compression"), (3, "reduce")]


def test_an_engine_that_took_a_request_up_at_once_explains_only_what_nothing_else_does() -> None:
    env = simpy.Environment()
    reads = stream_of(env, [load_of(region(200, 1, "none"))], 10**6, Cut(64, 64, 10**6))
    request = reads.head
    assert request is not None
    request.issued_fs = 10
    request.milestones.append((50, "offchip_bandwidth"))
    request.expanded(50, 50, 70)
    assert walk(request, 45, 70) == [(25, "offchip_bandwidth")]
    assert walk(request, 10, 70) == [(40, "offchip_bandwidth"), (20, "decompression")]
    request.expanded(50, 60, 80)  # it had to wait for the engine
    assert walk(request, 45, 80) == [(10, "decompression"), (20, "decompression"), (5, "offchip_bandwidth")]


def test_only_raw_words_need_no_engine() -> None:
    assert {name: one.engine for name, one in CODECS.items() if not one.engine} == {"none": False}
