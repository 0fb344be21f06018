from hypothesis import given
from hypothesis import strategies as st

from tlm.memory.store import PAGE_BYTES, Store

EXTENT = 3 * PAGE_BYTES
accesses = st.lists(
    st.tuples(
        st.integers(0, EXTENT - 1) | st.sampled_from([PAGE_BYTES - 1, PAGE_BYTES, 2 * PAGE_BYTES]),
        st.binary(min_size=1, max_size=300) | st.integers(1, 2 * PAGE_BYTES).map(bytes),
    ),
    max_size=8,
)


@given(accesses, st.integers(0, EXTENT - 1), st.integers(0, EXTENT))
def test_a_store_is_one_array_of_bytes(writes, start, length):
    store, plain = Store(), bytearray(6 * PAGE_BYTES)
    for address, data in writes:
        store.write(address, memoryview(data))
        plain[address : address + len(data)] = data
    buffer = bytearray(b"\xff" * length)
    store.read(start, memoryview(buffer))
    assert buffer == plain[start : start + length]


def test_only_written_pages_take_room():
    store = Store()
    store.write(1 << 40, memoryview(b"x"))
    store.read(0, memoryview(bytearray(PAGE_BYTES)))
    assert len(store._pages) == 1
