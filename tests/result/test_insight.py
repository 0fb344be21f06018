"""What binds a span, on spans made by hand where the answer is known."""

from __future__ import annotations

import pytest

from tlm.result import bound_by, gains, total

CHANNEL, ENGINE = "memory channel", "decompressor"


@pytest.mark.parametrize(
    ("what", "cycles", "compute", "stalls", "occupied", "expected"),
    [
        ("only the array works", 100, 100, {}, {}, "array"),
        ("a late start, then the array", 100, 90, {"offchip_bandwidth": 10}, {CHANNEL: 30}, "array"),
        ("the array waits now and then, the bus never rests", 100, 80, {"offchip_bandwidth": 20}, {CHANNEL: 100}, "bw"),
        ("the bus works, but elsewhere", 100, 80, {"reduce": 20}, {CHANNEL: 30}, "array"),
        (
            "engines set the pace",
            100,
            10,
            {"decompression": 70, "offchip_bandwidth": 20},
            {ENGINE: 100},
            "decompression",
        ),
        ("stalls of an engine that is hardly used", 100, 40, {"decompression": 60}, {ENGINE: 10}, "array"),
        ("nothing to gain in an empty span", 0, 0, {}, {}, "array"),
        ("latency has no rate", 100, 20, {"offchip_latency": 80}, {CHANNEL: 10}, "offchip_latency"),
        ("room has no rate either", 100, 20, {"wm_capacity": 80}, {CHANNEL: 30}, "wm_capacity"),
        ("room is full of what engines have yet to do", 100, 20, {"wm_capacity": 80}, {ENGINE: 100}, "decompression"),
    ],
)
def test_the_cause_that_could_gain_most_binds(
    what: str, cycles: int, compute: int, stalls: dict[str, int], occupied: dict[str, int], expected: str
) -> None:
    named = {"bw": "offchip_bandwidth"}.get(expected, expected)
    assert bound_by(gains(cycles, compute, stalls, occupied)) == named, what


def test_the_array_need_not_wait_for_what_is_moved_for_others() -> None:
    stalls, occupied = {"offchip_bandwidth": 10}, {CHANNEL: 100}
    assert gains(100, 90, stalls, occupied) == {"array": 0, "offchip_bandwidth": 10}
    assert gains(100, 90, stalls, occupied, {CHANNEL: 80}) == {"array": 45, "offchip_bandwidth": 10}


def test_nothing_gains_more_than_there_is() -> None:
    found = gains(100, 60, {"offchip_bandwidth": 40}, {CHANNEL: 70})
    assert found == {"array": 30, "offchip_bandwidth": 35}


def test_a_run_adds_its_spans_up() -> None:
    one = gains(100, 100, {}, {})
    other = gains(100, 10, {"offchip_bandwidth": 90}, {CHANNEL: 100})
    assert total([one, other]) == {"array": 50, "offchip_bandwidth": 50}
    assert bound_by(total([one, other])) == "array"  # a draw goes to the array
    assert bound_by(total([one, other, other])) == "offchip_bandwidth"


def test_an_array_does_not_run_ahead_of_a_dma_that_has_all_in_flight_it_may() -> None:
    found = gains(100, 60, {"offchip_latency": 40}, {CHANNEL: 30, "dma": 95})
    assert found == {"array": 5, "offchip_latency": 40}
    assert bound_by(found) == "offchip_latency"
