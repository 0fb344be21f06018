"""`profile` and `ternary`: every value a field of one width; what they refuse, and fields that no encoder writes."""

import numpy as np
import pytest
from container_oracle import field, to_bytes

from tlm.codecs import CODECS, CorruptContainer, Format, OutsideDomain

PROFILE, TERNARY = CODECS["profile"], CODECS["ternary"]


@pytest.mark.parametrize(
    ("bits", "profile", "width"), [(16, 11, 11), (16, None, 16), (8, 9, 8), (16, 1, 1), (32, 31, 31), (32, None, 32)]
)
def test_a_value_takes_the_profile_s_precision_and_never_more_than_it_is_stored_in(bits, profile, width):
    fmt = Format(bits, signed=False, profile=profile)
    assert PROFILE.sizes_bits(np.zeros(20, np.int64), fmt).tolist() == [16 * width, 4 * width]


@pytest.mark.parametrize(("signed", "bad"), [(False, 32), (False, -1), (True, 16), (True, -17)])
def test_a_value_wider_than_the_precision_is_refused(signed, bad):
    stores = r"profile of 5 bits, (un)?signed, stores -?\d+ to \d+"
    for use in (PROFILE.sizes_bits, PROFILE.encode):
        with pytest.raises(OutsideDomain, match=f"{stores}: value {bad} at position 2 is outside"):
            use(np.array([0, 1, bad]), Format(16, signed, profile=5))


def test_the_extremes_of_a_precision_come_back():
    values = np.array([-16, 15, -1, 0, 7])
    fmt = Format(16, True, profile=5)
    encoded = PROFILE.encode(values, fmt)
    assert encoded.data.tobytes() == to_bytes([bit for value in values.tolist() for bit in field(value, 5)])
    assert PROFILE.decode(encoded.data, encoded.offsets, 5, fmt).tolist() == values.tolist()


def test_words_of_32_bits():
    for dtype in (np.int32, np.uint32):
        info = np.iinfo(dtype)
        values, fmt = np.array([info.min, 0, 1, info.max], dtype), Format(32, info.min < 0)
        encoded = PROFILE.encode(values, fmt)
        decoded = PROFILE.decode(encoded.data, encoded.offsets, 4, fmt)
        assert decoded.tolist() == values.tolist()
        assert decoded.dtype == (np.int64 if dtype == np.uint32 else np.int32)


def test_ternary_values_are_two_bits_each():
    values = np.array([1, 0, -1, 1])
    encoded = TERNARY.encode(values, Format(8, True))
    assert encoded.data.tobytes() == bytes([0b01_11_00_01])
    assert TERNARY.sizes_bits(np.zeros(20, np.int8), Format(8, True)).tolist() == [32, 8]


@pytest.mark.parametrize("bad", [2, -2, 127, -128])
def test_what_is_not_ternary_is_refused(bad):
    for use in (TERNARY.sizes_bits, TERNARY.encode):
        with pytest.raises(OutsideDomain, match=f"ternary stores -1, 0 and 1: value {bad} at position 17 is outside"):
            use(np.array(17 * [1] + [bad, bad]), Format(8, True))


@pytest.mark.parametrize(
    ("fields", "fmt", "reason"),
    [
        (17 * [0] + [0b10], Format(8, True), "-2 is no value of ternary"),
        (17 * [0] + [0b11], Format(8, False), "-1 is no value of 8 bits"),
        (17 * [0] + [0b01], Format(1, True), "1 is no value of 1 bits"),
    ],
)
def test_fields_that_are_nothing_are_corrupt(fields, fmt, reason):
    data = np.frombuffer(to_bytes([bit for one in fields for bit in field(one, 2)]), np.uint8)
    with pytest.raises(CorruptContainer, match=f"container 1: {reason}"):
        TERNARY.decode(data, np.array([0, 32, 36]), 18, fmt)


@pytest.mark.parametrize("name", ["none", "profile", "ternary"])
def test_the_padding_of_a_short_container_counts(name):
    fmt = Format(8, False, align_bits=48, profile=5)
    codec, values = CODECS[name], np.array(17 * [1])
    encoded = codec.encode(values, fmt)
    used = int(codec.sizes_bits(values, Format(8, False, profile=5))[1])
    for bit in range(int(encoded.offsets[1]) + used, int(encoded.offsets[2])):
        flipped = encoded.data.copy()
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptContainer, match="container 1: its padding is not zero"):
            codec.decode(flipped, encoded.offsets, 17, fmt)
