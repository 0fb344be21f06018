"""Whom a DMA says it waits for, when a system stands still."""

from __future__ import annotations

from typing import Any

import pytest
import simpy
from test_engines import load_of, stream_of
from test_region import region
from test_transfers import Memory, Process, Silent, on

from tlm.core import Deadlock, Module, simulate
from tlm.engines import Cut


def test_it_waits_for_a_memory_that_never_answers() -> None:
    memory = Silent(simpy.Environment())
    dma = on(memory, 512, request=256)
    assert list(dma.waits_for()) == []
    done = dma.read(0, 4096)
    dma.add_stream(stream_of(memory.env, [load_of(region(256, 1, "none"))], 128, Cut(64, 64, 10**6)))
    memory.env.run()
    assert not done.triggered
    assert list(dma.waits_for()) == [(memory, "2 answers")]


def test_a_user_of_a_memory_that_never_answers_is_told_so() -> None:
    memory = Silent(simpy.Environment())
    dma = on(memory)

    def user() -> Process:
        yield dma.read(64, 128)

    with pytest.raises(Deadlock, match=r"user -> dma -> silent\n.*user waits .* the read of 128 B at 0x40 \(dma\)"):
        simulate(memory, dma, memory.env.process(user()))


def test_it_waits_for_who_keeps_what_was_delivered_or_makes_no_room() -> None:
    memory = Memory(simpy.Environment())
    dma, tile = on(memory, 4096), Module(memory.env, "tile")
    reads = stream_of(memory.env, [load_of(region(256, 1, "none"))], 128, Cut(64, 64, 10**6))
    reads.consumer = reads.engines = tile
    kept: list[Any] = []
    reads.deliver = kept.append
    dma.add_stream(reads)
    memory.env.run()
    assert list(dma.waits_for()) == [(tile, "128 delivered values to be stored")]
    for request in kept:
        reads.commit(request)
        dma.release(request)
    assert list(dma.waits_for()) == [(tile, "room for 64 values (wm_capacity)")]
    assert dma.probe.state == "room"
    reads.deliver = lambda request: (reads.commit(request), dma.release(request))
    reads.free_to(128)
    memory.env.run()
    assert list(dma.waits_for()) == []


def test_it_waits_for_who_has_not_written_what_is_to_be_read() -> None:
    memory = Memory(simpy.Environment())
    dma, compressor = on(memory), Module(memory.env, "compressor")
    load = load_of(region(128, 1, "none"))
    object.__setattr__(load, "after", (3,))
    reads = stream_of(memory.env, [load], 10**6, Cut(64, 64, 10**6))
    reads._ready = lambda after, end: (after, end) < (3, 128)
    reads.producer = compressor
    reads.deliver = lambda request: (reads.commit(request), dma.release(request))
    dma.add_stream(reads)
    memory.env.run()
    assert list(dma.waits_for()) == [(compressor, "128 bytes of the output it reads")]
