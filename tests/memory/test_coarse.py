"""Coarse against exact where streams interleave: which rows meet in a bank, and what overtakes what, decides."""

import random

import pytest
import simpy

from tlm.core import READ, WRITE, Payload
from tlm.memory import Dram

KIB = 1 << 10
REGION = 256 * KIB * KIB
TIMES = 4  # with other addresses: one outcome may hang on two streams that just meet in a bank, or do not


def play(granularity, fields, streams, size, reads, seed, bursts=1200):
    """The memory after so many streams, each asking for `size` bytes of a run of its own as soon as it has the last.

    `reads` of a hundred requests read, the others write.
    """
    env, chance = simpy.Environment(), random.Random(seed)
    dram = Dram(env, "dram", granularity=granularity, **fields)

    def stream(base):
        for number in range(max(2, bursts * dram.burst_bytes // size // streams)):
            command = READ if chance.random() * 100 < reads else WRITE
            payload = Payload(command, base + number * size, None, size)
            delay = yield from dram.port.b_transport(payload, 0)
            if delay:
                yield env.timeout(delay)

    for _ in range(streams):
        env.process(stream(chance.randrange(REGION // KIB) * KIB))
    env.run()
    return dram


CASES = {  # streams, bytes of a request, reads of a hundred
    "sixteen small ones": ({"standard": "ddr4-3200"}, 16, 64, 100),
    "narrow": ({"standard": "ddr4-3200", "width": 16}, 16, 64, 100),
    "narrow, few": ({"standard": "ddr4-3200", "width": 16}, 4, 64, 100),
    "rows in one bank group": ({"standard": "ddr4-3200", "mapping": "row"}, 16, 64, 100),
    "two ranks": ({"standard": "ddr4-3200", "ranks": 2}, 16, 128, 67),
    "one to one": ({"standard": "lpddr4-3200", "width": 32}, 8, 128, 50),
    "one to one, two channels": ({"standard": "hbm", "channels": 2}, 8, 256, 50),
    "closed page": ({"standard": "hbm2", "channels": 1, "page": "closed"}, 8, 128, 67),
    "closed page, writes": ({"standard": "ddr4-3200", "width": 32, "page": "closed"}, 2, 64, 0),
    "closed page, one to one": ({"standard": "lpddr4-4267", "width": 16, "page": "closed"}, 8, 64, 50),
}


@pytest.mark.parametrize(("fields", "streams", "size", "reads"), CASES.values(), ids=CASES)
def test_interleaved_streams_take_about_as_long_as_exactly(fields, streams, size, reads):
    """Within the band of conflicts in one bank, where cycle-accurate simulators differ by as much."""
    coarse, exact = (
        sum(play(granularity, fields, streams, size, reads, seed).env.now for seed in range(TIMES))
        for granularity in ("coarse", "exact")
    )
    assert coarse == pytest.approx(exact, rel=0.15)


@pytest.mark.parametrize(("fields", "streams", "size", "_reads"), CASES.values(), ids=CASES)
def test_no_stream_is_read_faster_than_the_pins_move(fields, streams, size, _reads):
    dram = play("coarse", fields, streams, size, 100, 0)
    cycles = dram.config.burst_cycles * max(channel.moved_bursts for channel in dram.channels)
    assert dram.env.now >= (cycles + dram.config.timing.nRCD + dram.config.timing.nCL) * dram.config.tCK_fs
