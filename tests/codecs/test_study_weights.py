"""`pow2` and `binary`: weights of the precision study in six bits and in one."""

import numpy as np
import pytest

from tlm.codecs import CODECS, CorruptContainer, Format, OutsideDomain
from tlm.codecs.fields import pack

POW2, BINARY = CODECS["pow2"], CODECS["binary"]
SIGNED = Format(16, True)


def bits(codec, values, fmt=SIGNED):
    encoded = codec.encode(np.array(values), fmt)
    return f"{int.from_bytes(encoded.data.tobytes(), 'little'):0{encoded.offsets[-1]}b}"


def test_a_power_of_two_is_a_sign_and_its_exponent():
    assert bits(POW2, [0]) == "000000"
    assert bits(POW2, [1]) == "000001"
    assert bits(POW2, [-1]) == "100001"
    assert bits(POW2, [4, -32768]) == "110000" + "000011"
    assert bits(POW2, [1 << 30], Format(32, True)) == "011111"


def test_a_sign_is_a_bit():
    assert bits(BINARY, [1, -1, -1, 1]) == "0110"


@pytest.mark.parametrize("name, size", [("pow2", 6), ("binary", 1)])
def test_sizes(name, size):
    assert CODECS[name].sizes_bits(np.ones(20, np.int64), SIGNED).tolist() == [16 * size, 4 * size]


@pytest.mark.parametrize("bad", [3, -3, 6, -12345])
def test_what_is_no_power_of_two_is_refused(bad):
    told = f"pow2 stores 0 and plus and minus 2\\^0 to 2\\^30: value {bad} at position 17 is outside"
    with pytest.raises(OutsideDomain, match=told):
        POW2.encode(np.array([1, 0] * 8 + [4, bad]), SIGNED)


@pytest.mark.parametrize("bad", [0, 2, -2])
def test_what_is_no_sign_is_refused(bad):
    with pytest.raises(OutsideDomain, match=f"binary stores -1 and 1: value {bad} at position 17 is outside"):
        BINARY.sizes_bits(np.array([1, -1] * 8 + [1, bad]), SIGNED)


def test_a_power_beyond_the_fields_exponents_is_refused():
    with pytest.raises(OutsideDomain, match="value 2147483648 at position 0"):
        POW2.encode(np.array([1 << 31]), Format(32, False))


def test_a_zero_has_no_sign():
    encoded = pack(np.array([1] * 16 + [32]), 6, SIGNED)
    with pytest.raises(CorruptContainer, match="container 1: a zero has a sign"):
        POW2.decode(encoded.data, encoded.offsets, 17, SIGNED)


@pytest.mark.parametrize("name, field, told", [("pow2", 33, "-1 is no value"), ("binary", 1, "-1 is no value")])
def test_a_negative_value_in_an_unsigned_stream_is_corrupt(name, field, told):
    encoded = pack(np.array([field]), 6 if name == "pow2" else 1, Format(8, False))
    with pytest.raises(CorruptContainer, match=told):
        CODECS[name].decode(encoded.data, encoded.offsets, 1, Format(8, False))
