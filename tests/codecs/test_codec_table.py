"""What holds for every codec of the table."""

import doctest
from pathlib import Path

import numpy as np
import pytest
from container_oracle import check_tail, limits, plain_containers, stored, streams, to_bytes
from hypothesis import given, settings
from hypothesis import strategies as st

from tlm.codecs import CODECS, CorruptContainer, Format, OutsideDomain, codec, entropy_bits
from tlm.inputs.errors import BadInput

IMPOSSIBLE = [{"align_bits": 0}, {"profile": 0}, {"floats": True}]
every_codec = pytest.mark.parametrize("name", CODECS)
SMALL = [
    (Format(8, False), [0, 5, 0, 3]),
    (Format(8, True), [-128, 127, 0, -1] + 13 * [0] + [1]),
    (Format(16, True), [-32768, 32767, -1, 0] + 14 * [0] + [-32768]),
    (Format(5, True, 64), [-16, 15, 0, 1] + 20 * [0] + [-7]),
    (Format(5, False, 100), 16 * [0] + [31, 0, 2]),
    (Format(8, True, profile=3), [-4, 3, 0, -1] + 13 * [0] + [1]),
    (Format(8, False, 100, profile=2), [3, 1, 0, 2] + 16 * [0]),
]


def fitted(name, values, fmt):
    """`values`, of which those that the codec does not store are cut to those that it does."""
    return np.array([stored(name, int(value), fmt) for value in values], np.int64)


def roundtrip(name, values, fmt):
    encoded = CODECS[name].encode(values, fmt)
    return CODECS[name].decode(encoded.data, encoded.offsets, len(values), fmt)


@every_codec
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_the_bytes_are_those_of_a_bit_by_bit_encoder_and_decode_to_the_values(name, data):
    fmt, values = data.draw(streams(name))
    containers = plain_containers(name, values, fmt)
    sizes = [len(bits) for bits in containers]
    encoded = CODECS[name].encode(np.array(values, np.int64), fmt)
    assert encoded.data.tobytes() == to_bytes([bit for bits in containers for bit in bits])
    assert encoded.data.dtype == np.uint8
    assert encoded.offsets.dtype == np.int64
    assert np.diff(encoded.offsets).tolist() == sizes
    assert CODECS[name].sizes_bits(np.array(values, np.int64), fmt).tolist() == sizes
    decoded = CODECS[name].decode(encoded.data, encoded.offsets, len(values), fmt)
    assert decoded.tolist() == values
    assert decoded.dtype == np.int32
    check_tail(encoded.data, encoded.offsets)


@every_codec
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_run_of_containers_decodes_by_itself(name, data):
    fmt, values = data.draw(streams(name))
    encoded = CODECS[name].encode(np.array(values, np.int64), fmt)
    groups = len(encoded.offsets) - 1
    first = data.draw(st.integers(0, groups))
    last = data.draw(st.integers(first, groups))
    byte = data.draw(st.integers(0, int(encoded.offsets[first]) // 8))
    cut = encoded.data[byte : -(-int(encoded.offsets[last]) // 8)]
    expected = values[16 * first : 16 * last]
    places = encoded.offsets[first : last + 1] - 8 * byte
    assert CODECS[name].decode(cut, places, len(expected), fmt).tolist() == expected


@every_codec
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int16, np.int32, np.int64, np.uint64])
def test_any_integer_type_is_taken(name, dtype):
    values = fitted(name, [0, 1, limits(name, Format(8, True))[1]] * 7, Format(8, True)).astype(dtype)
    assert (roundtrip(name, values, Format(8, False)) == values).all()


@every_codec
def test_the_least_value_of_a_narrow_type(name):
    values = fitted(name, [-128, 0, 127], Format(8, True)).astype(np.int8)
    assert (roundtrip(name, values, Format(8, True)) == values).all()


@every_codec
def test_a_long_stream(name):
    random = np.random.default_rng(1)
    values = random.laplace(0, 900, 50_000).round()
    values[random.random(values.size) < 0.5] = 0
    values = fitted(name, values, Format(16, True))
    assert (roundtrip(name, values, Format(16, True)) == values).all()


@every_codec
@pytest.mark.parametrize("fmt, values", SMALL)
def test_no_flipped_bit_goes_unseen(name, fmt, values):
    values = fitted(name, values, fmt)
    encoded = CODECS[name].encode(values, fmt)
    for bit in range(8 * encoded.data.size):
        flipped = encoded.data.copy()
        flipped[bit // 8] ^= 1 << bit % 8
        try:
            check_tail(flipped, encoded.offsets)
            decoded = CODECS[name].decode(flipped, encoded.offsets, len(values), fmt)
        except CorruptContainer as error:
            assert error.group == group_of(bit, encoded.offsets)
        else:
            assert (decoded != values).any()


def group_of(bit, offsets):
    """The container that holds a bit; the tail's bits count as the last one's."""
    return min(int(np.searchsorted(offsets, bit, side="right")), len(offsets) - 1) - 1


@every_codec
def test_every_padding_bit_counts(name):
    fmt = Format(8, True, align_bits=200)
    values = fitted(name, [1, -2, 3], fmt)
    [bits] = plain_containers(name, values.tolist(), Format(8, True))
    encoded = CODECS[name].encode(values, fmt)
    for bit in range(len(bits), 200):
        flipped = encoded.data.copy()
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(CorruptContainer, match="container 0: its padding is not zero"):
            CODECS[name].decode(flipped, encoded.offsets, 3, fmt)


@every_codec
@settings(max_examples=100, deadline=None)
@given(noise=st.binary(min_size=1, max_size=8), data=st.data())
def test_noise_either_raises_or_is_a_stream_that_encodes_to_it(name, noise, data):
    fmt, values = data.draw(streams(name))
    encoded = CODECS[name].encode(fitted(name, [*values, fmt.high], fmt), fmt)
    noisy = bytearray(encoded.data.tobytes())
    at = data.draw(st.integers(0, len(noisy) - 1))
    noisy[at : at + len(noise)] = noise[: len(noisy) - at]
    try:
        arrived = np.frombuffer(bytes(noisy), np.uint8)
        check_tail(arrived, encoded.offsets)
        decoded = CODECS[name].decode(arrived, encoded.offsets, len(values) + 1, fmt)
    except CorruptContainer:
        return
    assert CODECS[name].encode(decoded, fmt).data.tobytes() == bytes(noisy)


@every_codec
def test_data_that_end_early_are_corrupt(name):
    fmt = Format(8, False)
    encoded = CODECS[name].encode(fitted(name, range(40), fmt), fmt)
    with pytest.raises(CorruptContainer, match="data end") as caught:
        CODECS[name].decode(encoded.data[:-1], encoded.offsets, 40, fmt)
    assert caught.value.group == 2
    with pytest.raises(CorruptContainer, match="container 0: data end"):
        CODECS[name].decode(encoded.data[:0], encoded.offsets, 40, fmt)


@every_codec
@pytest.mark.parametrize("shift, group", [([0, 1, 0, 0], 0), ([0, 0, -1, 0], 1), ([0, 10**6, 0, 0], 1)])
def test_a_wrong_hint_is_found(name, shift, group):
    fmt = Format(8, False)
    encoded = CODECS[name].encode(fitted(name, range(40), fmt), fmt)
    with pytest.raises(CorruptContainer) as caught:
        CODECS[name].decode(encoded.data, encoded.offsets + shift, 40, fmt)
    assert caught.value.group == group


@every_codec
def test_offsets_that_cannot_place_the_values_are_the_callers_fault(name):
    fmt = Format(8, False)
    encoded = CODECS[name].encode(fitted(name, range(40), fmt), fmt)
    for offsets, count in ((encoded.offsets, 49), (encoded.offsets - 8, 40)):
        with pytest.raises(ValueError, match=f"do not place {count} values"):
            CODECS[name].decode(encoded.data, offsets, count, fmt)


@every_codec
@pytest.mark.parametrize(
    "fmt, bad",
    [(Format(8, False), 256), (Format(8, False), -1), (Format(8, True), 128), (Format(3, True), -5)],
)
def test_values_outside_the_domain_are_refused_by_name_and_position(name, fmt, bad):
    values = np.array([*fitted(name, [0, 1, 0], fmt), bad, bad])
    for use in (CODECS[name].sizes_bits, CODECS[name].encode):
        with pytest.raises(OutsideDomain, match=f"{name} of {fmt.bits} bits.*value {bad} at position 3"):
            use(values, fmt)


def test_what_was_refused_is_found_in_its_tensor():
    tensor = np.zeros((2, 3, 4), np.int64)
    tensor[1, 0, 3] = tensor[1, 2, 1] = 7
    with pytest.raises(OutsideDomain) as refused:
        codec("none").encode(tensor.transpose(1, 2, 0).reshape(-1), Format(2, False))
    told = "none of 2 bits, unsigned, stores 0 to 3: value 7 at position {} is outside"
    assert str(refused.value) == told.format(7)
    assert str(refused.value.within(tensor)) == told.format("[1, 0, 3] of [2, 3, 4]")
    assert str(refused.value.within(tensor // 2)) == told.format(7)


@every_codec
@pytest.mark.parametrize("dtype", [np.float32, np.bool_])
def test_what_is_no_integer_is_refused(name, dtype):
    with pytest.raises(BadInput, match=f"{name} of 8 bits, unsigned, stores integers, not {np.dtype(dtype)}"):
        CODECS[name].sizes_bits(np.zeros(3, dtype), Format(8, False))


@every_codec
def test_the_table_knows_a_codec_by_its_own_name(name):
    assert codec(name) is CODECS[name]
    assert codec(name).name == name


def test_an_unknown_codec_is_refused_with_the_nearest():
    with pytest.raises(BadInput, match=r"no codec 'dpredd' \(allowed: none, profile, .*\); did you mean 'dpred'"):
        codec("dpredd")


@pytest.mark.parametrize("kwargs", [{"bits": 0}, {"bits": 33}, *({"bits": 8} | more for more in IMPOSSIBLE)])
def test_a_format_that_cannot_be_is_refused(kwargs):
    with pytest.raises(ValueError, match="must be"):
        Format(signed=False, **kwargs)


@pytest.mark.parametrize("values, bits", [([], 0), ([7] * 9, 0), ([0, 1] * 8, 16), ([0, 0, 0, 0, 1, 1, 2, 3], 14)])
def test_the_entropy_bound(values, bits):
    assert entropy_bits(np.array(values, np.int64)) == pytest.approx(bits)


def test_the_examples_of_the_documentation():
    page = Path(__file__).parents[2] / "docs" / "codecs.md"
    result = doctest.testfile(str(page), module_relative=False)
    assert result.attempted > 5
    assert result.failed == 0
