"""The generic payload: its defaults, and what it says of itself."""

import pytest

from tlm.core import Command, Payload, Status


def test_payload_defaults_are_tlm_2():
    payload = Payload()
    assert (payload.command, payload.address, payload.data) == (Command.IGNORE, 0, None)
    assert (payload.data_length, payload.streaming_width, payload.byte_enable) == (0, 0, None)
    assert (payload.dmi_allowed, payload.response_status) == (False, Status.INCOMPLETE)


def test_payload_length_is_the_datas_unless_given():
    assert Payload(Command.READ, 0, bytearray(8)).data_length == 8
    payload = Payload(Command.READ, 0, None, 64)
    assert (payload.data_length, payload.streaming_width) == (64, 64)


@pytest.mark.parametrize("status", Status)
def test_only_ok_is_a_success(status):
    payload = Payload()
    payload.response_status = status
    assert payload.is_response_ok == (status == Status.OK)
    assert payload.is_response_error == (status != Status.OK)


def test_a_payload_says_what_it_is():
    assert repr(Payload(Command.WRITE, 0x40, None, 64)) == "Payload(WRITE 0x40, 64 B, INCOMPLETE)"
