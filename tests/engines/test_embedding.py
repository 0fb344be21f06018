"""Engines in a user's own processes: first come, first served, and a probe that tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import simpy
from test_region import region
from test_transfers import Memory, Silent, on

from tlm.core import BUSY, IDLE, BadInput, Clock
from tlm.engines import Compressor, Cut, Decompressor, OutputStream

NS = 10**6


def log_of(env: simpy.Environment, ask: Callable[[int], simpy.Event], users: dict[str, tuple[int, int]]) -> list[Any]:
    """What users, who come at some time with so many values, saw: (name, when served), in ns."""
    log: list[Any] = []

    def user(name: str, at: int, values: int) -> Iterator[simpy.Event]:
        yield env.timeout(at * NS)
        began, done = yield ask(values)
        assert done == env.now
        log.append((name, began // NS, env.now // NS))

    for name, (at, values) in users.items():
        env.process(user(name, at, values))
    env.run()
    return log


def test_who_expands_is_served_in_order_of_coming() -> None:
    env = simpy.Environment()
    engine = Decompressor(env, "engine", lanes=4, clock="1 GHz")
    users = {"a": (0, 64), "b": (3, 32), "c": (3, 4), "d": (100, 0)}
    log = log_of(env, lambda values: engine.expand(values, 5 * values), users)
    assert log == [("a", 0, 16), ("c", 24, 28), ("b", 16, 32), ("d", 100, 100)]  # a container stays in its lane
    assert engine.probe.totals(50 * NS) == {BUSY: 25 * NS, IDLE: 25 * NS}
    assert engine.figures() == {"lanes": 4, "values": 100}


@pytest.mark.parametrize(("bits", "cycles"), [(64 * 64, 64), (64 * 64 + 1, 65)])
def test_what_comes_in_counts_where_it_is_more_than_what_goes_out(bits: int, cycles: int) -> None:
    env = simpy.Environment()
    engine = Decompressor(env, "engine", lanes=1, clock=Clock(1e9))
    assert log_of(env, lambda values: engine.expand(values, np.int64(bits)), {"a": (0, 64)}) == [("a", 0, cycles)]
    assert type(env.now) is int


def test_who_compresses_is_served_in_order_of_coming() -> None:
    env = simpy.Environment()
    engine = Compressor(env, "engine", lanes=8, clock="500 MHz")
    log = log_of(env, engine.compress, {"a": (0, 64), "b": (2, 8), "c": (20, 9)})
    assert log == [("a", 0, 16), ("b", 16, 18), ("c", 20, 22)]
    assert engine.probe.totals(40 * NS) == {BUSY: 18 * NS + 9 * NS // 4, IDLE: 22 * NS - 9 * NS // 4}
    assert engine.rate().peak_per_s == 4e9


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"lanes": 0}, "lanes: an engine needs a lane at least, not 0"),
        ({"clock": "1 MiB"}, "clock: '1 MiB' is a capacity, not a frequency"),
        ({"clock": "0 Hz"}, "clock: a clock needs a positive frequency, not 0.0 Hz"),
    ],
)
@pytest.mark.parametrize("kind", [Decompressor, Compressor])
def test_an_engine_is_refused_in_words(kind: type[Any], fields: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as caught:
        kind(simpy.Environment(), "engine", **{"lanes": 1, "clock": "1 GHz"} | fields)
    assert str(caught.value).startswith(message)


def test_what_cannot_be_is_refused() -> None:
    env = simpy.Environment()
    with pytest.raises(BadInput, match="there are no 4 values in -1 bits"):
        Decompressor(env, "in", 1, "1 GHz").expand(4, -1)
    with pytest.raises(BadInput, match="there are no -4 values"):
        Compressor(env, "out", 1, "1 GHz").compress(-4)


def output_on(env: simpy.Environment, values: int) -> OutputStream:
    output = OutputStream(env, region(values, 1), Cut(64, 64, 10**6), 0)
    output.final.advance_to(values)
    return output


def test_a_compressor_drains_outputs_into_a_memory_and_users_come_in_between() -> None:
    memory = Memory(simpy.Environment(), lambda _address: 10 * NS)
    dma = on(memory)
    compressor = Compressor(memory.env, "compressor", 1, "1 GHz")
    outputs = [output_on(memory.env, 64), output_on(memory.env, 32)]
    compressor.drain(outputs, dma)
    assert log_of(memory.env, compressor.compress, {"user": (1, 10)}) == [("user", 64, 74)]
    assert [time // NS for _, _, time in memory.asked] == [64, 106]  # 64 values; the user's 10; 32 values
    assert [output.written.count for output in outputs] == [output.length for output in outputs]
    assert list(compressor.waits_for()) == []


def test_a_compressor_waits_for_the_dma_that_does_not_accept() -> None:
    memory = Silent(simpy.Environment())
    dma = on(memory, 64)
    compressor = Compressor(memory.env, "compressor", 1, "1 GHz")
    compressor.drain([output_on(memory.env, 64), output_on(memory.env, 64)], dma)
    memory.env.run()
    assert list(compressor.waits_for()) == [(dma, "the last bytes sent to be accepted")]
    assert list(dma.waits_for()) == [(memory, "an answer")]
