"""Raw words: their widths, and the formats that only they know; floats, which `bitmap` has as words too."""

import numpy as np
import pytest
from container_oracle import check_tail, plain_containers, to_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm.codecs import CODECS, CorruptContainer, Format, entropy_bits
from tlm.inputs.errors import BadInput

NONE = CODECS["none"]
of_words = pytest.mark.parametrize("name", ["none", "bitmap"])


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


@of_words
@pytest.mark.parametrize("bits", [16, 32])
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_floats_are_the_words_that_they_are(name, bits, data):
    top = 1 << bits - 1  # -0.0
    word = st.one_of(st.just(0), st.just(top), st.integers(0, 2 * top - 1))
    words = data.draw(st.lists(word, max_size=40))
    align = data.draw(st.sampled_from([None, 64, 100]))
    values = np.array(words, f"<u{bits // 8}").view(f"<f{bits // 8}")
    fmt = Format(bits, False, align, floats=True)
    containers = plain_containers(name, words, Format(bits, False, align))
    encoded = CODECS[name].encode(values, fmt)
    assert encoded.data.tobytes() == to_bytes([bit for bits in containers for bit in bits])
    assert CODECS[name].sizes_bits(values, fmt).tolist() == [len(bits) for bits in containers]
    decoded = CODECS[name].decode(encoded.data, encoded.offsets, len(words), fmt)
    assert decoded.dtype == values.dtype
    assert decoded.tobytes() == values.tobytes()


@of_words
def test_no_flipped_bit_of_floats_goes_unseen(name):
    values, fmt = np.array([0, 1.5, -0.0, np.nan, np.inf, 0, -2], np.float16), Format(16, True, floats=True)
    encoded = CODECS[name].encode(values, fmt)
    for bit in range(8 * encoded.data.size):
        flipped = encoded.data.copy()
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            check_tail(flipped, encoded.offsets)
            decoded = CODECS[name].decode(flipped, encoded.offsets, values.size, fmt)
        except CorruptContainer:
            continue
        assert decoded.tobytes() != values.tobytes()


@of_words
def test_only_floats_of_that_width_are_floats_of_that_width(name):
    for dtype in (np.float64, np.float16, np.int32):
        with pytest.raises(BadInput, match=f"{name} of 32 bits, floats, stores float32, not {np.dtype(dtype)}"):
            CODECS[name].encode(np.zeros(3, dtype), Format(32, True, floats=True))


@pytest.mark.parametrize("name", [name for name in CODECS if name not in ("none", "bitmap")])
def test_others_store_no_floats(name):
    for values in (np.zeros(3, np.float16), np.zeros(3, np.int16)):
        with pytest.raises(BadInput, match=f"{name} of 16 bits, floats, stores integers, not floats"):
            CODECS[name].encode(values, Format(16, True, floats=True))


def test_the_entropy_of_floats_is_that_of_their_words():
    assert entropy_bits(np.array([0.25, 0.5, 0.25, 0.5])) == pytest.approx(4)
    assert entropy_bits(np.array([0.0, -0.0])) == pytest.approx(2)
