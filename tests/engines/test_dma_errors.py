"""What a DMA and its memory refuse a user, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import simpy
from test_transfers import Memory, Process, on

from tlm.core import BadInput, ElaborationError
from tlm.engines import Dma, TransferError
from tlm.memory import Dram


def test_what_the_memory_refuses_is_raised_in_the_users_process() -> None:
    memory, caught = Memory(simpy.Environment(), capacity=1024), []
    dma = on(memory, 512, request=256)

    def user() -> Process:
        try:
            yield dma.read(512, 4096)
        except TransferError as error:
            caught.append((str(error), memory.now))
        payload = yield dma.read(0, 512)
        assert payload.is_response_ok

    memory.env.process(user())
    memory.env.run()
    message = "dma: the read of 4096 B at 0x200 failed: memory refused 256 B at 0x400 (ADDRESS_ERROR)"
    assert caught == [(message, 100)]
    assert [address for address, _, _ in memory.asked] == [512, 768, 1024, 1280, 0, 256]  # what was left is dropped
    assert (dma.in_flight, dma.read_bytes) == (0, 1024)


def test_the_first_by_address_that_was_refused_is_told() -> None:
    dram = Dram(simpy.Environment(), "dram", standard="hbm")
    dma = on(dram)

    def user() -> Process:
        yield dma.read(0, 64)  # whoever moved this is slower to take up the next request than the others
        yield dma.write(dram.capacity_bytes, 1 << 20)

    dram.env.process(user())
    with pytest.raises(TransferError, match=r"the write of 1048576 B .*: dram refused 2048 B at 0x100000000 "):
        dram.env.run()


def test_an_error_that_nobody_waits_for_ends_the_run() -> None:
    memory = Memory(simpy.Environment(), capacity=0)
    on(memory).write(0, b"x")
    with pytest.raises(TransferError, match="the write of 1 B at 0x0 failed"):
        memory.env.run()


@pytest.mark.parametrize(
    "ask", [lambda dma: dma.read(0, 0), lambda dma: dma.write(0, -1), lambda dma: dma.write(0, b"")]
)
def test_nothing_cannot_be_moved(ask: Callable[[Dma], Any]) -> None:
    with pytest.raises(BadInput, match=r"dma: (0|-1) B at 0x0 cannot be moved"):
        ask(on(Memory(simpy.Environment())))


@pytest.mark.parametrize("arguments", [(0, 1.5), ("0", 4)])
def test_addresses_and_lengths_are_whole_numbers(arguments: tuple[Any, Any]) -> None:
    with pytest.raises(TypeError):
        on(Memory(simpy.Environment())).read(*arguments)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"outstanding": 0}, "outstanding: must be at least 1 B, not 0"),
        ({"outstanding": -64}, "outstanding: must be at least 1 B, not -64"),
        ({"outstanding": "0 B"}, "outstanding: must be at least 1 B, not '0 B'"),
        ({"outstanding": "64"}, "outstanding: '64' has no unit"),
        ({"outstanding": "64 MHz"}, "outstanding: '64 MHz' is a frequency, not a capacity"),
        ({"outstanding": "0.3 KiB"}, "outstanding: '0.3 KiB' is 307.2 bytes"),
        ({"outstanding": 64.0}, "outstanding: 64.0 has no unit"),
        ({"outstanding": True}, "outstanding: expected a capacity, not true"),
        ({"outstanding": None}, "outstanding: expected a capacity, not nothing"),
        ({"outstanding": 64, "request": "1 KiB"}, "request: 1024 B are more than the 64 B in flight"),
        ({"outstanding": 64, "request": 0}, "request: must be at least 1 B, not 0"),
    ],
)
def test_sizes_are_refused_in_words(fields: dict[str, Any], message: str) -> None:
    env = simpy.Environment()
    with pytest.raises(BadInput) as caught:
        Dma(env, "dma", **fields)
    assert str(caught.value).startswith(message)
    env.run()  # and nothing is left of it


def test_a_dma_without_a_memory_is_named() -> None:
    env = simpy.Environment()
    Dma(env, "dma", "4 KiB").read(0, 64)
    with pytest.raises(ElaborationError, match=r"dma\.mem \(initiator socket\) is not bound"):
        env.run()
