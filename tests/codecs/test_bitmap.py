"""The bitmap: its sizes, and containers that no encoder writes."""

import numpy as np
import pytest
from container_oracle import bitmap_container, to_bytes

from tlm.codecs import CODECS, CorruptContainer, Format

BITMAP = CODECS["bitmap"]
SIGNED, UNSIGNED = Format(8, True), Format(8, False)


def decode(bits, fmt, count=16):
    data = np.frombuffer(to_bytes(bits), np.uint8)
    return BITMAP.decode(data, np.array([0, len(bits)]), count, fmt).tolist()


@pytest.mark.parametrize(("bits", "word"), [(1, 8), (8, 8), (9, 16), (16, 16), (17, 32), (32, 32)])
def test_a_value_that_is_not_zero_takes_a_word(bits, word):
    values = np.array([0, 1, 0, 1] + 16 * [0])
    assert BITMAP.sizes_bits(values, Format(bits, False)).tolist() == [16 + 2 * word, 16]


def test_dense_values_grow_by_their_vector():
    assert BITMAP.sizes_bits(np.full(32, 5), UNSIGNED).tolist() == [144, 144]


@pytest.mark.parametrize(
    ("bits", "fmt", "reason"),
    [
        (bitmap_container(8, 0b11, [4, 0]), UNSIGNED, "calls non-zero is zero"),
        (bitmap_container(8, 0b11, [4]), UNSIGNED, "32 bits of content do not make 24 bits"),
        (bitmap_container(8, 0b1, [32]), Format(5, False), "32 is no value of 5 bits"),
        (bitmap_container(8, 0b1, [0xEF]), Format(5, True), "-17 is no value of 5 bits"),
        (bitmap_container(8, 0, [])[:-1], UNSIGNED, "15 bits hold no container"),
    ],
)
def test_a_container_that_no_encoder_writes_is_corrupt(bits, fmt, reason):
    with pytest.raises(CorruptContainer, match=f"container 0: .*{reason}"):
        decode(bits, fmt)


def test_a_short_group_has_no_values_beyond_the_end():
    bits = bitmap_container(8, 0b1001, [4, -5])
    assert decode(bits, SIGNED, 4) == [4, 0, 0, -5]
    with pytest.raises(CorruptContainer, match="beyond the stream's end"):
        decode(bits, SIGNED, 3)


@pytest.mark.parametrize("dtype", ["<i4", "<u4"])
def test_words_of_32_bits(dtype):
    info = np.iinfo(dtype)
    values, fmt = np.array([info.min, 0, 1, info.max, 0, 7], dtype), Format(32, info.min < 0)
    encoded = BITMAP.encode(values, fmt)
    assert BITMAP.decode(encoded.data, encoded.offsets, 6, fmt).tolist() == values.tolist()
