"""One DRAM, one decompressor and SimPy processes of one's own: what a busy neighbour costs a stream of weights.

A process reads a compressed tensor, expands it and checks every value; then again, while a second one reads all over
the memory. Try `outstanding="64 KiB"` for the first, or `lanes=16`: the bottleneck moves.
"""

import numpy as np
import simpy

from tlm.codecs import GROUP, Format, codec
from tlm.core import BUSY, WRITE, Payload
from tlm.engines import Decompressor, Dma
from tlm.memory import Dram

# A tensor of 8-bit values, half of them zero, in DPRed's containers of 16 values; PART of them are read at a time.
DPRED, FORMAT, PART = codec("dpred"), Format(bits=8, signed=False), 512
numbers = np.random.default_rng(seed=1)
TENSOR = numbers.geometric(0.1, size=1 << 18).clip(max=255) * numbers.integers(0, 2, size=1 << 18)
ENCODED = DPRED.encode(TENSOR, FORMAT)


def fetch(dma, decompressor):
    """Asks for all parts, expands each when it has come, and compares: a SimPy process like any other."""
    parts = [ENCODED.offsets[group : group + PART + 1] for group in range(0, TENSOR.size // GROUP, PART)]  # in bits
    reads = [dma.read(part[0] // 8, -(-part[-1] // 8) - part[0] // 8) for part in parts]
    for index, (read, part) in enumerate(zip(reads, parts, strict=True)):
        payload = yield read  # the DMA keeps as many bytes in flight as it may; parts behind this one are on their way
        yield decompressor.expand(PART * GROUP, part[-1] - part[0])
        values = DPRED.decode(np.frombuffer(payload.data, np.uint8), part - part[0] // 8 * 8, PART * GROUP, FORMAT)
        assert (values == TENSOR[index * PART * GROUP :][: PART * GROUP]).all()


def disturb(env, dma):
    """Reads single bursts from rows all over the memory, 64 at once, for ever."""
    rows = np.random.default_rng(seed=2)
    while True:
        yield env.all_of([dma.read(row * 8192, 128) for row in rows.integers(1 << 16, size=64)])


def run(title, disturbed):
    """One simulation, and what came of it."""
    env = simpy.Environment()  # its time is in femtoseconds
    dram = Dram(env, "dram", standard="lpddr4-3200")
    decompressor = Decompressor(env, "decompressor", lanes=32, clock="1 GHz")
    dma = Dma(env, "dma", outstanding="16 KiB", carries_data=True)
    dma.mem >> dram.port
    dram.transport_dbg(Payload(WRITE, 0, ENCODED.data))  # in no time: the tensor lies at address 0
    if disturbed:
        neighbour = Dma(env, "neighbour", outstanding="8 KiB")
        neighbour.mem >> dram.port
        env.process(disturb(env, neighbour))
    env.run(until=env.process(fetch(dma, decompressor)))
    busy = decompressor.probe.totals(env.now)[BUSY] / env.now
    print(f"{title}: {TENSOR.size:,} values in {env.now / 1e9:.3f} us; the decompressor was busy {busy:.1%} of it")
    print(dram.stats, end="\n\n")


if __name__ == "__main__":
    run("alone", disturbed=False)
    run("with a neighbour", disturbed=True)
