"""Time: what a user writes, in whole femtoseconds."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import Clock, to_fs

SIZES = {"fs": 1, "ps": 10**3, "ns": 10**6, "us": 10**9, "ms": 10**12, "s": 10**15}
units = st.sampled_from(sorted(SIZES))


@pytest.mark.parametrize(
    ("given", "time_fs"),
    [
        ((1.5, "ps"), 1500),
        ((0.4, "fs"), 0),
        ((0.5, "fs"), 1),
        ((0.4999, "fs"), 0),
        ((Fraction(1, 3), "ps"), 333),
        ((1 / 3, "ps"), 333),
        ((Fraction(2, 3), "ps"), 667),
        (("1/3 ps",), 333),
        ((1.5, "ns"), 1_500_000),
        (("1.5 ns",), 1_500_000),
        (("1.5ns",), 1_500_000),
        (("  1.5  ns ",), 1_500_000),
        (("1.5", "ns"), 1_500_000),
        (("1e3 ns",), 10**9),
        ((0, "s"), 0),
        ((7, "fs"), 7),
        (("3 us",), 3 * 10**9),
        (("3 \N{MICRO SIGN}s",), 3 * 10**9),
        ((3, "\N{GREEK SMALL LETTER MU}s"), 3 * 10**9),
        (("2 ms",), 2 * 10**12),
        (("0.001 s",), 10**12),
        ((1.0005, "ps"), 1001),  # as it is written: the float itself is a little less
        ((0.1 + 0.2, "ns"), 300_000),
        ((10**30 + 1, "s"), (10**30 + 1) * 10**15),
        (("123456789012345678901234567890.0000000000000005 s",), 123456789012345678901234567890 * 10**15 + 1),
        ((Decimal("0.0000000000000005"), "s"), 1),
        ((np.int64(9 * 10**18), "s"), 9 * 10**33),
        ((np.float64(2.5), "ns"), 2_500_000),
    ],
    ids=str,
)
def test_t32_time_is_rounded_half_up_to_whole_femtoseconds(given: tuple[Any, ...], time_fs: int) -> None:
    found = to_fs(*given)
    assert (found, type(found)) == (time_fs, int)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((-1, "ns"), "a time cannot be negative, as -1 is"),
        (("-0.1 fs",), "a time cannot be negative, as '-0.1 fs' is"),
        ((5,), "5 has no unit of time (allowed: fs, ps, ns, us, ms, s)"),
        (("5",), "'5' has no unit of time (allowed: fs, ps, ns, us, ms, s)"),
        (("",), "'' has no unit of time (allowed: fs, ps, ns, us, ms, s)"),
        ((5, "parsec"), "'parsec' is not a unit of time (allowed: fs, ps, ns, us, ms, s)"),
        (("5 NS",), "'NS' is not a unit of time (allowed: fs, ps, ns, us, ms, s); did you mean 'ns'?"),
        (("5 MiB",), "'MiB' is not a unit of time (allowed: fs, ps, ns, us, ms, s)"),
        (("5 ns", "ps"), "'5 ns' is not a time"),
        (("ns",), "'ns' is not a time"),
        (("one ns",), "'one ns' is not a time"),
        (("1/0 ns",), "'1/0 ns' is not a time"),
        ((float("nan"), "ns"), "nan is not a time"),
        ((float("inf"), "s"), "inf is not a time"),
        ((None, "ns"), "nothing is not a time"),
        (([1], "ns"), "a list is not a time"),
    ],
    ids=str,
)
def test_t32_time_that_is_none_is_refused(given: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError) as refused:
        to_fs(*given)
    assert str(refused.value) == message


@given(st.integers(0, 10**40), units)
def test_whole_numbers_are_exact(number: int, unit: str) -> None:
    assert to_fs(number, unit) == to_fs(f"{number} {unit}") == number * SIZES[unit]


@given(st.decimals(0, 10**20, places=18, allow_nan=False), units)
def test_decimals_are_off_by_half_a_femtosecond_at_most(number: Decimal, unit: str) -> None:
    error = to_fs(f"{number} {unit}") - Fraction(number) * SIZES[unit]
    assert -Fraction(1, 2) < error <= Fraction(1, 2)
    assert to_fs(number, unit) == to_fs(str(number), unit)


def test_t32_time_a_run_ends_before_what_is_due_then() -> None:
    env, ticks = simpy.Environment(), []

    def tick() -> Any:
        while True:
            yield env.timeout(5)
            ticks.append(env.now)

    env.process(tick())
    env.run(until=10)
    assert ticks == [5]
    env.run(until=15)
    assert ticks == [5, 10]


def test_a_clock_is_arithmetic() -> None:
    clock = Clock("980 MHz")
    assert clock.period_fs == 1_020_408
    assert [clock.next_edge(now) for now in (0, 1, 1_020_408, 1_020_409)] == [0, 1_020_408, 1_020_408, 2_040_816]


@pytest.mark.parametrize(
    ("frequency_hz", "period_fs"), [(980e6, 1020408), (1e9, 10**6), (1e15 / 468750, 468750), (1e15, 1)]
)
def test_a_clock_rounds_its_period_once(frequency_hz, period_fs):
    assert Clock(frequency_hz).period_fs == period_fs


def test_clock_edges_and_cycles():
    clock = Clock(1e9)
    assert [clock.next_edge(time) for time in (0, 1, 10**6, 10**6 + 1)] == [0, 10**6, 10**6, 2 * 10**6]
    assert clock.cycles(3 * 10**6) == 3
    with pytest.raises(ValueError, match="not a whole number"):
        clock.cycles(3 * 10**6 + 1)


@pytest.mark.parametrize("frequency_hz", [0, -1.0, 3e15, float("nan")])
def test_a_clock_that_cannot_be(frequency_hz):
    with pytest.raises(ValueError, match="Hz"):
        Clock(frequency_hz)
