"""Widths of values, bricks and window sets against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from small_layers import column_brick_widths, convolutions, machines, width_of

from tlm.accelerators.rules import Geometry, Grid
from tlm.accelerators.rules.widths import column_widths, set_widths, widths
from tlm.accelerators.spec import AcceleratorSpec
from tlm.workload.layer import Layer


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.int64])
def test_every_16_bit_value(dtype: type) -> None:
    values = np.arange(-(2**15), 2**15).astype(dtype)
    assert widths(values, signed=True).tolist() == [width_of(value, True) for value in values.tolist()]


@pytest.mark.parametrize(("value", "width"), [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (255, 8), (65535, 16)])
def test_unsigned_values(value: int, width: int) -> None:
    for dtype in (np.uint16, np.uint64, np.int32):
        assert widths(np.array([value], dtype=dtype), signed=False) == [width]


@pytest.mark.parametrize(("value", "width"), [(0, 2), (-1, 2), (1, 2), (-2, 2), (2, 3), (-3, 3), (-128, 8), (127, 8)])
def test_signed_values(value: int, width: int) -> None:
    assert widths(np.array([value], dtype=np.int8), signed=True) == [width]


@settings(max_examples=60, deadline=None)
@given(convolutions(), machines)
def test_bricks_of_windows(layer: Layer, spec: AcceleratorSpec) -> None:
    grid = Grid.of(spec)
    geometry = Geometry.of(layer, grid)
    for image in (0, 1):
        expected = column_brick_widths(layer, image, grid)
        found = column_widths(layer, image, geometry)
        for group, sets in enumerate(expected):
            for number, steps in enumerate(sets):
                present = len(steps[0])
                assert found[group, number, :present].T.tolist() == steps
                assert not found[group, number, present:].any()
        assert set_widths(layer, image, geometry).tolist() == [
            [[max(columns) for columns in steps] for steps in sets] for sets in expected
        ]
