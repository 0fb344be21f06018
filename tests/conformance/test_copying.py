"""Copies of payloads and the way back into the original."""

from __future__ import annotations

import pytest

from tlm.core import INCOMPLETE, OK, READ, WRITE, Payload, deep_copy, update_original


class Note:
    """An extension."""


def test_a_copy_has_all_of_the_original_and_shares_no_bytes():
    original = Payload(READ, 0x40, bytearray(b"abcdef"), data_length=4, streaming_width=2)
    original.byte_enable, original.dmi_allowed, original.response_status = bytearray(b"\xff\0"), True, OK
    original.set_extension(note := Note())
    copy = deep_copy(original)
    assert (copy.command, copy.address, copy.data) == (READ, 0x40, b"abcdef")
    assert (copy.data_length, copy.streaming_width, copy.byte_enable) == (4, 2, b"\xff\0")
    assert (copy.dmi_allowed, copy.response_status, copy.get_extension(Note)) == (True, OK, note)
    copy.data[0], original.byte_enable[0] = 0, 1
    copy.clear_extension(Note)
    assert (original.data, copy.byte_enable) == (b"abcdef", b"\xff\0")
    assert original.get_extension(Note) is note


def test_a_copy_of_one_without_data_has_none():
    copy = deep_copy(Payload(WRITE, 4, data_length=64))
    assert (copy.data, copy.data_length, copy.byte_enable, copy.extensions) == (None, 64, None, None)


@pytest.mark.parametrize(
    ("command", "mask", "data"),
    [
        (READ, None, b"wxyz__"),
        (READ, b"\xff\0", b"w_y___"),
        (READ, b"\0", b"______"),
        (READ, b"\0\0\0\xff\xff", b"___z__"),
        (WRITE, None, b"______"),
    ],
    ids=str,
)
def test_an_original_takes_over_the_response_and_what_was_read(command, mask, data):
    original = Payload(command, 0, bytearray(b"______"), data_length=4)
    original.byte_enable = mask
    copy = deep_copy(original)
    copy.address, copy.response_status, copy.dmi_allowed = 0x100, OK, True
    copy.data[:] = b"wxyz!!"
    copy.set_extension(note := Note())
    assert original.response_status == INCOMPLETE
    update_original(original, copy)
    assert (original.data, original.address) == (data, 0)
    assert (original.response_status, original.dmi_allowed, original.get_extension(Note)) == (OK, True, note)
