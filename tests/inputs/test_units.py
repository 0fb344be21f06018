"""Quantities: what a user writes, in bytes and Hz, and back exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm.inputs.errors import BadInput
from tlm.inputs.units import quantity, whole_bytes, written

capacities = st.one_of(st.integers(1, 1 << 30), st.integers(1, 1 << 10).map(lambda size: size << 20))
clocks = st.one_of(st.floats(1, 1e12), st.integers(1, 10**6).map(lambda mhz: mhz * 1e6))


@given(capacities)
def test_capacities_are_written_exactly(size: int) -> None:
    assert quantity(written(size, "B"), "B") == size


@given(clocks)
def test_frequencies_are_written_exactly(frequency: float) -> None:
    assert quantity(written(frequency, "Hz"), "Hz") == frequency


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("4 MiB", "B", 4 * 1024**2),
        ("4MiB", "B", 4 * 1024**2),
        ("0.5 KiB", "B", 512),
        ("7 B", "B", 7),
        ("1 GiB", "B", 1024**3),
        ("980 MHz", "Hz", 980e6),
        ("1.5 GHz", "Hz", 1.5e9),
        ("0.001 Hz", "Hz", 0.001),
    ],
)
def test_quantities(text: str, unit: str, value: float) -> None:
    assert quantity(text, unit) == value
    assert isinstance(quantity(text, unit), int) == (unit == "B")


@pytest.mark.parametrize(("given", "size"), [(7, 7), (np.int64(7), 7), ("7 B", 7), ("4 KiB", 4096)])
def test_whole_bytes(given: Any, size: int) -> None:
    assert (whole_bytes(given), type(whole_bytes(given))) == (size, int)


@pytest.mark.parametrize("given", [7.0, True, None, "7", "7 MHz", "0.3 B"])
def test_what_is_no_whole_number_of_bytes(given: Any) -> None:
    with pytest.raises(BadInput):
        whole_bytes(given)
