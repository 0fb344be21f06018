import math

import pytest
import simpy
from bench import DramBench
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm.core import (
    ADDRESS_ERROR,
    BURST_ERROR,
    BUSY,
    BYTE_ENABLE_ERROR,
    IDLE,
    IGNORE,
    OK,
    READ,
    WRITE,
    BadInput,
    InitiatorSocket,
    Module,
    Payload,
)
from tlm.memory import Dram, IdealMemory, MemorySpec, make_memory
from tlm.memory.policy import FEW_WRITES

GIB = 1 << 30


class Reader(Module):
    """Reads one request after another and notes when each was done."""

    def __init__(self, parent, name, log, addresses, length=64):
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.log, self.addresses, self.length = log, addresses, length
        self.process(self.run)

    def run(self):
        for address in self.addresses:
            delay = yield from self.mem.b_transport(Payload(READ, address, None, self.length), 0)
            yield self.env.timeout(delay)
            self.log.append((self.name, self.now))


def test_readers_contend_for_the_bus():
    env, log = simpy.Environment(), []
    dram = Dram(env, "dram", standard="hbm", channels=1)
    for name, address in (("a", 0), ("b", 2048)):
        Reader(env, name, log, [address, address + 512], length=512).mem >> dram.port
    env.run()
    tck, burst = 2_000_000, 2 * 2_000_000
    first = 17 * tck + 7 * burst
    assert log == [(name, first + turn * 8 * burst) for turn, name in enumerate("abab")]


def test_readers_of_different_channels_do_not_meet():
    env, log = simpy.Environment(), []
    dram = Dram(env, "dram", standard="hbm")
    for name, address in (("a", 0), ("b", 2048)):
        Reader(env, name, log, [address], length=2048).mem >> dram.port
    env.run()
    assert log[0][1] == log[1][1]


def test_bytes_written_are_read_back():
    env = simpy.Environment()
    dram = Dram(env, "dram", standard="ddr4-3200")
    data = bytes(range(256)) * 20
    dram.b_transport(Payload(WRITE, 65536 - 1001, data), 0)
    buffer = bytearray(len(data))
    dram.b_transport(Payload(READ, 65536 - 1001, buffer), 0)
    assert buffer == data
    other = bytearray(8)
    assert dram.transport_dbg(Payload(READ, 65536 - 1003, other)) == 8
    assert other == b"\0\0" + data[:6]
    assert dram.transport_dbg(Payload(WRITE, 0, b"xyz")) == 3
    assert dram.stats.written_bytes == dram.stats.read_bytes == len(data)


@pytest.mark.parametrize("standard", ["hbm", "ideal"])
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"address": -1}, ADDRESS_ERROR),
        ({"address": 1 << 40}, ADDRESS_ERROR),
        ({"data_length": 0}, BURST_ERROR),
        ({"streaming_width": 63}, BURST_ERROR),
        ({"byte_enable": b"\xff"}, BYTE_ENABLE_ERROR),
    ],
)
def test_what_cannot_be_served_is_refused_without_delay_or_change(standard, changes, status):
    memory = make_memory(simpy.Environment(), "dram", MemorySpec(standard))
    payload = Payload(WRITE, 0, b"x" * 64)
    for name, value in changes.items():
        setattr(payload, name, value)
    assert memory.b_transport(payload, 7) == 7
    assert payload.response_status == status
    assert memory.transport_dbg(payload) == 0
    assert payload.milestones == []
    assert memory.stats.written_bytes == memory.stats.moved_written_bytes == 0


def test_the_last_bytes_are_there_and_no_more():
    dram = Dram(simpy.Environment(), "dram", standard="hbm")
    assert dram.capacity_bytes == 4 * GIB
    for address, status in ((4 * GIB - 64, OK), (4 * GIB - 63, ADDRESS_ERROR)):
        payload = Payload(READ, address, None, 64)
        dram.b_transport(payload, 0)
        assert payload.response_status == status


def test_ignore_does_nothing():
    dram = Dram(simpy.Environment(), "dram", standard="hbm")
    payload = Payload(IGNORE, 0, None, 64)
    assert dram.b_transport(payload, 5) == 5
    assert payload.response_status == OK
    assert dram.stats.moved_read_bytes == 0


def test_moved_bytes_are_whole_bursts():
    bench = DramBench(standard="hbm")
    bench.request(0, READ, 63, 2)
    bench.request(0, WRITE, 128, 9 * 64 + 1)
    bench.dram.env.run(1000 * bench.tck)
    stats = bench.dram.stats
    assert (stats.read_bytes, stats.moved_read_bytes) == (2, 128)
    assert (stats.written_bytes, stats.moved_written_bytes) == (577, 640)
    assert (stats.row_hits, stats.row_misses) == (11, 1)


def test_a_few_writes_wait_for_more():
    bench = DramBench(standard="hbm")
    for number in range(9):
        assert bench.dram.stats.moved_written_bytes == 0
        assert bench.request(1000 * number, WRITE, 64 * number) == 1000 * number + 1
    bench.dram.env.run(100_000 * bench.tck)
    assert bench.dram.stats.moved_written_bytes == bench.dram.stats.written_bytes == 9 * 64


def test_a_write_waits_only_for_room_in_the_buffer():
    bench = DramBench(standard="hbm")
    ends = [bench.request(0, WRITE, number * 2048 * 8, 2048) for number in range(8)]
    assert ends[0] == 1
    assert ends[-1] > (8 - 2) * 32 * bench.config.burst_cycles  # all but what the buffer and the banks hold
    assert ends == sorted(ends)


def test_milestones_tell_queue_access_and_transfer():
    bench = DramBench(standard="ddr4-3200")
    first = bench.request(10, READ, 0, 2048)
    assert [(time // bench.tck, reason) for time, reason in bench.payload.milestones] == [
        (10, "offchip_bandwidth"),
        (10 + 1 + 22 + 22, "offchip_latency"),
        (first, "offchip_bandwidth"),
    ]
    second = bench.request(10, READ, 2048, 2048)
    assert [(time // bench.tck, reason) for time, reason in bench.payload.milestones] == [
        (first, "offchip_bandwidth"),
        (first, "offchip_latency"),
        (second, "offchip_bandwidth"),
    ]


def test_the_bus_explains_its_waits():
    bench = DramBench(standard="ddr4-3200")
    done = bench.request(100, READ, 0, 4 * 64)
    written = bench.request(done, WRITE, 0, 32 * 64)
    bench.read(written, 0)
    end = bench.read(12479, 0)
    cycles = {state: time // bench.tck for state, time in bench.dram.channels[0].probe.totals(end * bench.tck).items()}
    assert cycles == {
        BUSY: (4 + 32 + 1 + 1) * 4,
        "activate": 1 + 22 + 22 + 1 + 22 + 22 - 1,
        "turnaround": 1 + 16 + 4 + 22,  # accepted and written at once; the rank's distance, and the read's latency
        "refresh": 1 + 3 + 1 + 22 + 560,  # three more rows to close
        IDLE: end - 152 - 89 - 43 - 587,
    }


requests = st.lists(
    st.tuples(
        st.sampled_from([READ, WRITE]),
        st.integers(0, 1 << 20) | st.sampled_from([0, 64, 1 << 18, 1 << 27]),
        st.integers(1, 9000),
        st.integers(0, 4000) | st.just(0),
    ),
    min_size=1,
    max_size=25,
)
MEMORIES = [
    {"standard": "hbm"},
    {"standard": "ddr4-3200", "width": 16},
    {"standard": "ddr4-3200", "mapping": "row", "ranks": 2},
    {"standard": "ddr4-3200", "channels": 4, "page": "closed"},
    {"standard": "lpddr4-3200"},
]


@pytest.mark.parametrize("fields", MEMORIES, ids=str)
@settings(max_examples=40, deadline=None)
@given(requests)
def test_what_every_run_conserves(fields, sequence):
    bench = DramBench(**fields)
    tck, config, now, ends, asked = bench.tck, bench.config, 0, [], {READ: 0, WRITE: 0}
    for command, address, length, later in sequence:
        now += later
        ends.append(bench.request(now, command, address, length))
        times = [time for time, _ in bench.payload.milestones]
        assert now * tck <= times[0] <= times[1] <= times[2] == ends[-1] * tck
        assert ends[-1] - now > (config.timing.nCL if command is READ else 0)
        asked[command] += (address + length - 1) // config.burst_bytes - address // config.burst_bytes + 1
    stats = bench.dram.stats
    assert stats.read_bytes + stats.written_bytes == sum(length for _, _, length, _ in sequence)
    assert stats.moved_read_bytes == asked[READ] * config.burst_bytes
    left = asked[WRITE] - stats.moved_written_bytes // config.burst_bytes
    assert 0 <= left < config.write_queue * len(stats.channels)
    assert stats.time_fs >= max(ends) * tck
    assert stats.bytes_per_s < stats.peak_bytes_per_s
    for channel in bench.dram.channels:
        totals = channel.probe.totals(stats.time_fs)
        assert sum(totals.values()) == stats.time_fs
        bursts = channel.stats.read_bursts + channel.stats.written_bursts
        assert totals.get(BUSY, 0) == bursts * config.burst_cycles * tck
    assert stats.row_hits + stats.row_misses == (
        (stats.moved_read_bytes + stats.moved_written_bytes) // bench.dram.burst_bytes
    )
    bench.dram.env.run(stats.time_fs + 10**9)
    left = asked[WRITE] - bench.dram.stats.moved_written_bytes // config.burst_bytes
    assert 0 <= left <= FEW_WRITES * len(stats.channels)


def test_ideal_memory_takes_no_time_and_keeps_bytes():
    memory = make_memory(simpy.Environment(), "memory", MemorySpec("ideal"))
    assert isinstance(memory, IdealMemory)
    assert (memory.burst_bytes, memory.peak_bytes_per_s) == (64, math.inf)
    assert memory.b_transport(Payload(WRITE, 5, b"hello"), 3) == 3
    payload = Payload(READ, 4, bytearray(7))
    assert memory.b_transport(payload, 4) == 4
    assert payload.data == b"\0hello\0"
    assert payload.milestones == [(4, "offchip_bandwidth")]
    assert (memory.stats.moved_read_bytes, memory.stats.written_bytes) == (7, 5)


def test_a_memory_is_made_from_its_spec():
    dram = make_memory(simpy.Environment(), "dram", MemorySpec("hbm2", channels=4))
    assert isinstance(dram, Dram)
    assert [channel.full_name for channel in dram.channels] == [f"dram.channel{index}" for index in range(4)]
    assert dram.clock.period_fs == 1_000_000
    with pytest.raises(BadInput, match="ideal has no channels"):
        Dram(simpy.Environment(), "dram", standard="ideal")


def test_a_dram_born_late_in_a_simulation_counts_from_then():
    env = simpy.Environment()
    env.run(10**12)
    dram = Dram(env, "dram", standard="hbm")
    done = dram.b_transport(Payload(READ, 0, None, 64), 0)
    assert done == 17 * 2_000_000
    assert sum(dram.channels[0].probe.totals(10**12 + done).values()) == done


def test_stats_are_printed_with_units():
    env = simpy.Environment()
    env.run(10**9)
    dram = Dram(env, "dram", standard="ddr4-3200", channels=2)
    assert str(dram.stats).splitlines()[2] == "bandwidth  0.00 GB/s of 50.79 (0.0%) over 0.000 us"
    assert str(dram.stats).splitlines()[-1].startswith("channel 1  0.00 GB/s (0.0%), row hits 0 of 0 bursts, act")
    dram.b_transport(Payload(READ, 0, None, 10_000), 0)
    dram.b_transport(Payload(WRITE, 1 << 20, None, 4096), 0)
    env.run(2 * 10**9)
    assert str(dram.stats).splitlines() == [
        "read       10,000 B (10,048 B in whole bursts)",
        "written    4,096 B",
        "bandwidth  14.14 GB/s of 50.79 (27.8%) over 1.000 us",
        "row hits   205 of 221 bursts (92.8%)",
        "energy     2.04 uJ, 18.1 pJ/bit (background 49%, read 22%, io 19%, write 7%, activate 3%)",
        "channel 0  7.10 GB/s (28.0%), row hits 103 of 111 bursts (92.8%), activates 8, refreshes 0",
        "channel 1  7.04 GB/s (27.7%), row hits 102 of 110 bursts (92.7%), activates 8, refreshes 0",
    ]


def test_the_bandwidth_is_over_all_time_and_never_beats_the_peak():
    env = simpy.Environment()
    dram = Dram(env, "dram", standard="hbm", channels=1)
    done = dram.b_transport(Payload(READ, 0, None, 1 << 20), 5)
    assert (dram.stats.time_fs, dram.stats.moved_bytes) == (done, 1 << 20)  # accepted is counted, and its time too
    busy = dram.stats.bytes_per_s
    assert 0.9 * dram.peak_bytes_per_s < busy < dram.peak_bytes_per_s
    env.run(2 * done)
    assert dram.stats.bytes_per_s == pytest.approx(busy / 2)


def test_an_ideal_memory_prints_what_it_has():
    memory = make_memory(simpy.Environment(), "memory", MemorySpec("ideal"))
    memory.b_transport(Payload(READ, 0, None, 100), 0)
    memory.env.run(10**9)
    assert str(memory.stats) == "read       100 B\nwritten    0 B\nbandwidth  0.10 GB/s over 1.000 us"
