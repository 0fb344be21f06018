"""DPRed's container: its special cases, and containers that no encoder writes."""

import numpy as np
import pytest
from container_oracle import dpred_container, to_bytes

from tlm.codecs import CODECS, CorruptContainer, Format
from tlm.inputs.errors import BadInput

DPRED = CODECS["dpred"]
SIGNED, UNSIGNED = Format(16, True), Format(16, False)


def decode(bits, fmt, count=16):
    data = np.frombuffer(to_bytes(bits), np.uint8)
    return DPRED.decode(data, np.array([0, len(bits)]), count, fmt).tolist()


@pytest.mark.parametrize(
    "values, fmt, width",
    [
        ([1], UNSIGNED, 1),
        ([255], UNSIGNED, 8),
        ([256], UNSIGNED, 9),
        ([65535], UNSIGNED, 16),
        ([1], SIGNED, 2),
        ([-1], SIGNED, 2),
        ([127], SIGNED, 8),
        ([-128], SIGNED, 9),
        ([32767], SIGNED, 16),
        ([-32768], SIGNED, 16),
    ],
)
def test_one_value_costs_the_header_and_its_width(values, fmt, width):
    assert DPRED.sizes_bits(np.array(values), fmt).tolist() == [20 + width]


@pytest.mark.parametrize("fmt", [SIGNED, UNSIGNED])
def test_zeros_are_the_empty_header(fmt):
    encoded = DPRED.encode(np.zeros(32, np.int64), fmt)
    assert encoded.offsets.tolist() == [0, 20, 40]
    assert not encoded.data.any()


def test_the_least_value_is_negative_zero_at_width_16():
    encoded = DPRED.encode(np.array([-32768, 0, 1]), SIGNED)
    assert encoded.data.tobytes() == to_bytes(dpred_container(16, 0b101, [1, 2]))
    assert decode(dpred_container(16, 0b101, [1, 2]), SIGNED, 3) == [-32768, 0, 1]


def test_dense_values_grow_and_sparse_ones_shrink():
    random = np.random.default_rng(0)
    dense = random.integers(-128, 128, 16_000)
    assert DPRED.sizes_bits(dense, Format(8, True)).sum() > 8 * dense.size
    sparse = np.where(random.random(dense.size) < 0.2, dense, 0)
    assert DPRED.sizes_bits(sparse, Format(8, True)).sum() < 8 * dense.size / 2


def test_more_than_16_bits_do_not_fit():
    wide = Format(17, False)
    for use in (DPRED.sizes_bits, DPRED.encode):
        with pytest.raises(BadInput, match="dpred stores values of up to 16 bits, not 17"):
            use(np.zeros(3, np.int64), wide)
    with pytest.raises(BadInput, match="up to 16 bits"):
        decode(dpred_container(1, 0, []), wide)


@pytest.mark.parametrize(
    "bits, fmt, reason",
    [
        (dpred_container(4, 1, [7]), UNSIGNED, "its precision is not 3 bits"),
        (dpred_container(2, 0, []), UNSIGNED, "its precision is not 1 bits"),
        (dpred_container(3, 3, [4, 0]), UNSIGNED, "calls non-zero is zero"),
        (dpred_container(3, 3, [4, 0]), SIGNED, "calls non-zero is zero"),
        (dpred_container(3, 3, [4, 1]), SIGNED, "its precision is not 16 bits"),
        (dpred_container(1, 1, [1]), SIGNED, "its precision is not 16 bits"),
        (dpred_container(16, 1, [1]), Format(15, True), "-32768 is no value of 15 bits"),
        (dpred_container(9, 1, [256]), Format(8, True), "128 is no value of 8 bits"),
        (dpred_container(9, 1, [256]), Format(8, False), "256 is no value of 8 bits"),
        (dpred_container(3, 0x8001, [4, 4])[:-1], UNSIGNED, "26 bits of content do not make 25 bits"),
        (dpred_container(3, 0, [])[:-1], UNSIGNED, "19 bits hold no container"),
    ],
)
def test_a_container_that_no_encoder_writes_is_corrupt(bits, fmt, reason):
    with pytest.raises(CorruptContainer, match=reason) as caught:
        decode(bits, fmt)
    assert caught.value.group == 0
    assert caught.value.reason in str(caught.value)


def test_a_short_group_has_no_values_beyond_the_end():
    bits = dpred_container(3, 0b1001, [4, 5])
    assert decode(bits, UNSIGNED, 4) == [4, 0, 0, 5]
    with pytest.raises(CorruptContainer, match="beyond the stream's end"):
        decode(bits, UNSIGNED, 3)


def test_the_corrupt_group_is_named():
    values = np.arange(1, 65)
    encoded = DPRED.encode(values, UNSIGNED)
    data = encoded.data.copy()
    data[int(encoded.offsets[2]) // 8 + 1] ^= 0xFF
    with pytest.raises(CorruptContainer, match="container 2: ") as caught:
        DPRED.decode(data, encoded.offsets, 64, UNSIGNED)
    assert caught.value.group == 2
