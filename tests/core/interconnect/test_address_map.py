import pytest
from hypothesis import given
from hypothesis import strategies as st

from tlm.core import ElaborationError
from tlm.core.interconnect.address_map import AddressMap

SPACE = 40


def test_a_region_begins_at_its_start_and_ends_before_its_end():
    regions = AddressMap()
    regions.add(0x1000, 0x100, "ram")
    assert [regions.find(address) for address in (0xFFF, 0x1000, 0x10FF, 0x1100)] == [None, "ram", "ram", None]
    assert [regions.find(0x10F0, length) for length in (1, 16, 17)] == ["ram", "ram", None]
    assert regions.find(0x1000, 0x100) == "ram"
    assert regions.find(0x1000, 0x101) is None


def test_no_bytes_are_where_their_address_is():
    regions = AddressMap()
    regions.add(0, 4, "low")
    regions.add(4, 4, "high")
    assert [regions.find(address, 0) for address in (0, 3, 4, 7, 8)] == ["low", "low", "high", "high", None]


def test_a_range_over_two_regions_that_touch_is_in_neither():
    regions = AddressMap()
    regions.add(0, 4, "low")
    regions.add(4, 4, "high")
    assert [regions.find(3, length) for length in (1, 2)] == ["low", None]


def test_an_empty_map_and_an_address_below_zero():
    regions = AddressMap()
    assert regions.find(0) is None
    regions.add(0, 4, "low")
    assert regions.find(-1, 1) is None
    assert regions.find(-1, 2) is None


REFUSED = [
    (0x1000, 0x10, "the region 0x1000..0x100f overlaps 0x1000..0x1fff"),
    (0x0, 0x1001, "the region 0x0..0x1000 overlaps 0x1000..0x1fff"),
    (0x1FFF, 0x1, "the region 0x1fff..0x1fff overlaps 0x1000..0x1fff"),
    (0x2000, 0x1001, "the region 0x2000..0x3000 overlaps 0x3000..0x3fff"),
    (0x0, 0x10000, "the region 0x0..0xffff overlaps 0x1000..0x1fff"),
    (0x5000, 0, "the region at 0x5000 needs a positive size, not 0"),
    (0x5000, -4, "the region at 0x5000 needs a positive size, not -4"),
    (-0x10, 0x20, "a region cannot start at -0x10, below 0"),
]


@pytest.mark.parametrize(("start", "size", "message"), REFUSED)
def test_what_is_no_region_of_its_own_is_refused(start, size, message):
    regions = AddressMap("soc.router")
    regions.add(0x3000, 0x1000, "high")
    regions.add(0x1000, 0x1000, "low")
    with pytest.raises(ElaborationError) as refused:
        regions.add(start, size, "new")
    assert str(refused.value) == f"soc.router: {message}"
    assert len(regions) == 2
    assert regions.find(0x2000) is None


def test_without_a_name_the_message_has_none():
    with pytest.raises(ElaborationError, match=r"^the region at 0x0 needs"):
        AddressMap().add(0, 0, "none")


@given(
    st.lists(st.tuples(st.integers(0, SPACE - 1), st.integers(1, 12)), max_size=12),
    st.integers(-3, SPACE + 20),
    st.integers(0, 15),
)
def test_as_a_list_of_bytes(asked, address, length):
    regions, owners = AddressMap(), {}
    for number, (start, size) in enumerate(asked):
        region = range(start, start + size)
        if any(byte in owners for byte in region):
            with pytest.raises(ElaborationError):
                regions.add(start, size, number)
        else:
            regions.add(start, size, number)
            owners.update(dict.fromkeys(region, number))
    touched = [owners.get(byte) for byte in range(address, address + max(1, length))]
    assert regions.find(address, length) == (touched[0] if len(set(touched)) == 1 else None)
    assert len(regions) == len(set(owners.values()))
