"""What the memories cost: CPU time a call, beside a bare SimPy timeout on the same machine."""

import simpy

from tlm.core import READ, Payload
from tlm.memory import Dram

REQUESTS = 5000


def run(standard, length):
    dram = Dram(simpy.Environment(), "dram", standard=standard)
    for index in range(REQUESTS):
        dram.b_transport(Payload(READ, index * length, None, length), 0)
    return dram.stats


def bare_timeouts():
    env = simpy.Environment()

    def process():
        for _ in range(REQUESTS):
            yield env.timeout(1)

    env.process(process())
    env.run()
    return env.now


def test_bare_timeouts(benchmark):
    assert benchmark(bare_timeouts) == REQUESTS


def test_hbm_row_segments(benchmark):
    assert benchmark(run, "hbm", 2048).read_bytes == REQUESTS * 2048


def test_hbm_single_bursts(benchmark):
    assert benchmark(run, "hbm", 64).read_bytes == REQUESTS * 64


def test_ddr4_bank_group_interleaved(benchmark):
    assert benchmark(run, "ddr4-3200", 2048).read_bytes == REQUESTS * 2048
