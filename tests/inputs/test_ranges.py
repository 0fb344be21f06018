"""Numbers of specs that are made in Python: out of range, or no numbers, they are told as a scenario's are."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import simpy

from tlm.engines.spec import CompressionSpec
from tlm.inputs.errors import BadInput
from tlm.memory import Dram, OnChipSpec
from tlm.memory.spec import MemorySpec
from tlm.workload.spec import WorkloadSpec

dram = partial(Dram, simpy.Environment(), "dram")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dram(channels=0), "channels: must be > 0, not 0"),
        (lambda: dram(channels="4"), "channels: expected a whole number, not '4'"),
        (lambda: MemorySpec(ranks=4097), "ranks: must be <= 4096, not 4097"),
        (lambda: MemorySpec(request=0), "request: must be > 0 B, not 0 B"),
        (lambda: MemorySpec(request=2 << 30), "request: must be <= 1 GiB, not 2 GiB"),
        (lambda: MemorySpec(outstanding=True), "outstanding: expected a whole number, not true"),
        (lambda: CompressionSpec(clock=0.5), "clock: must be >= 1 Hz, not 0.5 Hz"),
        (lambda: CompressionSpec(clock="1 GHz"), "clock: expected a number, not '1 GHz'"),  # type: ignore[arg-type]
        (lambda: CompressionSpec(clock=float("nan")), "clock: must be >= 1 Hz, not nan Hz"),
        (lambda: CompressionSpec(decompressors=1.5), "decompressors: expected a whole number, not 1.5"),  # type: ignore[arg-type]
        (lambda: OnChipSpec(banks=None, width_bits=8), "banks: expected a whole number, not nothing"),  # type: ignore[arg-type]
        (lambda: WorkloadSpec(bits=17), "bits: must be <= 16, not 17"),
    ],
)
def test_a_number_that_cannot_be_is_told_with_its_key_and_bound(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(BadInput) as refused:
        make()
    assert str(refused.value) == message


def test_the_bounds_themselves_none_where_it_may_be_and_numpy_s_numbers_are_taken() -> None:
    assert MemorySpec(channels=1, ranks=4096, request=1 << 30).width is None
    assert CompressionSpec(align_bits=np.int64(8), clock=1).align_bits == 8  # type: ignore[arg-type]
