"""What the memories cost: bare SimPy timeouts a payload and a burst, the two measured one after the other.

The targets are what a memory of plain arithmetic in Python can reach; absolute times are the machine's affair.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import simpy

from tlm.core import READ, WRITE, Command, InitiatorSocket, Module, Payload
from tlm.memory import Dram

PAIRS = 5  # of a workload and what it is compared with, one after the other; the fastest of each kind counts
TIMEOUTS = 40_000
KIB, MIB = 1 << 10, 1 << 20
BURST_BYTES = 64
CALLERS = 16  # of an exact memory, each with a payload under way

#: Command, address, bytes.
Access = tuple[Command, int, int]


class Caller(Module):
    """Has its share of `accesses` served, one after the other."""

    def __init__(self, parent: Module, name: str, accesses: Iterator[Access]) -> None:
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.accesses = accesses
        self.process(self.run)

    def run(self) -> Iterator[simpy.Event]:
        for command, address, length in self.accesses:
            delay = yield from self.mem.b_transport(Payload(command, address, None, length), 0)
            if delay:
                yield self.env.timeout(delay)


def run_of(size: int, length: int) -> Iterator[Access]:
    """Reads of `length` that follow upon each other."""
    return ((READ, address, length) for address in range(0, size, length))


def two_reads_a_write(size: int) -> Iterator[Access]:
    """2 KiB each; the writes go to another bank."""
    for number in range(size // (2 * KIB)):
        turn, place = divmod(number, 3)
        if place == 2:
            yield WRITE, 128 * MIB + 32 * KIB + turn * 2 * KIB, 2 * KIB
        else:
            yield READ, (2 * turn + place) * 2 * KIB, 2 * KIB


def scattered(size: int) -> Iterator[Access]:
    """Single bursts, anywhere in 256 MiB."""
    pick = random.Random(1)
    return ((READ, pick.randrange(256 * MIB // BURST_BYTES) * BURST_BYTES, BURST_BYTES) for _ in range(size // 64))


def coarse(standard: str, size: int) -> float:
    """The processor time of a coarse memory that serves 8 KiB payloads, as many as there is room for under way."""
    dram = Dram(simpy.Environment(), "dram", standard=standard)
    payloads = [Payload(command, address, None, length) for command, address, length in run_of(size, 8 * KIB)]
    began = time.process_time()
    for payload in payloads:
        dram.b_transport(payload, 0)
    elapsed = time.process_time() - began
    assert dram.stats.moved_read_bytes == size
    return elapsed


def exact(standard: str, accesses: Iterator[Access], size: int) -> float:
    """The processor time of an exact memory that serves `accesses`, of `size` bytes in all, for several callers."""
    soc = Module(simpy.Environment(), "soc")
    dram = Dram(soc, "dram", standard=standard, granularity="exact")
    for number in range(CALLERS):
        Caller(soc, f"caller{number}", accesses).mem >> dram.port
    began = time.process_time()
    soc.env.run()
    elapsed = time.process_time() - began
    assert dram.read_bytes + dram.written_bytes == size
    return elapsed


def bare() -> float:
    """The processor time of one timeout and nothing else."""
    env = simpy.Environment()

    def ticks() -> Iterator[simpy.Event]:
        for _ in range(TIMEOUTS):
            yield env.timeout(1)

    env.process(ticks())
    began = time.process_time()
    env.run()
    return (time.process_time() - began) / TIMEOUTS


def compared(benchmark: Any, unit: Callable[[], float], work: Callable[[], float]) -> float:
    """How many times `unit`'s processor time `work` takes."""
    pairs = [(unit(), work()) for _ in range(PAIRS - 1)]
    pairs.append((unit(), benchmark.pedantic(work, rounds=1)))
    one, taken = (min(times) for times in zip(*pairs, strict=True))
    return taken / one


def told(benchmark: Any, what: str, found: float, target: float) -> None:
    """Note the figure, and what it may be at most."""
    benchmark.extra_info[what] = round(found, 2)
    benchmark.extra_info["target"] = target
    assert found <= target


# 300 MB/s where a bare timeout takes 0.67 us.
@pytest.mark.parametrize(("standard", "target"), [("ddr4-3200", 41), ("hbm", 41)])
def test_timeouts_a_coarse_payload(benchmark: Any, standard: str, target: float) -> None:
    size = 8 * MIB
    found = compared(benchmark, bare, lambda: coarse(standard, size) / (size // (8 * KIB)))
    told(benchmark, "bare timeouts a payload of 8 KiB", found, target)


@pytest.mark.parametrize("standard", ["ddr4-3200", "hbm"])
@pytest.mark.parametrize(
    ("accesses", "target"),
    [
        (lambda size: run_of(size, 2 * KIB), 25),
        (two_reads_a_write, 25),
        # Every burst is a payload, and has a row opened and another closed for it: 34 to 45 measured, 4 its caller's.
        (scattered, 55),
    ],
    ids=["run", "two_reads_a_write", "scattered"],
)
def test_timeouts_an_exact_burst(benchmark: Any, standard: str, accesses: Any, target: float) -> None:
    size = MIB
    found = compared(benchmark, bare, lambda: exact(standard, accesses(size), size) / (size // BURST_BYTES))
    told(benchmark, "bare timeouts a burst", found, target)


@pytest.mark.parametrize(
    ("cost", "rounds"),
    [
        (lambda size: coarse("ddr4-3200", size), 8),
        (lambda size: exact("ddr4-3200", run_of(size, 2 * KIB), size), 1),
    ],
    ids=["coarse", "exact"],
)
def test_the_cost_grows_with_the_bytes(benchmark: Any, cost: Callable[[int], float], rounds: int) -> None:
    """16 MiB in one run, and in 16 runs of 1 MiB."""

    def of(size: int) -> float:
        return sum(cost(size) for _ in range(16 * MIB // size * rounds))

    found = compared(benchmark, lambda: of(MIB), lambda: of(16 * MIB))
    told(benchmark, "cost of a byte in 16 MiB over that in 1 MiB", found, 1.2)
    assert found >= 0.8
