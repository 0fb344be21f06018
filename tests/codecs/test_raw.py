"""Raw words: their widths, and the formats that only they know."""

import numpy as np
import pytest

from tlm.codecs import CODECS, CorruptContainer, Format

NONE = CODECS["none"]


@pytest.mark.parametrize("bits, word", [(1, 8), (8, 8), (9, 16), (16, 16), (17, 32), (32, 32)])
def test_words_are_the_next_of_8_16_and_32_bits(bits, word):
    assert NONE.sizes_bits(np.zeros(20, np.int64), Format(bits, False)).tolist() == [16 * word, 4 * word]


@pytest.mark.parametrize("dtype", ["<i1", "<i2", "<i4", "<u1", "<u2", "<u4"])
def test_the_bytes_are_those_of_the_array(dtype):
    info = np.iinfo(dtype)
    values = np.array([info.min, 0, 1, info.max, *range(40)], dtype)
    fmt = Format(info.bits, info.min < 0)
    encoded = NONE.encode(values, fmt)
    assert encoded.data.tobytes() == values.tobytes()
    decoded = NONE.decode(encoded.data, encoded.offsets, values.size, fmt)
    assert decoded.tolist() == values.tolist()
    assert decoded.dtype == (np.int64 if dtype == "<u4" else np.int32)


@pytest.mark.parametrize("fmt, byte", [(Format(5, False), 32), (Format(5, True), 16), (Format(5, True), 0x80)])
def test_a_word_that_is_no_value_of_the_format_is_corrupt(fmt, byte):
    data = np.zeros(20, np.uint8)
    data[17] = byte
    with pytest.raises(CorruptContainer, match="no value of 5 bits") as caught:
        NONE.decode(data, np.array([0, 128, 160]), 20, fmt)
    assert caught.value.group == 1
