"""An on-chip memory behind a socket: bytes at addresses, banks that requests meet in, errors."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import simpy

from tlm.core import (
    ADDRESS_ERROR,
    BYTE_ENABLE_ERROR,
    IGNORE,
    OK,
    READ,
    WRITE,
    Access,
    InitiatorSocket,
    Module,
    Payload,
    Status,
)
from tlm.memory import OnChip, OnChipSpec

NS = 10**6


class Master(Module):
    """Moves one payload after the other, and notes when each is through."""

    def __init__(self, env: simpy.Environment, name: str, payloads: list[Payload]) -> None:
        super().__init__(env, name)
        self.mem = InitiatorSocket(self, "mem")
        self.payloads = payloads
        self.done: list[int] = []
        self.process(self._run)

    def _run(self) -> Iterator[Any]:
        for payload in self.payloads:
            delay = yield from self.mem.b_transport(payload, 0)
            yield self.env.timeout(delay)
            self.done.append(self.now // NS)


def ram(env: simpy.Environment, **fields: Any) -> OnChip:
    """4 banks of 8 bytes at 1 GHz, one port each."""
    return OnChip(env, "ram", 1024, "1 GHz", **{"banks": 4, "width_bits": 64, "ports": 1, **fields})


def write(address: int, data: bytes) -> Payload:
    return Payload(WRITE, address, bytearray(data))


def read(address: int, length: int) -> Payload:
    return Payload(READ, address, bytearray(length))


def run(*masters: list[Payload], **fields: Any) -> tuple[OnChip, list[list[int]]]:
    env = simpy.Environment()
    memory = ram(env, **fields)
    made = [Master(env, f"m{index}", payloads) for index, payloads in enumerate(masters)]
    for master in made:
        master.mem >> memory.port
    env.run()
    return memory, [master.done for master in made]


def test_what_is_written_is_read_and_takes_its_banks_and_the_latency() -> None:
    wanted = read(3, 70)
    memory, done = run([write(0, bytes(range(100))), wanted])
    assert bytes(wanted.data or b"") == bytes(range(3, 73))
    assert done == [[4 + 1, 5 + 3 + 1]]  # 13 words in 4 banks, then 10
    stats = memory.stats
    assert (stats.reads, stats.writes, stats.read_bytes, stats.written_bytes) == (10, 13, 70, 100)


def test_users_that_meet_in_a_bank_are_served_one_after_another_and_others_at_once() -> None:
    memory, done = run([read(0, 8)], [read(32, 8)], [write(64, bytes(8))], [read(8, 8)])
    assert done == [[2], [3], [4], [3]]  # three meet in bank 0; the last began no earlier than the second read
    assert memory.stats.conflicts == 3


def test_with_two_ports_a_write_meets_no_read() -> None:
    assert run([read(0, 8)], [read(32, 8)], [write(64, bytes(8))], ports=2)[1] == [[2], [3], [2]]


def test_a_delay_is_time_that_has_passed() -> None:
    memory = ram(simpy.Environment())
    assert memory.b_transport(read(0, 8), 7 * NS) == 9 * NS


def test_byte_enables_and_streaming_widths_are_served() -> None:
    masked, streamed = write(0, b"abcdefgh"), read(0, 16)
    masked.byte_enable, streamed.streaming_width = b"\xff\x00", 8
    memory, done = run([masked, streamed])
    assert bytes(streamed.data or b"") == b"a\0c\0e\0g\0" * 2
    assert done == [[2, 2 + 2 + 1]]  # the same word twice
    assert memory.stats.reads == 2


@pytest.mark.parametrize(
    ("payload", "enable", "status"),
    [
        (read(1020, 8), None, ADDRESS_ERROR),
        (read(-1, 8), None, ADDRESS_ERROR),
        (write(0, bytes(8)), b"", BYTE_ENABLE_ERROR),
    ],
)
def test_an_error_takes_no_time_and_no_bank(payload: Payload, enable: bytes | None, status: Status) -> None:
    payload.byte_enable = enable
    memory, done = run([payload])
    assert payload.response_status is status
    assert done == [[0]]
    assert memory.stats.reads == memory.stats.writes == 0


def test_what_is_ignored_takes_no_time() -> None:
    memory, done = run([Payload(IGNORE, 0, bytearray(8))])
    assert (done, memory.stats.reads) == ([[0]], 0)


def test_nothing_is_lent_and_debug_accesses_cost_nothing() -> None:
    env, wanted = simpy.Environment(), read(8, 4)
    memory, master = ram(env), Master(env, "m", [wanted])
    master.mem >> memory.port
    memory.elaborate()
    assert master.mem.transport_dbg(write(8, b"here")) == 4
    assert master.mem.get_direct_mem_ptr(read(8, 4)).access is Access.NONE
    env.run()
    assert master.done == [2]
    assert (wanted.response_status, wanted.dmi_allowed, bytes(wanted.data or b"")) == (OK, False, b"here")
    assert (memory.stats.writes, memory.stats.reads) == (0, 1)


def test_a_spec_may_be_given_whole() -> None:
    spec = OnChipSpec(banks=4, width_bits=64, technology="edram")
    assert ram(simpy.Environment(), spec=spec, ports=2).array.spec == spec
