from collections import defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import BadInput
from tlm.memory.mapping import AddressMapping, Location, fitted, parse

HBM = "co[10:6] ch[13:11] ba[15:14] bg[17:16] ro[31:18]"
INTERLEAVED = "bg[7:6] co[14:8] ba[16:15] ro[32:17]"
SMALL = {
    "rows": "co[7:6] ch[8] ba[9] bg[11:10] ro[14:12]",
    "groups below": "bg[7:6] co[9:8] ba[10] ra[11] ro[13:12]",
    "channels, groups, columns": "ch[7:6] bg[8] co[10:9] ba[11] ro[13:12]",
    "groups, channels, columns": "bg[7:6] ch[8] co[10:9] ba[11] ro[13:12]",
    "channels twice": "ch[6] co[8:7] ch[9] ba[10] ro[12:11]",
    "channels around groups": "ch[6] bg[7] ch[8] co[9] ro[12:10]",
    "banks lowest": "ba[6] co[8:7] bg[10:9] ro[12:11]",
    "columns twice": "co[6] bg[7] co[9:8] ro[10] ba[11] ro[13:12]",
}


def mapping(text):
    return AddressMapping([(field, bits) for field, _, bits in parse(text)], 64)


@pytest.mark.parametrize("text", [HBM, INTERLEAVED, *SMALL.values()])
def test_a_mapping_reads_as_it_was_written(text):
    assert str(mapping(text)) == text


def test_decode_takes_each_field_from_its_bits():
    assert mapping(HBM).decode(0b11_10_01_101_10110_000000) == Location(5, 0, 2, 1, 3, 22)
    assert mapping(SMALL["channels twice"]).decode(0b1001_000000).channel == 3


@pytest.mark.parametrize("text", SMALL.values(), ids=SMALL)
def test_every_burst_has_a_location_of_its_own(text):
    small = mapping(text)
    addresses = range(0, small.capacity_bytes, 64)
    locations = [small.decode(address) for address in addresses]
    assert len(set(locations)) == len(addresses)
    assert [small.encode(location) for location in locations] == list(addresses)


@given(st.integers(0, 2**26 - 1).map(lambda burst: burst * 64))
def test_encode_is_the_inverse_of_decode(address):
    for text in (HBM, INTERLEAVED):
        assert mapping(text).encode(mapping(text).decode(address)) == address


def bursts_one_by_one(small, address, length):
    """What segments must say: for each channel the (bank, row) of its bursts, in order of address."""
    found = defaultdict(list)
    for burst in range(address // 64, (address + length - 1) // 64 + 1):
        at = small.decode(burst * 64)
        found[at.channel].append((small.bank_of(at.rank, at.bank_group, at.bank), at.row))
    return found


@pytest.mark.parametrize("text", SMALL.values(), ids=SMALL)
@given(data=st.data())
def test_segments_are_the_bursts_in_order(text, data):
    small = mapping(text)
    address = data.draw(st.integers(0, small.capacity_bytes - 1))
    length = data.draw(st.integers(1, small.capacity_bytes - address))
    found = defaultdict(list)
    for channel, banks, row, first, count in small.segments(address, length):
        found[channel] += [(banks[(first + burst) % len(banks)], row) for burst in range(count)]
    assert found == bursts_one_by_one(small, address, length)


def test_a_request_is_few_segments():
    assert mapping(HBM).segments(0x4000, 2048) == [(0, (1,), 0, 0, 32)]
    assert mapping(INTERLEAVED).segments(0x8000 + 64, 2048) == [(0, (1, 5, 9, 13), 0, 1, 32)]
    assert len(mapping(HBM).segments(0x4000 + 1024, 8192)) == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("co[10:6] xx[11]", r"'xx\[11\]' is not a part of a mapping.*allowed: ch, ra, bg"),
        ("co[10-6]", "is not a part of a mapping"),
        ("col[10:6]", "did you mean 'co'"),
        ("co[6:10]", "write the higher bit first"),
        ("co[10:6] ro[20:12]", r"ro\[..:12\] does not follow bit 10"),
        ("co[10:6] ro[20:10]", r"ro\[..:10\] does not follow bit 10"),
        ("", "is empty"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused(text, message):
    with pytest.raises(BadInput, match=message):
        parse(text)


def bits(**changes):
    return {"ch": 0, "ra": 0, **changes}


def test_added_channels_lie_above_the_burst_and_ranks_below_the_row():
    pieces = [("co", 5), ("ch", 1), ("ba", 2), ("ro", 14)]
    assert fitted(pieces, bits(ch=1)) == (("co", 5), ("ch", 1), ("ba", 2), ("ro", 14))
    assert fitted(pieces, bits(ch=3, ra=1)) == (
        ("ch", 2),
        ("co", 5),
        ("ch", 1),
        ("ba", 2),
        ("ra", 1),
        ("ro", 14),
    )


def test_surplus_channels_leave_at_the_top():
    pieces = [("ch", 1), ("co", 5), ("ch", 3), ("ro", 14)]
    assert fitted(pieces, bits(ch=2)) == (("ch", 1), ("co", 5), ("ch", 1), ("ro", 14))
    assert fitted(pieces, bits()) == (("ch", 0), ("co", 5), ("ch", 0), ("ro", 14))
