"""What transactions cost: five workloads, each as transactions a second over bare timeouts a second of the same run.

The targets are what a SystemC-style layer on plain SimPy can reach; absolute times are the machine's affair.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import simpy

from tlm.core import (
    ACCEPTED,
    BEGIN_REQ,
    BEGIN_RESP,
    COMPLETED,
    END_REQ,
    END_RESP,
    INCOMPLETE,
    OK,
    READ,
    Bus,
    Clock,
    Fifo,
    InitiatorSocket,
    Module,
    Payload,
    PeqWithCbAndPhase,
    Router,
    TargetSocket,
    check_protocol,
)
from tlm.memory import Ram

COUNT = 40_000
PAIRS = 7  # of a workload and bare timeouts, one after the other; the fastest of each kind counts
LENGTH = 64
QUANTUM = 100  # transactions between two syncs
INITIATORS = 4


class Reader(Module):
    """Reads 64 B again and again with one payload, and waits after each, or after `ahead` of them."""

    def __init__(self, parent: Module, name: str, count: int, ahead: int = 1) -> None:
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem")
        self.count = count
        self.ahead = ahead
        self.process(self.run if ahead == 1 else self.run_ahead)

    def run(self) -> Iterator[simpy.Event]:
        payload, transport, timeout = self.payload(), self.mem.b_transport, self.env.timeout
        for index in range(self.count):
            payload.address, payload.response_status = index * LENGTH & 0x1FFF, INCOMPLETE
            yield timeout((yield from transport(payload, 0)))

    def run_ahead(self) -> Iterator[simpy.Event]:
        payload, transport, timeout, delay = self.payload(), self.mem.b_transport, self.env.timeout, 0
        for index in range(self.count):
            payload.address, payload.response_status = index * LENGTH & 0x1FFF, INCOMPLETE
            delay = yield from transport(payload, delay)
            if index % self.ahead == self.ahead - 1:
                yield timeout(delay)
                delay = 0

    def payload(self) -> Payload:
        return Payload(READ, 0, bytearray(LENGTH))


class AtTarget(Module):
    """Ends a request when its PEQ gives it, and responds 10 fs later."""

    def __init__(self, parent: Module, name: str) -> None:
        super().__init__(parent, name)
        self.port = TargetSocket(self, "port", nb_transport_fw=self.nb_transport_fw)
        self.peq = PeqWithCbAndPhase(self, self.step)

    def nb_transport_fw(self, payload: Payload, phase: Any, delay: int) -> Any:
        if phase is END_RESP:
            return COMPLETED, phase, delay
        self.peq.notify(payload, phase, delay)
        return ACCEPTED, phase, delay

    def step(self, payload: Payload, phase: Any) -> None:
        if phase is BEGIN_REQ:
            self.port.nb_transport_bw(payload, END_REQ, 0)
            self.peq.notify(payload, BEGIN_RESP, 10)
        else:
            payload.response_status = OK
            self.port.nb_transport_bw(payload, BEGIN_RESP, 0)


class AtInitiator(Module):
    """Sends the next request when its PEQ gives the end of the one before, or of its response."""

    def __init__(self, parent: Module, name: str, count: int) -> None:
        super().__init__(parent, name)
        self.mem = InitiatorSocket(self, "mem", self.nb_transport_bw)
        self.peq = PeqWithCbAndPhase(self, self.step)
        self.left = count
        self.done = 0
        self.payload = Payload(READ, 0, data_length=LENGTH)

    def start_of_simulation(self) -> None:
        self.request()

    def request(self) -> None:
        self.left -= 1
        self.payload.response_status = INCOMPLETE
        self.mem.nb_transport_fw(self.payload, BEGIN_REQ, 0)

    def nb_transport_bw(self, payload: Payload, phase: Any, delay: int) -> Any:
        self.peq.notify(payload, phase, delay)
        return ACCEPTED, phase, delay

    def step(self, payload: Payload, phase: Any) -> None:
        if phase is BEGIN_RESP:
            self.mem.nb_transport_fw(payload, END_RESP, 0)
            self.done += 1
            if self.left:
                self.request()


def routed(ahead: int = 1) -> tuple[simpy.Environment, Callable[[], int]]:
    soc = Module(simpy.Environment(), "soc")
    reader, router = Reader(soc, "reader", COUNT, ahead), Router(soc, "router")
    reader.mem >> router.port
    rams = [Ram(soc, f"ram{number}", 4096, read_latency=10) for number in range(2)]
    for number, ram in enumerate(rams):
        router.map(4096 * number, 4096, ram.port)
    return soc.env, lambda: sum(ram.read_bytes for ram in rams) // LENGTH


def decoupled() -> tuple[simpy.Environment, Callable[[], int]]:
    return routed(QUANTUM)


def arbitrated() -> tuple[simpy.Environment, Callable[[], int]]:
    soc = Module(simpy.Environment(), "soc")
    bus, ram = Bus(soc, "bus", width_bytes=8, clock=Clock("1 GHz")), Ram(soc, "ram", 8192, read_latency=10)
    bus.map(0, 8192, ram.port)
    for number in range(INITIATORS):
        Reader(soc, f"reader{number}", COUNT // INITIATORS).mem >> bus.port
    return soc.env, lambda: bus.payloads


def four_phases(checked: bool = False) -> tuple[simpy.Environment, Callable[[], int]]:
    soc = Module(simpy.Environment(), "soc")
    initiator, target = AtInitiator(soc, "initiator", COUNT), AtTarget(soc, "target")
    initiator.mem >> target.port
    if checked:
        check_protocol(initiator.mem)
    return soc.env, lambda: initiator.done


def checked_phases() -> tuple[simpy.Environment, Callable[[], int]]:
    return four_phases(checked=True)


def bounded_fifo() -> tuple[simpy.Environment, Callable[[], int]]:
    env, got = simpy.Environment(), []
    fifo: Fifo[int] = Fifo(env, capacity=16)

    def producer() -> Iterator[simpy.Event]:
        for item in range(COUNT):
            yield fifo.put(item)

    def consumer() -> Iterator[simpy.Event]:
        for _ in range(COUNT):
            got.append((yield fifo.get()))
            yield env.timeout(1)

    env.process(producer())
    env.process(consumer())
    return env, lambda: len(got)


def bare() -> tuple[simpy.Environment, Callable[[], int]]:
    env = simpy.Environment()

    def ticks() -> Iterator[simpy.Event]:
        for _ in range(COUNT):
            yield env.timeout(1)

    env.process(ticks())
    return env, lambda: int(env.now)


def seconds(make: Callable[[], tuple[simpy.Environment, Callable[[], int]]]) -> float:
    """The processor time of one run, all of whose transactions must have happened."""
    env, done = make()
    began = time.process_time()
    env.run()
    elapsed = time.process_time() - began
    assert done() == COUNT
    return elapsed


@pytest.mark.parametrize(
    ("workload", "target"),
    [
        (routed, 0.35),
        (decoupled, 0.65),
        (arbitrated, 0.17),
        (four_phases, 0.10),
        (checked_phases, 0.065),
        (bounded_fifo, 0.30),
    ],
)
def test_transactions_over_bare_timeouts(benchmark: Any, workload: Any, target: float) -> None:
    pairs = [(seconds(bare), seconds(workload)) for _ in range(PAIRS - 1)]
    pairs.append((seconds(bare), benchmark.pedantic(seconds, args=(workload,), rounds=1)))
    timeouts, transactions = (min(times) for times in zip(*pairs, strict=True))
    ratio = timeouts / transactions
    benchmark.extra_info["transactions over bare timeouts"] = round(ratio, 3)
    benchmark.extra_info["target"] = target
    assert ratio >= target
